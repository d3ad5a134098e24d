"""Nodes that fall silent, and taints that evict."""

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Node, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.cluster.nodes import node_spec
from orchestrator.controllers.node_lifecycle import EXCLUDED
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.times import parse_time
from tests.manifests import deployment, pod

_REGION = "topology.kubernetes.io/region"
_ZONE = "topology.kubernetes.io/zone"


def _taints(node: Node) -> set[tuple[str, str]]:
    return {(t.key, t.effect) for t in (node.spec.taints if node.spec is not None else ())}


def _ready(node: Node) -> str:
    assert node.status is not None
    return next(c.status for c in node.status.conditions if c.type == "Ready")


async def test_a_node_that_is_silent_is_marked_tainted_and_emptied(cluster: Cluster) -> None:
    """After 50 s, and its pods after 300 s more; it comes back as if nothing had been."""
    await cluster.apply([deployment(replicas=12)])
    await cluster.clock.sleep(20)
    await cluster.crash_node("node-1")
    await cluster.clock.sleep(30)
    assert _ready(await cluster.client.get(Node, "node-1")) == "True"
    await cluster.clock.sleep(30)
    node = await cluster.client.get(Node, "node-1")
    assert _ready(node) == "Unknown"
    assert ("node.kubernetes.io/unreachable", "NoExecute") in _taints(node)
    on_it = [
        p
        for p in await cluster.client.list(Pod, namespace="default")
        if p.spec is not None and p.spec.node_name == "node-1"
    ]
    assert on_it
    assert all(p.metadata.deletion_timestamp is None for p in on_it)
    for each in on_it:
        assert each.status is not None
        ready = next(c for c in each.status.conditions if c.type == "Ready")
        started = next(c for c in each.status.conditions if c.type == "PodReadyToStartContainers")
        assert (ready.status, ready.reason) == ("False", "")
        since, before = ready.last_transition_time, started.last_transition_time
        assert since is not None
        assert before is not None
        assert (
            parse_time(since) - parse_time(before) > 45
        )  # since it was marked, not since it was ready
    await cluster.clock.sleep(310)
    for gone in on_it:
        there = await cluster.client.get(Pod, gone.metadata.name, namespace="default")
        assert there.metadata.deletion_timestamp is not None
    await cluster.restart_node("node-1")
    await cluster.clock.sleep(60)
    node = await cluster.client.get(Node, "node-1")
    assert (_ready(node), _taints(node)) == ("True", set())
    assert len(await cluster.client.list(Pod, namespace="default")) == 12


async def test_a_taint_evicts_those_that_do_not_tolerate_it(cluster: Cluster) -> None:
    """At once, or after the time that they tolerate it for."""
    key = {"key": "a", "operator": "Exists", "effect": "NoExecute"}
    await cluster.apply(
        [
            pod("plain", nodeName="node-0"),
            pod("for-ever", nodeName="node-0", tolerations=[key]),
            pod("a-while", nodeName="node-0", tolerations=[{**key, "tolerationSeconds": 60}]),
        ]
    )
    await cluster.clock.sleep(10)
    taint = {"key": "a", "effect": "NoExecute"}
    await cluster.client.patch(Node, "node-0", {"spec": {"taints": [taint]}})

    async def names() -> set[str]:
        return {p.metadata.name for p in await cluster.client.list(Pod, namespace="default")}

    await cluster.clock.sleep(40)
    assert await names() == {"for-ever", "a-while"}
    await cluster.clock.sleep(60)
    assert await names() == {"for-ever"}


async def test_a_pod_that_comes_to_an_old_taint_has_its_whole_time(cluster: Cluster) -> None:
    """Its time runs from when it is there, and further taints that it bears do not set it anew."""
    await cluster.clock.sleep(10)

    async def taint(*keys: str) -> None:
        taints = [{"key": key, "effect": "NoExecute"} for key in keys]
        await cluster.client.patch(Node, "node-0", {"spec": {"taints": taints}})

    async def is_there() -> bool:
        return bool(await cluster.client.list(Pod, namespace="default"))

    await taint("a")
    await cluster.clock.sleep(1000)
    tolerations = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
        for key, seconds in (("a", 300), ("b", 20))
    ]
    await cluster.apply([pod("p", nodeName="node-0", tolerations=tolerations)])
    await cluster.clock.sleep(100)
    await taint("a", "b")
    await cluster.clock.sleep(150)
    assert await is_there()
    await cluster.clock.sleep(100)
    assert not await is_there()


