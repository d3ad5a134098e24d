"""Nobody gives away what she does not hold: the check of whoever writes roles and bindings.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.rbac.v1 import ClusterRole, PolicyRule
from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization.access import Access
from orchestrator.apiserver.authorization.coverage import uncovered
from orchestrator.apiserver.authorization.interface import Attributes
from orchestrator.apiserver.authorization.rbac import GROUP
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.machinery.field_errors import quote
from orchestrator.protocol import MASTERS, BadRequest, Forbidden, Identity, Unclassified

_ROLES: Final = ("roles", "clusterroles")
_BINDINGS: Final = ("rolebindings", "clusterrolebindings")
_ANY: Final = ("*",)
_ALL: Final = (
    PolicyRule(verbs=_ANY, api_groups=_ANY, resources=_ANY),
    PolicyRule(verbs=_ANY, non_resource_urls=_ANY),
)
_AGGREGATION: Final = "must have cluster-admin privileges to use the aggregationRule"


def hold_what_is_granted(course: Course) -> tuple[Step, ...]:
    """Refuse a role or binding that grants more than its writer has.

    Errors: Forbidden; for a binding to a role that is not there BadRequest, NotFound, Unclassified.
    """
    access, resource = course.access, course.served.resource
    if access is None or resource.group != GROUP or course.subresource:
        return ()
    guard = _guard_role if resource.plural in _ROLES else _guard_binding

    def step(_env: Environment, draft: Draft) -> None:
        who = draft.message.identity
        if MASTERS not in who.groups and not _only_for_collection(draft.new, draft.old):
            guard(access, draft, course)

    return (step,)


def _only_for_collection(new: Any, old: Any) -> bool:
    """Whether nothing changes but what the garbage collector writes."""
    if old is None:
        return False
    metadata = replace(
        new.metadata,
        owner_references=old.metadata.owner_references,
        finalizers=old.metadata.finalizers,
        managed_fields=old.metadata.managed_fields,
    )
    return bool(replace(new, metadata=metadata) == old)


def _guard_role(access: Access, draft: Draft, course: Course) -> None:
    resource, message, role = course.served.resource, draft.message, draft.new
    asked = Attributes(
        "escalate", GROUP, resource.plural, namespace=message.namespace, name=message.name
    )
    if access.decide(message.identity, asked).allowed:
        return
    held = access.held(message.identity, message.namespace)
    missing = uncovered(held, role.rules)
    if missing:
        raise _refusal(course, draft, _not_held(access, draft, missing))
    gathers = any(type(r) is ClusterRole and _aggregates(r) for r in (role, draft.old))
    if gathers and uncovered(held, _ALL):
        raise _refusal(course, draft, _AGGREGATION)


def _aggregates(role: ClusterRole) -> bool:
    return role.aggregation_rule is not None and bool(role.aggregation_rule.cluster_role_selectors)


def _guard_binding(access: Access, draft: Draft, course: Course) -> None:
    message, ref = draft.message, draft.new.role_ref
    namespace = message.namespace
    plural = f"{ref.kind.lower()}s"
    asked = Attributes("bind", ref.api_group, plural, namespace=namespace, name=ref.name)
    if plural in _ROLES and access.decide(message.identity, asked).allowed:
        return
    if plural not in _ROLES:
        raise Unclassified(f"unsupported role reference kind: {quote(ref.kind)}")
    if ref.kind == "Role" and not namespace:
        raise BadRequest("Namespace parameter required.")
    granted = access.referenced(ref, namespace)
    if granted is None:
        raise errors.not_found(course.served.resource, ref.name)
    missing = uncovered(access.held(message.identity, namespace), granted)
    if missing:
        raise _refusal(course, draft, _not_held(access, draft, missing))


def _refusal(course: Course, draft: Draft, why: str) -> Forbidden:
    return errors.forbidden(course.served.resource, draft.new.metadata.name, why)


def _not_held(access: Access, draft: Draft, missing: Iterable[PolicyRule]) -> str:
    identity: Identity = draft.message.identity
    unresolved = access.unresolved(identity, draft.message.namespace)
    groups = " ".join(map(quote, identity.groups))
    lines = sorted({_compact(rule) for rule in _merged(missing)})
    return (
        f"user {quote(identity.name)} (groups=[{groups}]) is attempting to grant RBAC permissions "
        "not currently held:\n"
        + "\n".join(lines)
        + (f"; resolution errors: [{unresolved}]" if unresolved else "")
    )


def _compact(rule: PolicyRule) -> str:
    parts = (
        ("APIGroups", rule.api_groups),
        ("Resources", rule.resources),
        ("NonResourceURLs", rule.non_resource_urls),
        ("ResourceNames", rule.resource_names),
        ("Verbs", rule.verbs),
    )
    shown = (f"{name}:[{' '.join(map(quote, values))}]" for name, values in parts if values)
    return f"{{{', '.join(shown)}}}"


def _merged(rules: Iterable[PolicyRule]) -> Iterator[PolicyRule]:
    """Rules of one resource that differ by their verbs as one."""
    merged: dict[Any, PolicyRule] = {}
    for rule in rules:
        if rule.non_resource_urls:
            yield rule
            continue
        key = (rule.api_groups, rule.resources, rule.resource_names)
        before = merged.get(key)
        merged[key] = rule if before is None else replace(rule, verbs=before.verbs + rule.verbs)
    yield from merged.values()
