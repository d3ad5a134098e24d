"""The base of Kubernetes' own controllers."""

from typing import ClassVar

from orchestrator.client import Controller


class KubernetesController(Controller):
    """A controller whose types mypy has checked: its client hands over what it is given."""

    checked: ClassVar[bool] = False
    # The service account of kube-system as which it writes, and to which Kubernetes binds a role of its own;
    # empty: it writes as the manager.
    account: ClassVar[str]