async def test_nobody_is_evicted_while_all_nodes_are_down(cluster: Cluster) -> None:
    """Also from the first that fell: its taint is taken back until some node is heard of again."""
    await cluster.apply([deployment(replicas=6)])
    await cluster.clock.sleep(20)
    before = {p.metadata.uid for p in await cluster.client.list(Pod, namespace="default")}
    await cluster.crash_node("node-0")
    await cluster.clock.sleep(70)
    first = await cluster.client.get(Node, "node-0")
    assert ("node.kubernetes.io/unreachable", "NoExecute") in _taints(first)
    for name in ("node-1", "node-2"):
        await cluster.crash_node(name)
    await cluster.clock.sleep(70)
    for node in await cluster.client.list(Node):
        assert not {effect for _, effect in _taints(node)} & {"NoExecute"}
    await cluster.clock.sleep(600)
    pods = await cluster.client.list(Pod, namespace="default")
    assert {p.metadata.uid for p in pods} == before
    assert not [p for p in pods if p.metadata.deletion_timestamp is not None]
    await cluster.restart_node("node-1")
    await cluster.clock.sleep(90)
    first = await cluster.client.get(Node, "node-0")
    assert ("node.kubernetes.io/unreachable", "NoExecute") in _taints(first)


@pytest.mark.cluster(nodes=1)
async def test_an_only_node_that_is_down_keeps_its_pods(cluster: Cluster) -> None:
    """All nodes are down then, too."""
    await cluster.apply([deployment(replicas=2)])
    await cluster.clock.sleep(20)
    await cluster.crash_node("node-0")
    await cluster.clock.sleep(600)
    node = await cluster.client.get(Node, "node-0")
    assert _taints(node) == {("node.kubernetes.io/unreachable", "NoSchedule")}
    pods = await cluster.client.list(Pod, namespace="default")
    assert [p.metadata.deletion_timestamp for p in pods] == [None, None]


@pytest.mark.cluster(nodes=0)
async def test_a_node_that_never_spoke_has_a_minute(cluster: Cluster) -> None:
    """And is not thought to be down before: nothing evicts from it."""
    await cluster.client.create(Node(metadata=ObjectMeta(name="n")))
    await cluster.clock.sleep(57)
    node = await cluster.client.get(Node, "n")
    assert node.status is None or not node.status.conditions
    assert not _taints(node)
    await cluster.clock.sleep(10)
    node = await cluster.client.get(Node, "n")
    assert node.status is not None
    [ready] = [each for each in node.status.conditions if each.type == "Ready"]
    assert (ready.status, ready.reason) == ("Unknown", "NodeStatusNeverUpdated")
    assert ready.last_heartbeat_time == node.metadata.creation_timestamp


@pytest.mark.cluster(nodes=[node_spec("a", 0), node_spec("b", 1, labels={EXCLUDED: ""})])
async def test_a_node_may_count_for_nothing(cluster: Cluster) -> None:
    """The only other one is down: all that count are, and nobody is evicted."""
    await cluster.clock.sleep(20)
    await cluster.crash_node("a")
    await cluster.clock.sleep(200)
    node = await cluster.client.get(Node, "a")
    assert _taints(node) == {("node.kubernetes.io/unreachable", "NoSchedule")}


@pytest.mark.cluster(
    nodes=[
        node_spec(f"{region}-{n}", 4 * number + n, labels={_REGION: region, _ZONE: "z"})
        for number, region in enumerate(("north", "south"))
        for n in range(4)
    ]
)
async def test_a_zone_is_of_its_region(cluster: Cluster) -> None:
    """Of two regions, each with a zone of the same name, one is down as a whole: its nodes are tainted."""
    await cluster.clock.sleep(20)
    for number in range(4):
        await cluster.crash_node(f"north-{number}")
    await cluster.clock.sleep(150)
    tainted = {
        node.metadata.name
        for node in await cluster.client.list(Node)
        if ("node.kubernetes.io/unreachable", "NoExecute") in _taints(node)
    }
    assert tainted == {f"north-{number}" for number in range(4)}


async def _told(cluster: Cluster, kind: str) -> list[str]:
    found = await cluster.client.list(Event)
    mine = [e for e in found if e.involved_object.kind == kind and e.source is not None]
    sources = ("node-controller", "taint-eviction-controller")
    return [f"{e.reason}: {e.message}" for e in mine if e.source and e.source.component in sources]


