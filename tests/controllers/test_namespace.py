"""Namespaces: what is in them goes first."""

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Namespace, Pod, Service, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.protocol import NotFound
from tests.manifests import deployment, service


async def _namespace(cluster: Cluster, name: str) -> None:
    await cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])


async def test_a_namespace_goes_when_all_that_is_in_it_has_gone(cluster: Cluster) -> None:
    """Pods get their time to stop."""
    await _namespace(cluster, "doomed")
    manifests = [deployment(simulation={"stop-seconds": 8}), service()]
    for manifest in manifests:
        manifest["metadata"]["namespace"] = "doomed"
    await cluster.apply(manifests)
    await cluster.clock.sleep(20)
    await cluster.client.delete(Namespace, "doomed")
    await cluster.clock.sleep(4)
    going = await cluster.client.get(Namespace, "doomed")
    assert going.status is not None
    assert going.status.phase == "Terminating"
    await cluster.clock.sleep(60)
    with pytest.raises(NotFound):
        await cluster.client.get(Namespace, "doomed")
    for kind in (Pod, Deployment, Service, ConfigMap, ServiceAccount):
        assert not await cluster.client.list(kind, namespace="doomed")


async def test_what_is_deleted_together_with_its_namespace_is_still_found(cluster: Cluster) -> None:
    """For five seconds, so that `kubectl delete -f` with the Namespace first finds all the rest."""
    await _namespace(cluster, "doomed")
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="doomed")))
    await cluster.client.delete(Namespace, "doomed")
    await cluster.clock.sleep(4.5)
    await cluster.client.delete(ConfigMap, "a", namespace="doomed")
    await cluster.clock.sleep(2)
    with pytest.raises(NotFound):
        await cluster.client.get(Namespace, "doomed")


async def test_what_holds_a_namespace_is_said_in_its_conditions(cluster: Cluster) -> None:
    """With the resource's group, be it empty, and the finalizer; and it is looked at again."""
    await _namespace(cluster, "held")
    metadata = ObjectMeta(name="a", namespace="held", finalizers=("example.dev/hold",))
    await cluster.client.create(ConfigMap(metadata=metadata))
    await cluster.client.delete(Namespace, "held")
    await cluster.clock.sleep(7)
    held = await cluster.client.get(Namespace, "held")
    said = {c.type: c.message for c in held.status.conditions} if held.status else {}
    assert said["NamespaceContentRemaining"] == (
        "Some resources are remaining: configmaps. has 1 resource instances"
    )
    assert said["NamespaceFinalizersRemaining"].endswith("example.dev/hold in 1 resource instances")
    await cluster.client.patch(ConfigMap, "a", {"metadata": {"finalizers": None}}, namespace="held")
    await cluster.clock.sleep(10)
    with pytest.raises(NotFound):
        await cluster.client.get(Namespace, "held")


async def test_pods_go_before_anything_else(cluster: Cluster) -> None:
    """What they may need to stop, a ConfigMap say, is there until they have stopped."""
    await _namespace(cluster, "doomed")
    manifest = deployment(simulation={"stop-seconds": 8})
    manifest["metadata"]["namespace"] = "doomed"
    await cluster.apply([manifest])
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="doomed")))
    await cluster.clock.sleep(20)
    await cluster.client.delete(Namespace, "doomed")
    await cluster.clock.sleep(10)
    pods = await cluster.client.list(Pod, namespace="doomed")
    assert pods
    assert all(p.metadata.deletion_timestamp is not None for p in pods)
    there = await cluster.client.get(ConfigMap, "a", namespace="doomed")
    assert there.metadata.deletion_timestamp is None
    await cluster.clock.sleep(60)
    with pytest.raises(NotFound):
        await cluster.client.get(Namespace, "doomed")
