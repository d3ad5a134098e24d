"""What the tests of a pod's life ask a cluster."""

from typing import Any

from orchestrator import Cluster
from orchestrator.api.core.v1 import ContainerStatus, Event, Pod
from tests.manifests import Manifest, pod


def pod_with(name: str, container: dict[str, Any], **options: Any) -> Manifest:
    """A pod whose one container has these fields, too."""
    manifest = pod(name, **options)
    manifest["spec"]["containers"][0].update(container)
    return manifest


async def container_of(cluster: Cluster, name: str) -> ContainerStatus:
    """The status of the pod's first container."""
    found = await cluster.client.get(Pod, name, namespace="default")
    assert found.status is not None
    return found.status.container_statuses[0]


async def waiting_of(cluster: Cluster, name: str) -> tuple[str, str]:
    """Reason and message of a container that waits."""
    state = (await container_of(cluster, name)).state
    assert state is not None
    assert state.waiting is not None, state
    return state.waiting.reason, state.waiting.message


async def conditions_of(cluster: Cluster, name: str) -> dict[str, str]:
    """The pod's conditions."""
    found = await cluster.client.get(Pod, name, namespace="default")
    assert found.status is not None
    return {c.type: c.status for c in found.status.conditions}


async def events_of(cluster: Cluster, name: str) -> dict[tuple[str, str], Event]:
    """The kubelets' events of a pod by reason and message."""
    events = await cluster.client.list(Event, namespace="default")
    return {
        (e.reason, e.message): e
        for e in events
        if e.involved_object.name == name
        and e.source is not None
        and e.source.component == "kubelet"
    }
