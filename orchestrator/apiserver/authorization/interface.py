"""The question who may do what, and the answer.

An authorizer allows, denies, or has no opinion; several are asked in order, and what none of them allows
is not allowed. A reason goes with the answer, for whoever asked in a review and for who was refused.
"""

from collections.abc import Mapping
from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from orchestrator.api.rbac.v1 import PolicyRule
from orchestrator.protocol import Identity

Verb: TypeAlias = Literal[
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"
]
Verdict: TypeAlias = Literal["allow", "deny", "no opinion"]
Reach: TypeAlias = Literal["request", "object", "namespace", "everywhere"]

_NO_FIELDS: Final[Mapping[str, str]] = {}


class Attributes(Struct, frozen=True):
    """What somebody wants to do: a verb upon a resource, or upon a `path` that is none.

    Any verb may be asked about (`bind`, `impersonate`), and any resource, whether it is served or not.
    `fields`: the values to which a list's field selector holds it.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    is_resource: bool = True
    fields: Mapping[str, str] = _NO_FIELDS
    version: str = ""


class Decision(Struct, frozen=True):
    """`error`: what could not be looked at, such as a role that is not there.

    `holds` says for which other requests of the same subject, verb and resource an "allow" holds until
    some RBAC object changes: for this one alone, for that object, in its namespace, or everywhere.
    """

    verdict: Verdict = "no opinion"
    reason: str = ""
    error: str = ""
    holds: Reach = "request"

    @property
    def allowed(self) -> bool:
        """Whether it is allowed."""
        return self.verdict == "allow"


NO_OPINION: Final = Decision()


class Rules(Struct, frozen=True):
    """What an authorizer can list of what somebody may do in a namespace, and why that is not all."""

    rules: tuple[PolicyRule, ...] = ()
    incomplete: bool = False
    error: str = ""


class Authorizer(Protocol):
    """Decides about requests. Called on the message path, so it must be cheap.

    One that has to ask somebody raises Unanswered, and is called again when its effect has ended.
    """

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """Whether somebody may do it."""
        ...

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """What can be listed; who cannot list its rules says so."""
        return Rules(incomplete=True)
