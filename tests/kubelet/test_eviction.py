"""A node that runs short gives pods up."""

from typing import Any

import msgspec
import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Container, Event, Node, Pod, PodSpec, ResourceRequirements
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.cluster.nodes import node_spec
from orchestrator.kubelet.eviction import (
    MEMORY,
    EvictionError,
    PodUse,
    Threshold,
    is_met,
    message_of,
    overstepped,
    ranked,
    thresholds_of,
)
from orchestrator.kubelet.machine_facts import SIMULATED
from tests.kubelet.stories import pod_with
from tests.manifests import pod

MI = 1 << 20


def _use(name: str, used: int, asked: int = 0, priority: int | None = None) -> PodUse:
    requests = {"memory": f"{asked}Mi"} if asked else {}
    container = Container(name="c", resources=ResourceRequirements(requests=requests))
    spec = PodSpec(containers=(container,), priority=priority)
    found = Pod(metadata=ObjectMeta(name=name, uid=name), spec=spec)
    return PodUse(found, used * MI, {"c": used * MI})


def test_who_uses_more_than_asked_for_goes_first_then_by_priority_then_by_excess() -> None:
    """Kubernetes' ranking by memory; critical pods are never given up."""
    uses = [
        _use("within", 90, 100),
        _use("important", 300, 10, priority=1000),
        _use("little-over", 110, 100),
        _use("far-over", 500, 100),
        _use("critical", 900, 0, priority=2_000_000_000),
    ]
    order = [use.pod.metadata.name for use in ranked(MEMORY, uses)]
    assert order == ["far-over", "little-over", "important", "within"]


def test_the_message_says_what_was_short_and_who_used_how_much() -> None:
    """The words are the kubelet's."""
    threshold = Threshold(MEMORY, 100 * MI, 1000 * MI)
    use = _use("p", 950, 100)
    available = is_met(threshold, use.used)
    assert available == 50 * MI
    assert message_of(threshold, available, use) == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container c was using 950Mi, request is 100Mi, has larger consumption of memory. "
    )


@pytest.mark.parametrize(
    ("hard", "fault"),
    [
        ({"tea.available": "1"}, "unknown signal 'tea.available'; there are memory.available"),
        ({"memory.available": "0"}, "memory.available: must be positive, got '0'"),
        ({"nodefs.inodesFree": "-5"}, "nodefs.inodesFree: must be positive, got '-5'"),
    ],
)
def test_a_wrong_threshold_is_refused(hard: dict[str, str], fault: str) -> None:
    """What is wrong is named, and what would be right."""
    with pytest.raises(EvictionError, match=fault):
        thresholds_of(hard, {"memory": "1Gi"})


def test_a_minimum_to_reclaim_is_wanted_once_too_little_was_left() -> None:
    """Until then the threshold itself will do."""
    (threshold,) = thresholds_of(
        {"memory.available": "100"}, {"memory": "1000"}, reclaim={"memory.available": "5%"}
    )
    assert (threshold.least, threshold.reclaim) == (100, 50)
    assert is_met(threshold, 860) is None
    assert is_met(threshold, 860, again=True) == 140
    assert is_met(threshold, 850, again=True) is None
    with pytest.raises(EvictionError, match="evictionMinimumReclaim: unknown signal 'tea'"):
        thresholds_of({}, {}, reclaim={"tea": "1"})
    with pytest.raises(EvictionError, match=r"memory.available: must not be negative, got '-1'"):
        thresholds_of({}, {}, reclaim={"memory.available": "-1"})


def test_a_pod_may_keep_no_more_than_its_limits_say() -> None:
    """Volumes and logs count towards the limit of the pod, and logs towards the container's."""
    found = msgspec.convert(
        {
            "spec": {
                "containers": [
                    {"name": "c", "resources": {"limits": {"ephemeral-storage": "1Ki"}}},
                    {"name": "d", "resources": {"limits": {"ephemeral-storage": "1Ki"}}},
                ],
            }
        },
        Pod,
    )
    assert overstepped(found, {"v": 1000}, {"c": 1000, "d": 48}) == ""
    assert overstepped(found, {"v": 1001}, {"c": 1000, "d": 48}) == (
        "Pod ephemeral local storage usage exceeds the total limit of containers 2Ki. "
    )
    assert overstepped(found, {}, {"c": 20, "d": 1025}) == (
        'Container d exceeded its local ephemeral storage limit "1Ki". '
    )


def _hungry(name: str, memory: str, **spec: Any) -> dict[str, Any]:
    return pod(name, simulation={"memory": memory}, **spec)


async def test_a_node_short_of_memory_evicts_and_says_so() -> None:
    """One pod fails as Evicted, the node has MemoryPressure for five minutes, and takes no pod that asks for nothing."""
    spec = node_spec(
        "node-0", 0, capacity={"memory": "1Gi"}, eviction_hard={"memory.available": "100Mi"}
    )
    async with Cluster([spec]) as cluster:
        await cluster.apply([_hungry("small", str(100 * MI)), _hungry("greedy", str(900 * MI))])
        await cluster.clock.sleep(20)
        greedy = await cluster.client.get(Pod, "greedy", namespace="default")
        small = await cluster.client.get(Pod, "small", namespace="default")
        assert greedy.status is not None
        assert small.status is not None
        assert (greedy.status.phase, greedy.status.reason) == ("Failed", "Evicted")
        assert greedy.status.message.startswith("The node was low on resource: memory. ")
        target = {c.type: c for c in greedy.status.conditions}["DisruptionTarget"]
        assert (target.status, target.reason) == ("True", "TerminationByKubelet")
        assert small.status.phase == "Running"
        assert (await _condition(cluster)) == "True"
        late = pod("late", tolerations=[{"operator": "Exists"}])
        await cluster.apply([late])
        await cluster.clock.sleep(5)
        refused = await cluster.client.get(Pod, "late", namespace="default")
        assert refused.status is not None
        assert refused.status.reason == "Evicted"
        assert "The node had condition: [MemoryPressure]. " in refused.status.message
        await cluster.clock.sleep(320)
        assert (await _condition(cluster)) == "False"


