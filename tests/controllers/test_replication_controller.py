"""ReplicationControllers: kept as ReplicaSets are."""

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod, ReplicationController
from orchestrator.machinery.owners import controller_of
from tests.manifests import Manifest


def _controller(replicas: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "rc", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"app": "rc"},
            "template": {
                "metadata": {"labels": {"app": "rc"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    }


async def test_its_pods_are_as_many_as_asked(cluster: Cluster) -> None:
    """With an orphan that its selector matches, and with its own counts in the status."""
    orphan: Manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "orphan", "namespace": "default", "labels": {"app": "rc"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    await cluster.apply([orphan])
    await cluster.apply([_controller(3)])
    await cluster.clock.sleep(15)
    pods = await cluster.client.list(Pod, namespace="default")
    owners = [controller_of(pod) for pod in pods]
    assert {(o.kind, o.name) for o in owners if o is not None} == {("ReplicationController", "rc")}
    assert len(pods) == 3
    assert "orphan" in {pod.metadata.name for pod in pods}
    await cluster.apply([_controller(1)])
    await cluster.clock.sleep(60)
    found = await cluster.client.get(ReplicationController, "rc", namespace="default")
    assert found.status is not None
    assert (found.status.replicas, found.status.ready_replicas) == (1, 1)
    assert found.status.observed_generation == 2
