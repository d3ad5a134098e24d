"""What a decision on the message path costs: `python -m benchmarks.authorization [ROUNDS]`.

Each row asks the authorize step of a write the same question again and again, as a component does that nothing
has changed for: of somebody who is granted it everywhere, in one namespace, and of one named object; then the
first time that each of them asks, and a refusal, which ends in an exception. The bound is a call of an
empty function. Printed are microseconds of a core, the best of all rounds, for rounds take turns.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
    RoleRef,
    Subject,
)
from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.admission import DEFAULT_CHAIN
from orchestrator.apiserver.authorization import Access, MastersAuthorizer, RoleAuthorizer, Union
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.protocol import Forbidden, Identity, Update
from orchestrator.store import MemoryStore

ROUNDS: Final = 50
_CALLS: Final = 2_000
_GROUP: Final = "rbac.authorization.k8s.io"
_NAMESPACE: Final = "default"
_SUBJECTS: Final = {"everywhere": "ann", "in one namespace": "bob", "of one named object": "cid"}


@dataclass(frozen=True)
class _Draft:
    """All of a write that authorization looks at."""

    message: Update


@dataclass(frozen=True)
class Question:
    """A row: what is called, and how often in a round."""

    row: str
    ask: Callable[[], Any]
    calls: int = _CALLS


def _roles() -> MemoryStore:
    """A store with a role for each of the subjects."""
    store = MemoryStore()
    rule = PolicyRule(api_groups=("",), resources=("configmaps",), verbs=("update",))
    named = PolicyRule(
        api_groups=("",), resources=("configmaps",), verbs=("update",), resource_names=("settings",)
    )
    where = ObjectMeta(name="role", namespace=_NAMESPACE)
    everywhere = ObjectMeta(name="role")
    store.begin_with(f"clusterroles.{_GROUP}", [ClusterRole(metadata=everywhere, rules=(rule,))])
    roles = [
        Role(metadata=where, rules=(rule,)),
        Role(metadata=ObjectMeta(name="named", namespace=_NAMESPACE), rules=(named,)),
    ]
    store.begin_with(f"roles.{_GROUP}", roles)
    cluster = ClusterRoleBinding(
        metadata=everywhere,
        role_ref=RoleRef(api_group=_GROUP, kind="ClusterRole", name="role"),
        subjects=(Subject(api_group=_GROUP, kind="User", name="ann"),),
    )
    store.begin_with(f"clusterrolebindings.{_GROUP}", [cluster])
    bindings = [
        RoleBinding(
            metadata=ObjectMeta(name=role, namespace=_NAMESPACE),
            role_ref=RoleRef(api_group=_GROUP, kind="Role", name=role),
            subjects=(Subject(api_group=_GROUP, kind="User", name=name),),
        )
        for role, name in (("role", "bob"), ("named", "cid"))
    ]
    store.begin_with(f"rolebindings.{_GROUP}", bindings)
    return store


def questions() -> list[Question]:
    """The rows of the table; the first one is the bound. The caller's store lives as long as they."""
    scheme, store = Scheme.builtin(), _roles()
    roles = RoleAuthorizer(store)
    access = Access(Union(MastersAuthorizer(), roles), roles)
    resource = scheme.by_type(ConfigMap)
    served = Served(resource, scheme, DEFAULT_CHAIN)
    (step,) = authorize(Course(served, scheme, "update", "", access=access))

    def update(who: Identity) -> _Draft:
        settings = ConfigMap(metadata=ObjectMeta(name="settings", namespace=_NAMESPACE))
        return _Draft(
            Update(
                resource=resource,
                name="settings",
                namespace=_NAMESPACE,
                object=settings,
                identity=who,
            )
        )

    def again(draft: _Draft) -> Callable[[], Any]:
        ask: Any = step
        return lambda: ask(None, draft)

    def first(draft: _Draft) -> Callable[[], Any]:
        ask = again(draft)

        def forget_and_ask() -> None:
            access.forget()
            assert store is not None  # the authorizer holds it weakly
            ask()

        return forget_and_ask

    def refused(draft: _Draft) -> Callable[[], Any]:
        ask = again(draft)

        def hear() -> None:
            try:
                ask()
            except Forbidden:
                return
            raise AssertionError("somebody may do what nobody granted")

        return hear

    empty: Any = lambda _env, _draft: None  # noqa: E731  # what is called is a function like the step
    somebody = update(Identity("dan"))
    rows = [Question("a call of an empty function (the bound)", lambda: empty(None, somebody))]
    drafts = {row: update(Identity(name)) for row, name in _SUBJECTS.items()}
    rows += [Question(f"granted {row}, again", again(draft)) for row, draft in drafts.items()]
    rows += [
        Question(f"granted {row}, after a role has changed", first(draft), _CALLS // 10)
        for row, draft in drafts.items()
    ]
    return [*rows, Question("refused", refused(somebody), _CALLS // 10)]


def costs(rounds: int = ROUNDS) -> dict[str, float]:
    """By row the seconds of one call, the best of the rounds."""
    asked = questions()
    best = {each.row: float("inf") for each in asked}
    for _ in range(rounds):
        for each in asked:
            best[each.row] = min(best[each.row], _took(each))
    return best


def _took(question: Question) -> float:
    ask = question.ask
    began = time.perf_counter()
    for _ in range(question.calls):
        ask()
    return (time.perf_counter() - began) / question.calls


def main() -> None:
    """Print the table."""
    found = costs(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    bound = next(iter(found.values()))
    printed = Table("decision", "µs", "µs beyond the bound")
    for row, seconds in found.items():
        printed.add_row(row, f"{1e6 * seconds:.2f}", f"{1e6 * (seconds - bound):.2f}")
    Console(width=110).print(printed)


if __name__ == "__main__":
    main()
