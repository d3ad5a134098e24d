"""Who may do what: the question, and the simple answer for a cluster of its own components."""

from typing import Final, Literal, Protocol, TypeAlias

from orchestrator.api.scheme import Resource
from orchestrator.protocol import MASTERS, Identity

Verb: TypeAlias = Literal[
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"
]


class Authorizer(Protocol):
    """Decides on every request, reads included; called for each message, so it must be cheap."""

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
        """None: allowed. Otherwise why not; "" when there is nothing to say."""
        ...


_ANONYMOUS: Final = "system:anonymous"
_SERVICE_ACCOUNT: Final = "system:serviceaccount:"
_SYSTEM_ACCOUNT: Final = "system:serviceaccount:kube-system:"


class ComponentAuthorizer:
    """Everything for `system:masters` and for the cluster's own components, nothing for others.

    Components are the `system:` names that authentication gives to certificates of the cluster
    (`system:kube-scheduler`, `system:node:x`) and the service accounts of kube-system; the
    accounts of other namespaces are users like any other.
    """

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
        """None for masters and components."""
        return None if MASTERS in identity.groups or is_component(identity.name) else ""


def is_component(name: str) -> bool:
    """Whether the user name is one of the cluster's own components."""
    if not name.startswith("system:") or name == _ANONYMOUS:
        return False
    return not name.startswith(_SERVICE_ACCOUNT) or name.startswith(_SYSTEM_ACCOUNT)
