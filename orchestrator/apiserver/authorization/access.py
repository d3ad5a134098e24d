"""The authorizer as requests meet it: what was allowed once costs a look-up.

A grant that holds for more than one request (`Decision.holds`) is remembered by subject, verb and resource
until some RBAC object changes. Subjects are known by the identity of their `Identity` object, which
components and connections keep; comparing their groups at each request would cost more than deciding.
"""

from typing import Any, Final

from orchestrator.api.rbac.v1 import PolicyRule, RoleRef
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization.interface import (
    Attributes,
    Authorizer,
    Decision,
    Reach,
    Rules,
)
from orchestrator.apiserver.authorization.rbac import RoleAuthorizer
from orchestrator.machinery import fields
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.memo import LONGEST_TEXT
from orchestrator.protocol import Identity

_MOST: Final = 65_536  # grants of one verb and resource that are remembered
_ALL: Final[set[str]] = set()  # stands for the names of all objects in a namespace


class Granted:
    """Who is known to be allowed one verb upon one resource.

    `everywhere.get(id(who)) is who` is the whole test for most subjects, and `in_part` answers for the rest.
    Subjects are held, which keeps the ids of their identities their own.
    """

    __slots__ = ("_places", "_size", "everywhere")

    def __init__(self) -> None:
        self.everywhere: dict[int, Identity] = {}
        self._places: dict[int, tuple[Identity, dict[str, set[str]]]] = {}
        self._size = 0

    def in_part(self, who: Identity, namespace: str, name: str) -> bool:
        """Whether somebody is allowed it in the namespace, or of the one object there."""
        place = self._places.get(id(who))
        if place is None:
            return False
        names = place[1].get(namespace)
        return names is not None and (names is _ALL or name in names)

    def remember(self, reach: Reach, who: Identity, namespace: str, name: str) -> None:
        """Keep a grant, for as far as it holds, of somebody of few words; beyond so many of them begin anew."""
        if who.length + len(namespace) + len(name) > LONGEST_TEXT:
            return
        if self._size >= _MOST:
            self.clear()
        if reach == "everywhere":
            self.everywhere[id(who)] = who
        elif reach == "namespace":
            self._place(who)[namespace] = _ALL
        elif reach == "object" and name:
            names = self._place(who).setdefault(namespace, set())
            if names is not _ALL:
                names.add(name)
        else:
            return
        self._size += 1

    def _place(self, who: Identity) -> dict[str, set[str]]:
        return self._places.setdefault(id(who), (who, {}))[1]

    def clear(self) -> None:
        """Nobody is known to be allowed it any more."""
        self.everywhere.clear()
        self._places.clear()
        self._size = 0


class Access:
    """Asks `authorizer`, and remembers. `roles` is the one among the authorizers that knows roles."""

    def __init__(self, authorizer: Authorizer, roles: RoleAuthorizer) -> None:
        self._authorizer = authorizer
        self._roles = roles
        self._granted: dict[tuple[str, str, str, str], Granted] = {}

    def granted(self, verb: str, resource: Resource, subresource: str) -> Granted:
        """Who is known to be allowed; the same value each time, emptied when rules change."""
        key = (verb, resource.group, resource.plural, subresource)
        found = self._granted.get(key)
        if found is None:
            found = self._granted[key] = Granted()
        return found

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
        if granted.everywhere.get(id(who)) is who or granted.in_part(who, namespace, name):
            return
        if name and resource.key == "namespaces":
            namespace = name  # a namespace is looked at as one of its own objects
        held = exact(field_selector) if field_selector else {}
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
            if decision.error:
                raise errors.AuthorizerFailed(decision.error)
            raise errors.refused(who, asked, decision.reason)
        granted.remember(decision.holds, who, message.namespace, name)

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """What the authorizer says."""
        return self._authorizer.decide(identity, attributes)

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """What the authorizer can list."""
        return self._authorizer.rules(identity, namespace)

    def held(self, identity: Identity, namespace: str) -> tuple[PolicyRule, ...]:
        """The rules of all roles that are bound to somebody, everywhere and there."""
        return self._roles.rules(identity, namespace).rules

    def unresolved(self, identity: Identity, namespace: str) -> str:
        """The roles among them that are not there, as `RoleAuthorizer.unresolved`."""
        return self._roles.unresolved(identity, namespace)

    def referenced(self, ref: RoleRef, namespace: str) -> tuple[PolicyRule, ...] | None:
        """The rules of a role; None of one that is not there."""
        return self._roles.referenced(ref, namespace)


def exact(selector: str) -> dict[str, str]:
    """The fields that a selector holds to one value; of one that cannot be read, none."""
    try:
        terms = fields.parse(selector)
    except SelectorError:
        return {}
    return {term.field: term.value for term in reversed(terms) if term.equal}
