"""A node that is shut down in peace."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Cluster
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.cluster.errors import UnknownNode
from orchestrator.kubelet.shutdown import two_waves, wave_of
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


@pytest.mark.parametrize(
    ("priority", "wave"),
    [(-5, 0), (0, 0), (99, 0), (100, 1), (101, 1), (999, 1), (1000, 2), (2_000_000_000, 2)],
)
def test_a_pod_ends_with_the_last_wave_that_its_priority_reaches(priority: int, wave: int) -> None:
    """Who is below all of them ends with the first, and who is above with the last."""
    assert wave_of([0, 100, 1000], priority) == wave


@given(st.lists(st.integers(-10, 10), min_size=1, unique=True).map(sorted), st.integers(-12, 12))
def test_waves_go_by_priority(priorities: list[int], priority: int) -> None:
    """The wave's own priority is reached, but by who reaches none; and the next wave's is not."""
    index = wave_of(priorities, priority)
    assert priorities[index] <= priority or index == 0
    assert index + 1 == len(priorities) or priorities[index + 1] > priority


def test_critical_pods_have_no_more_time_than_there_is() -> None:
    """What is theirs is a part of the whole."""
    assert two_waves(30, 10) == {0: 20, 2_000_000_000: 10}
    assert two_waves(5, 10) == {0: 0, 2_000_000_000: 5}


async def test_each_priority_has_its_own_time(cluster: Cluster) -> None:
    """The next wave begins when the one before has ended, whether that took all its time or not."""
    for name, value in (("low", 100), ("high", 1000)):
        metadata = ObjectMeta(name=name)
        await cluster.client.create(PriorityClass(metadata=metadata, value=value))
    low, high = (_slow(name, priorityClassName=name) for name in ("low", "high"))
    quick = pod("quick", nodeName="node-0")
    await cluster.apply([low, high, quick])
    await cluster.clock.sleep(5)
    times = {0: 50, 100: 20, 1000: 30}
    shutdown = asyncio.ensure_future(cluster.shut_down_node("node-0", by_priority=times))
    await cluster.clock.sleep(10)  # the first wave was over at once
    assert await _phase(cluster, "quick") in ("Failed", "Succeeded")
    assert await _phase(cluster, "low") == "Running"
    await cluster.clock.sleep(15)
    assert await _phase(cluster, "low") == "Failed"
    assert await _phase(cluster, "high") == "Running"
    await shutdown
    assert await _phase(cluster, "high") == "Failed"


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
