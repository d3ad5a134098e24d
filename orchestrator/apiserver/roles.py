"""Role-based access control: what the roles of a cluster grant, asked of the store at each request.

Follows https://kubernetes.io/docs/reference/access-authn-authz/rbac/. Whether a writer of roles holds what
they grant is not judged: so those writes need the verbs `escalate` and `bind`.
"""

import weakref
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from orchestrator.api.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
    RoleRef,
    Subject,
)
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.authorizer import ComponentAuthorizer, Verb
from orchestrator.protocol import Identity
from orchestrator.store import Store

K = TypeVar("K")

_GROUP: Final = "rbac.authorization.k8s.io"
_ANY: Final = "*"
_WRITES: Final = ("create", "update", "patch")
_UNGUARDED: Final = (
    "whether you hold what this grants is not judged here: it needs the verbs escalate and bind"
)


class RoleAuthorizer(ComponentAuthorizer):
    """Everything for masters and components; for others what a bound role grants."""

    def __init__(self, store: Store) -> None:
        # The steps of writes keep their authorizer, and may outlive the cluster.
        self._reference = weakref.ref(store)

    @property
    def _store(self) -> Store:
        store = self._reference()
        assert store is not None, "a request came after its store was gone"
        return store

    def refusal(
        self,
        identity: Identity,
        verb: Verb,
        resource: Resource,
        *,
        namespace: str,
        name: str,
        subresource: str,
    ) -> str | None:
        """None for masters, components, and those to whom a role grants it."""
        about = (resource.group, resource.plural, subresource, name)
        why = super().refusal(
            identity, verb, resource, namespace=namespace, name=name, subresource=subresource
        )
        if why is None:
            return None
        granted = list(self._granted(identity, namespace))
        if not any(_allows(rule, verb, *about) for rule in granted):
            return why
        if resource.group == _GROUP and verb in _WRITES:
            special = ("escalate", "bind")
            if not all(any(_allows(r, each, *about) for r in granted) for each in special):
                return _UNGUARDED
        return None

    def _granted(self, identity: Identity, namespace: str) -> Iterator[PolicyRule]:
        """The rules that hold for somebody: everywhere, and in a namespace if one is asked about."""
        for binding in self._list(ClusterRoleBinding):
            if _concerns(binding.subjects, identity, ""):
                yield from self._rules(binding.role_ref, "")
        if namespace:
            for bound in self._list(RoleBinding, namespace):
                if _concerns(bound.subjects, identity, namespace):
                    yield from self._rules(bound.role_ref, namespace)

    def _rules(self, ref: RoleRef, namespace: str) -> tuple[PolicyRule, ...]:
        """The rules of a role; none of one that is not there."""
        role: ClusterRole | Role | None
        if ref.kind == "ClusterRole":
            role = self._store.get(f"clusterroles.{_GROUP}", "", ref.name)
        else:
            role = self._store.get(f"roles.{_GROUP}", namespace, ref.name)
        return () if role is None else role.rules

    def _list(self, kind: type[K], namespace: str = "") -> Iterable[K]:
        plural = f"{kind.__name__.lower()}s"
        return self._store.list(f"{plural}.{_GROUP}", namespace)


def _concerns(subjects: Iterable[Subject], identity: Identity, namespace: str) -> bool:
    return any(_is(subject, identity, namespace) for subject in subjects)


def _is(subject: Subject, identity: Identity, namespace: str) -> bool:
    match subject.kind:
        case "User":
            return subject.name == identity.name
        case "Group":
            return subject.name in identity.groups
        case "ServiceAccount":
            where = subject.namespace or namespace
            return identity.name == f"system:serviceaccount:{where}:{subject.name}"
    return False


def _allows(
    rule: PolicyRule, verb: str, group: str, plural: str, subresource: str, name: str
) -> bool:
    whole = f"{plural}/{subresource}" if subresource else plural
    return (
        (_ANY in rule.verbs or verb in rule.verbs)
        and (_ANY in rule.api_groups or group in rule.api_groups)
        and (
            _ANY in rule.resources
            or whole in rule.resources
            or (bool(subresource) and f"*/{subresource}" in rule.resources)
        )
        and (not rule.resource_names or name in rule.resource_names)
    )
