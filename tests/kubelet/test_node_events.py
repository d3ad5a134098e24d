"""What a kubelet tells of its node."""

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Node
from orchestrator.cluster.nodes import node_spec
from orchestrator.kubelet.machine_facts import facts_of, this_machine, told_images
from orchestrator.kubelet.node_spec import node_object
from orchestrator.kubelet.runtimes.interface import NodeImage
from tests.manifests import pod


async def _said(cluster: Cluster, node: str) -> list[tuple[str, str, str]]:
    found = await cluster.client.list(Event, namespace="default")
    told = [
        (e.reason, e.message, e.type)
        for e in found
        if e.involved_object.kind == "Node"
        and e.source is not None
        and (e.source.component, e.source.host) == ("kubelet", node)
    ]
    about = {e.involved_object.uid for e in found if e.involved_object.name == node}
    assert node in about
    return told


async def test_a_kubelet_that_starts_tells_how_its_node_is(cluster: Cluster) -> None:
    """`kubectl describe node` shows that the kubelet started, and that nothing is short, in Kubernetes' words."""
    await cluster.clock.sleep(1)
    said = await _said(cluster, "node-0")
    assert [reason for reason, _, _ in said] == [
        "Starting",
        "NodeHasSufficientMemory",
        "NodeHasNoDiskPressure",
        "NodeHasSufficientPID",
        "NodeAllocatableEnforced",
        "NodeReady",
    ]
    assert ("Starting", "Starting kubelet.", "Normal") in said
    assert ("NodeReady", "Node node-0 status is now: NodeReady", "Normal") in said


async def test_pressure_that_comes_and_goes_is_told() -> None:
    """A condition that becomes true is an event, and the one that it is over, another."""
    spec = node_spec(
        "node-0", 0, capacity={"memory": "1Gi"}, eviction_hard={"memory.available": "100Mi"}
    )
    async with Cluster([spec]) as cluster:
        await cluster.apply([pod("greedy", simulation={"memory": str(1000 << 20)})])
        await cluster.clock.sleep(20)
        assert (await _said(cluster, "node-0"))[-1][0] == "NodeHasInsufficientMemory"
        await cluster.clock.sleep(330)
        events = await cluster.client.list(Event, namespace="default")
        counts = {e.reason: e.count for e in events}
        assert counts["NodeHasSufficientMemory"] == 2


def test_a_node_of_real_containers_tells_its_machine() -> None:
    """Kernel, system and architecture are the machine's where the runtime says so, else a simulated one's."""

    class Real:
        machine_facts = staticmethod(this_machine)

    spec = node_spec("node-0", 0)
    real = node_object(spec, runtime_name="real://1", machine_id="m", facts=facts_of(Real()))
    told = node_object(spec, runtime_name="any://1", machine_id="m", facts=facts_of(object()))
    assert isinstance(real, Node)
    assert real.status is not None
    assert real.status.node_info is not None
    assert real.status.node_info.kernel_version == this_machine().kernel_version
    assert real.metadata.labels["kubernetes.io/os"] == real.status.node_info.operating_system
    assert told.status is not None
    assert told.status.node_info is not None
    assert told.status.node_info.os_image == "Simulated Linux"


def test_a_node_tells_its_largest_images() -> None:
    """With five names at the most, and fifty images; one of which nothing is known has no size."""
    few = [NodeImage("a", ("a@sha256:1", "a:1")), NodeImage("b", tuple("bcdefg"), 7)]
    first, second = told_images(few)
    assert (first.names, first.size_bytes) == (("b", "c", "d", "e", "f"), 7)
    assert (second.names, second.size_bytes) == (("a@sha256:1", "a:1"), None)
    assert len(told_images(NodeImage(str(i), (str(i),), i) for i in range(60))) == 50
