"""Role-based access control: what the roles of a cluster grant.

Follows https://kubernetes.io/docs/reference/access-authn-authz/rbac/. What a subject is granted is put
together once, and kept until some role or binding changes.
"""

import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from msgspec import Struct

from orchestrator.api.rbac.v1 import (
    ClusterRoleBinding,
    PolicyRule,
    RoleBinding,
    RoleRef,
    Subject,
)
from orchestrator.apiserver.authorization.interface import Attributes, Authorizer, Decision, Rules
from orchestrator.apiserver.authorization.matching import allows
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import LONGEST_TEXT
from orchestrator.protocol import Identity
from orchestrator.store import Store

GROUP: Final = "rbac.authorization.k8s.io"
BUCKETS: Final = tuple(
    f"{plural}.{GROUP}"
    for plural in ("clusterrolebindings", "clusterroles", "rolebindings", "roles")
)
# Subjects come from outside: more than so many of them are not remembered.
_MOST: Final = 10_000

_Binding: TypeAlias = ClusterRoleBinding | RoleBinding


class Grant(Struct, frozen=True):
    """What one binding gives somebody. `missing`: the role that it means is not there."""

    binding: _Binding
    subject: Subject
    rules: tuple[PolicyRule, ...] = ()
    missing: str = ""

    @property
    def source(self) -> str:
        """By what somebody is allowed, in Kubernetes' words."""
        metadata, ref, subject = self.binding.metadata, self.binding.role_ref, self.subject
        name, whom = metadata.name, subject.name
        if metadata.namespace:
            name = f"{name}/{metadata.namespace}"
        if subject.kind == "ServiceAccount":
            whom = f"{whom}/{subject.namespace or metadata.namespace}"
        return (
            f"{type(self.binding).kind} {quote(name)} of {ref.kind} {quote(ref.name)} "
            f"to {subject.kind} {quote(whom)}"
        )


class RoleAuthorizer(Authorizer):
    """Allows what a bound role grants, and has no opinion on the rest."""

    def __init__(self, store: Store) -> None:
        # The steps of writes keep their authorizer, and may outlive the cluster.
        self._reference = weakref.ref(store)
        self._grants: dict[tuple[str, tuple[str, ...], str], tuple[Grant, ...]] = {}

    @property
    def _store(self) -> Store:
        store = self._reference()
        assert store is not None, "a request came after its store was gone"
        return store

    def forget(self) -> None:
        """A role or a binding has changed."""
        self._grants.clear()

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """Allowed by the first rule that grants it, with the binding as the reason."""
        grants = self.grants(identity, attributes.namespace)
        for grant in grants:
            for rule in grant.rules:
                if allows(rule, attributes):
                    return Decision(
                        "allow", f"RBAC: allowed by {grant.source}", holds=_reach(grant, rule)
                    )
        missing = _aggregate(grant.missing for grant in grants)
        return Decision(reason=f"RBAC: {missing}" if missing else "")

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """All rules that are granted there."""
        grants = self.grants(identity, namespace)
        return Rules(
            tuple(rule for grant in grants for rule in grant.rules),
            error=_aggregate(grant.missing for grant in grants),
        )

    def unresolved(self, identity: Identity, namespace: str) -> str:
        """What roles are bound to somebody that are not there, in the words of who writes roles; "" for none."""
        refs = (g.binding.role_ref for g in self.grants(identity, namespace) if g.missing)
        return _aggregate(
            f"{ref.kind.lower()}s.{GROUP} {quote(ref.name)} not found" for ref in refs
        )

    def grants(self, identity: Identity, namespace: str) -> tuple[Grant, ...]:
        """What somebody holds: everywhere, and in a namespace if one is asked about."""
        key = (identity.name, identity.groups, namespace)
        found = self._grants.get(key)
        if found is None:
            found = tuple(self._granted(identity, namespace))
            if identity.length + len(namespace) <= LONGEST_TEXT:
                if len(self._grants) >= _MOST:
                    self._grants.clear()
                self._grants[key] = found
        return found

    def referenced(self, ref: RoleRef, namespace: str) -> tuple[PolicyRule, ...] | None:
        """The rules of a role; None of one that is not there."""
        role: Any = None
        if ref.kind == "ClusterRole":
            role = self._store.get(f"clusterroles.{GROUP}", "", ref.name)
        elif ref.kind == "Role":
            role = self._store.get(f"roles.{GROUP}", namespace, ref.name)
        return None if role is None else role.rules

    def _granted(self, identity: Identity, namespace: str) -> Iterator[Grant]:
        store = self._store
        for binding in store.list(f"clusterrolebindings.{GROUP}", ""):
            yield from self._by(binding, identity, "")
        if namespace:
            for binding in store.list(f"rolebindings.{GROUP}", namespace):
                yield from self._by(binding, identity, namespace)

    def _by(self, binding: _Binding, identity: Identity, namespace: str) -> Iterator[Grant]:
        subject = next((s for s in binding.subjects if _is(s, identity, namespace)), None)
        if subject is None:
            return
        ref = binding.role_ref
        rules = self.referenced(ref, namespace)
        if rules is not None:
            yield Grant(binding, subject, rules)
        else:
            yield Grant(binding, subject, missing=missing_role(ref))


def missing_role(ref: RoleRef) -> str:
    """That there is no such role."""
    if ref.kind not in ("Role", "ClusterRole"):
        return f"unsupported role reference kind: {quote(ref.kind)}"
    return f"{ref.kind.lower()}.{GROUP} {quote(ref.name)} not found"


def _aggregate(faults: Iterable[str]) -> str:
    """Several faults in one line, each once, as Go's aggregates say them."""
    each = list(dict.fromkeys(fault for fault in faults if fault))
    return f"[{', '.join(each)}]" if len(each) > 1 else "".join(each)


def _reach(grant: Grant, rule: PolicyRule) -> Any:
    if rule.resource_names:
        return "object"
    return "namespace" if grant.binding.metadata.namespace else "everywhere"


def _is(subject: Subject, identity: Identity, namespace: str) -> bool:
    match subject.kind:
        case "User":
            return subject.name == identity.name
        case "Group":
            return subject.name in identity.groups
        case "ServiceAccount":
            where = subject.namespace or namespace
            return bool(where) and identity.name == f"system:serviceaccount:{where}:{subject.name}"
    return False