async def test_people_hear_what_becomes_of_a_node(cluster: Cluster) -> None:
    """That it is there, falls silent, and is gone."""
    await cluster.clock.sleep(5)
    await cluster.crash_node("node-1")
    await cluster.clock.sleep(70)
    await cluster.client.delete(Node, "node-1")
    await cluster.clock.sleep(5)
    assert [text for text in await _told(cluster, "Node") if "node-1" in text] == [
        "RegisteredNode: Node node-1 event: Registered Node node-1 in Controller",
        "NodeNotReady: Node node-1 status is now: NodeNotReady",
        "RemovingNode: Node node-1 event: Removing Node node-1 from Controller",
    ]


async def test_pods_of_a_node_that_says_itself_that_it_is_not_ready_are_left_alone(
    cluster: Cluster,
) -> None:
    """Whoever says it can say it of the pods, too; the node is tainted all the same."""
    await cluster.apply([pod("p", nodeName="node-1")])
    await cluster.clock.sleep(10)
    condition = {"type": "Ready", "status": "False", "reason": "KubeletNotReady"}
    body = {"status": {"conditions": [condition]}}
    await cluster.client.patch(Node, "node-1", body, subresource="status", patch_type="strategic")
    await cluster.clock.sleep(20)
    node = await cluster.client.get(Node, "node-1")
    assert (_ready(node), ("node.kubernetes.io/not-ready", "NoExecute") in _taints(node)) == (
        "False",
        True,
    )
    found = await cluster.client.get(Pod, "p")
    assert found.status is not None
    assert is_true(found.status.conditions, "Ready")
    assert not [text for text in await _told(cluster, "Node") if "NodeNotReady" in text]


async def test_a_pod_that_was_to_go_hears_that_it_may_stay(cluster: Cluster) -> None:
    """When the taint is taken back before its time."""
    toleration = {"key": "maintenance", "effect": "NoExecute", "operator": "Exists"}
    await cluster.apply(
        [pod("p", nodeName="node-1", tolerations=[{**toleration, "tolerationSeconds": 60}])]
    )
    await cluster.clock.sleep(5)
    taint = {"key": "maintenance", "effect": "NoExecute"}
    await cluster.client.patch(Node, "node-1", {"spec": {"taints": [taint]}})
    await cluster.clock.sleep(30)
    await cluster.client.patch(Node, "node-1", {"spec": {"taints": None}})
    await cluster.clock.sleep(60)
    assert (await cluster.client.get(Pod, "p")).metadata.deletion_timestamp is None
    assert await _told(cluster, "Pod") == [
        "TaintManagerEviction: Cancelling deletion of Pod default/p"
    ]


async def test_a_pod_that_was_to_go_hears_when_it_goes_before_its_time(cluster: Cluster) -> None:
    """As in Kubernetes; that its node is gone is no reprieve."""
    toleration = {"key": "maintenance", "effect": "NoExecute", "operator": "Exists"}
    tolerations = [{**toleration, "tolerationSeconds": 60}]
    await cluster.apply([pod(each, nodeName="node-1", tolerations=tolerations) for each in "pq"])
    await cluster.clock.sleep(5)
    taint = {"key": "maintenance", "effect": "NoExecute"}
    await cluster.client.patch(Node, "node-1", {"spec": {"taints": [taint]}})
    await cluster.clock.sleep(5)
    await cluster.client.delete(Pod, "p", grace_period_seconds=0)
    await cluster.clock.sleep(1)
    assert await _told(cluster, "Pod") == [
        "TaintManagerEviction: Cancelling deletion of Pod default/p"
    ]
    await cluster.crash_node("node-1")
    await cluster.client.delete(Node, "node-1")
    await cluster.clock.sleep(20)
    assert len(await _told(cluster, "Pod")) == 1
    assert (await cluster.client.get(Pod, "q")).metadata.deletion_timestamp is None


async def test_a_pod_whose_time_under_a_taint_is_over_hears_of_its_end_alone(
    cluster: Cluster,
) -> None:
    """Nobody tells it that it may stay."""
    toleration = {"key": "maintenance", "effect": "NoExecute", "operator": "Exists"}
    await cluster.apply(
        [pod("p", nodeName="node-1", tolerations=[{**toleration, "tolerationSeconds": 30}])]
    )
    await cluster.clock.sleep(5)
    taint = {"key": "maintenance", "effect": "NoExecute"}
    await cluster.client.patch(Node, "node-1", {"spec": {"taints": [taint]}})
    await cluster.clock.sleep(60)
    assert await _told(cluster, "Pod") == [
        "TaintManagerEviction: Marking for deletion Pod default/p"
    ]
