"""Whose writes are whose: the field manager that each component says."""

from typing import Any

import actors
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.protocol import Create, Patch, Update
from tests.manifests import deployment


class Writes:
    """Hears of API calls, and keeps who wrote."""

    def __init__(self) -> None:
        self.managers: dict[str, set[str]] = {}

    def answered(self, request: Any, seconds: float, failed: bool) -> None:
        """Nothing."""

    def worked(self, request: Any, seconds: float) -> None:
        """A write's manager, by the first word of the user's name behind `system:`."""
        if isinstance(request, Create | Update | Patch):
            user = request.identity.name.split(":")[1]
            self.managers.setdefault(user, set()).add(request.field_manager)


def test_every_component_says_who_it_is() -> None:
    """By the names that Kubernetes' programs have."""
    writes = Writes()

    async def main() -> None:
        async with Cluster(nodes=1, meter=writes) as cluster:
            await cluster.apply([deployment()])
            await cluster.client.wait(Deployment, "web", "condition=Available", namespace="default")
            await cluster.clock.sleep(60)

    actors.run(main)
    assert writes.managers == {
        "admin": {"orchestrator"},
        "apiserver": {"kube-apiserver"},
        "kube-scheduler": {"kube-scheduler"},
        "node": {"kubelet"},
        "serviceaccount": {"kube-controller-manager"},
    }
