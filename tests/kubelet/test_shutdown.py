"""A node that is shut down in peace."""

import asyncio

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.cluster.errors import UnknownNode
from tests.kubelet.stories import pod_with
from tests.manifests import Manifest, pod


def _slow(name: str, **spec: object) -> Manifest:
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": 300}}}}
    manifest = pod_with(name, hook, nodeName="node-0", terminationGracePeriodSeconds=300)
    manifest["spec"].update(spec)
    return manifest


async def _phase(cluster: Cluster, name: str) -> str:
    found = await cluster.client.get(Pod, name, namespace="default")
    assert found.status is not None
    return found.status.phase


async def test_pods_end_before_the_node_does_and_critical_ones_last(cluster: Cluster) -> None:
    """The node is not ready and takes no pod; each pod is told why it ends, in the kubelet's words."""
    critical = _slow("critical", priorityClassName="system-node-critical")
    await cluster.apply([_slow("slow"), critical])
    await cluster.clock.sleep(5)
    shutdown = asyncio.ensure_future(cluster.shut_down_node("node-0", 60, 20))
    await cluster.clock.sleep(5)
    node = await cluster.client.get(Node, "node-0")
    assert node.status is not None
    ready = {c.type: c for c in node.status.conditions}["Ready"]
    assert (ready.status, ready.message) == ("False", "node is shutting down")
    await cluster.apply([pod("late", nodeName="node-0")])
    await cluster.clock.sleep(1)
    late = await cluster.client.get(Pod, "late", namespace="default")
    assert late.status is not None
    assert (late.status.phase, late.status.reason) == ("Failed", "NodeShutdown")
    await cluster.clock.sleep(40)
    assert await _phase(cluster, "slow") == "Failed"
    assert await _phase(cluster, "critical") == "Running"
    await shutdown
    ended = await cluster.client.get(Pod, "critical", namespace="default")
    assert ended.status is not None
    assert (ended.status.phase, ended.status.reason) == ("Failed", "Terminated")
    assert ended.status.message == ("Pod was terminated in response to imminent node shutdown.")
    target = {c.type: c for c in ended.status.conditions}["DisruptionTarget"]
    assert target.reason == "TerminationByKubelet"


async def test_a_node_without_pods_goes_at_once(cluster: Cluster) -> None:
    """It comes back as every other node does."""
    before = cluster.clock.now()
    await cluster.shut_down_node("node-0")
    assert cluster.clock.now() - before < 1
    await cluster.restart_node("node-0")
    await cluster.clock.sleep(5)
    node = await cluster.client.get(Node, "node-0")
    assert node.status is not None
    assert {c.type: c.status for c in node.status.conditions}["Ready"] == "True"
    with pytest.raises(UnknownNode):
        await cluster.shut_down_node("node-99")
