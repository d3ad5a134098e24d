"""The authorizer as requests meet it: what was allowed once costs a look-up.

A grant that holds for more than one request (`Decision.holds`) is remembered by subject, verb and resource
until some RBAC object changes. Subjects are known by the identity of their `Identity` object, which
components and connections keep; comparing their groups at each request would cost more than deciding.
"""

from typing import Any, Final, TypeAlias

from orchestrator.api.rbac.v1 import PolicyRule, RoleRef
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization.interface import Attributes, Authorizer, Decision, Rules
from orchestrator.apiserver.authorization.rbac import RoleAuthorizer
from orchestrator.machinery import fields
from orchestrator.machinery.errors import SelectorError
from orchestrator.protocol import Identity

# Keyed by the identity's id, alone, with a namespace, or with a name, too; holding the identity keeps its id its own.
Granted: TypeAlias = dict[int | tuple[int, str] | tuple[int, str, str], Identity]

_MOST: Final = 65_536  # subjects of one verb and resource that are remembered


class Access:
    """Asks `authorizer`, and remembers. `roles` is the one among the authorizers that knows roles."""

    def __init__(self, authorizer: Authorizer, roles: RoleAuthorizer) -> None:
        self._authorizer = authorizer
        self._roles = roles
        self._granted: dict[tuple[str, str, str, str], Granted] = {}

    def granted(self, verb: str, resource: Resource, subresource: str) -> Granted:
        """Who is known to be allowed: `granted.get(id(who)) is who` is the whole test.

        The same dict each time; it is emptied, not replaced, when rules change.
        """
        key = (verb, resource.group, resource.plural, subresource)
        return self._granted.setdefault(key, {})

    def forget(self) -> None:
        """Some RBAC object has changed."""
        self._roles.forget()
        for granted in self._granted.values():
            granted.clear()

    def check(
        self,
        message: Any,
        verb: str,
        resource: Resource,
        *,
        name: str = "",
        subresource: str = "",
        field_selector: str = "",
    ) -> None:
        """Raises Forbidden if the message's sender may not do this."""
        who, namespace = message.identity, message.namespace
        granted = self.granted(verb, resource, subresource)
        if granted.get(id(who)) is who or granted.get((id(who), namespace)) is who:
            return
        if name and granted.get((id(who), namespace, name)) is who:
            return
        if name and resource.key == "namespaces":
            namespace = name  # a namespace is looked at as one of its own objects
        held = _exact(field_selector) if field_selector else {}
        name = name or held.get("metadata.name", "")
        asked = Attributes(
            verb,
            resource.group,
            resource.plural,
            subresource,
            namespace,
            name,
            fields=held,
            version=resource.version,
        )
        decision = self.decide(who, asked)
        if not decision.allowed:
            raise errors.refused(who, asked, decision.reason)
        _remember(granted, decision, who, message.namespace, name)

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """What the authorizer says."""
        return self._authorizer.decide(identity, attributes)

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """What the authorizer can list."""
        return self._authorizer.rules(identity, namespace)

    def held(self, identity: Identity, namespace: str) -> tuple[PolicyRule, ...]:
        """The rules of all roles that are bound to somebody, everywhere and there."""
        return self._roles.rules(identity, namespace).rules

    def referenced(self, ref: RoleRef, namespace: str) -> tuple[PolicyRule, ...] | None:
        """The rules of a role; None of one that is not there."""
        return self._roles.referenced(ref, namespace)


def _remember(
    granted: Granted, decision: Decision, who: Identity, namespace: str, name: str
) -> None:
    if len(granted) >= _MOST:
        granted.clear()
    if decision.holds == "everywhere":
        granted[id(who)] = who
    elif decision.holds == "namespace":
        granted[id(who), namespace] = who
    elif decision.holds == "object" and name:
        granted[id(who), namespace, name] = who


def _exact(selector: str) -> dict[str, str]:
    """The fields that a selector holds to one value; of one that cannot be read, none."""
    try:
        terms = fields.parse(selector)
    except SelectorError:
        return {}
    return {term.field: term.value for term in reversed(terms) if term.equal}
