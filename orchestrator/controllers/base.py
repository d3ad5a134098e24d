"""The base of Kubernetes' own controllers."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from orchestrator.client import Change, Controller, Key
from orchestrator.protocol import AUTHENTICATED, ApiError, BadRequest, Identity, Invalid


class KubernetesController(Controller):
    """A controller whose types mypy has checked: its client hands over what it is given."""

    checked: ClassVar[bool] = False
    # Quotas and namespaces that end forbid much every day; events tell of it.
    loud_refusals: ClassVar[tuple[type[ApiError], ...]] = (Invalid, BadRequest)
    # The service account of kube-system as which it writes, and to which Kubernetes binds a role of its own;
    # "" for what the program kube-controller-manager itself does.
    account: ClassVar[str]
    # As whom it writes instead: the API server, where that does what is done here.
    identity: ClassVar[Identity | None] = None
    # Whether "*" stands for it, too, among a cluster's controllers; and among those of a furnished one.
    by_default: ClassVar[bool] = True
    furnishes: ClassVar[bool] = True


class PeriodicController(KubernetesController):
    """Looks at all there is from time to time, whatever changes meanwhile. There is one key.

    `reconcile` is one look, and answers in how many seconds the next one is due.
    """

    by_default: ClassVar[bool] = False

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A change waits for the next look."""
        return ()

    def initial_keys(self) -> Iterable[Key]:
        """The one key."""
        return (_ALL,)


_ALL: Final = Key("", "")
API_SERVER: Final = Identity("system:apiserver", ("system:masters", AUTHENTICATED))


def namespace_ends(error: ApiError) -> bool:
    """Whether a namespace that is being terminated takes nothing new: there is no use in trying again."""
    return any(cause.reason == "NamespaceTerminating" for cause in error.causes)