async def _condition(cluster: Cluster, name: str = "MemoryPressure") -> str:
    node = await cluster.client.get(Node, "node-0")
    assert node.status is not None
    return {c.type: c.status for c in node.status.conditions}[name]


async def _phase(cluster: Cluster, name: str) -> str:
    found = await cluster.client.get(Pod, name, namespace="default")
    assert found.status is not None
    return found.status.phase


async def test_a_soft_threshold_is_borne_for_its_grace_period() -> None:
    """The node says at once that it is short; a pod is given up later, and has time to end."""
    spec = node_spec(
        "node-0",
        0,
        capacity={"memory": "1Gi"},
        eviction_soft={"memory.available": "100Mi"},
        eviction_soft_grace_period={"memory.available": "1m"},
        eviction_max_pod_grace_period=20,
    )
    async with Cluster([spec]) as cluster:
        greedy = _hungry("greedy", str(1000 * MI), terminationGracePeriodSeconds=60)
        container = greedy["spec"]["containers"][0]
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": 60}}}
        await cluster.apply([greedy])
        await cluster.clock.sleep(55)
        assert await _condition(cluster) == "True"
        assert await _phase(cluster, "greedy") == "Running"
        await cluster.clock.sleep(30)
        assert await _phase(cluster, "greedy") == "Running"
        await cluster.clock.sleep(15)
        assert await _phase(cluster, "greedy") == "Failed"
        events = await cluster.client.list(Event, namespace="default")
        assert "Attempting to reclaim memory" in {e.message for e in events}


async def test_a_node_short_of_processes_gives_up_who_matters_least() -> None:
    """Each simulated container is one process; the node has PIDPressure, and says so in the pod's words."""
    spec = node_spec("node-0", 0, eviction_hard={"pid.available": "32766"})
    async with Cluster([spec]) as cluster:
        await cluster.apply([pod(f"p-{i}") for i in range(2)])
        await cluster.clock.sleep(15)
        assert await _condition(cluster, "PIDPressure") == "False"
        await cluster.apply([pod("p-2")])
        await cluster.clock.sleep(20)
        assert await _condition(cluster, "PIDPressure") == "True"
        pods = await cluster.client.list(Pod, namespace="default")
        evicted = [each.status for each in pods if each.status and each.status.reason == "Evicted"]
        assert [each.message for each in evicted] == [
            "The node was low on resource: pids. Threshold quantity: 32766, available: 32765. "
        ]


@pytest.mark.parametrize(
    ("grace", "fault"),
    [
        ({}, "grace period must be specified for the soft eviction threshold memory.available"),
        ({"memory.available": "soon"}, 'evictionSoftGracePeriod: memory.available: .*"soon"'),
        ({"memory.available": "0s"}, "must be a positive value"),
    ],
)
def test_a_soft_threshold_needs_a_grace_period(grace: dict[str, str], fault: str) -> None:
    """What is wrong is named."""
    with pytest.raises(EvictionError, match=fault):
        thresholds_of({}, {"memory": "1Gi"}, {"memory.available": "1Mi"}, grace)


async def test_a_directory_that_holds_too_much_ends_its_pod(cluster: Cluster) -> None:
    """An emptyDir has a limit of its size, whatever the node has left."""
    script = "head -c 2000 /dev/zero > /d/x; dd if=/dev/zero of=/d/y bs=1k count=3; sleep 1000"
    mounts = [{"name": "d", "mountPath": "/d"}]
    manifest = pod_with(
        "p", {"image": "busybox", "command": ["sh", "-c", script], "volumeMounts": mounts}
    )
    manifest["spec"]["volumes"] = [{"name": "d", "emptyDir": {"sizeLimit": "1Ki"}}]
    await cluster.apply([manifest])
    await cluster.clock.sleep(20)
    found = await cluster.client.get(Pod, "p", namespace="default")
    assert found.status is not None
    assert found.status.reason == "Evicted"
    assert found.status.message == 'Usage of EmptyDir volume "d" exceeds the limit "1Ki". '


_FILES = "for i in $(seq 1 9); do touch /d/$i; done; sleep 1000"


async def test_a_node_short_of_files_gives_up_who_has_most() -> None:
    """An emptyDir with nine files in it is ten of them; who has none has no reason to go."""
    most = SIMULATED.most_files
    spec = node_spec("node-0", 0, eviction_hard={"nodefs.inodesFree": str(most - 8)})
    async with Cluster([spec]) as cluster:
        writer = pod_with(
            "writer",
            {
                "image": "busybox",
                "command": ["sh", "-c", _FILES],
                "volumeMounts": [{"name": "d", "mountPath": "/d"}],
            },
        )
        writer["spec"]["volumes"] = [{"name": "d", "emptyDir": {}}]
        await cluster.apply([writer, pod("idle")])
        await cluster.clock.sleep(20)
        assert await _condition(cluster, "DiskPressure") == "True"
        assert await _phase(cluster, "idle") == "Running"
        found = await cluster.client.get(Pod, "writer", namespace="default")
        assert found.status is not None
        assert found.status.message == (
            "The node was low on resource: inodes. "
            f"Threshold quantity: {most - 8}, available: {most - 10}. "
        )
