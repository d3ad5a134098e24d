"""What nodes are given: how long they may keep what they have read, and networks of pods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Node, NodeSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers import node_ipam
from orchestrator.controllers.node_ipam import next_network, numbers_of
from orchestrator.controllers.node_ttl import ANNOTATION, SIZES, size_of

# Without kubelets, and with the controllers of the annotation and of the networks.
_without_kubelets = pytest.mark.cluster(nodes=0, controllers=["*", "ttl", "node-ipam"])


async def _make(cluster: Cluster, *names: str) -> None:
    for name in names:
        await cluster.client.create(Node(metadata=ObjectMeta(name=name)))
    await cluster.clock.sleep(2)


async def _seconds(cluster: Cluster) -> set[str]:
    found = await cluster.client.list(Node)
    return {each.metadata.annotations.get(ANNOTATION, "") for each in found}


@_without_kubelets
async def test_all_nodes_follow_the_clusters_size(cluster: Cluster) -> None:
    """At once when it has outgrown its size, back when it is well below."""
    names = [f"n-{number}" for number in range(101)]
    await _make(cluster, *names[:100])
    assert await _seconds(cluster) == {"0"}
    await _make(cluster, names[100])
    assert await _seconds(cluster) == {"15"}
    for name in names[:11]:
        await cluster.client.delete(Node, name)
    await cluster.clock.sleep(2)
    assert await _seconds(cluster) == {"15"}
    await cluster.client.delete(Node, names[11])
    await cluster.clock.sleep(2)
    assert await _seconds(cluster) == {"0"}


@_without_kubelets
async def test_a_changed_annotation_is_put_right(cluster: Cluster) -> None:
    """Whatever somebody wrote."""
    await _make(cluster, "n")
    await cluster.client.patch(Node, "n", {"metadata": {"annotations": {ANNOTATION: "often"}}})
    await cluster.clock.sleep(2)
    assert await _seconds(cluster) == {"0"}


@given(st.lists(st.integers(min_value=0, max_value=6000), min_size=1))
def test_a_size_fits_and_changes_as_little_as_can_be(counts: list[int]) -> None:
    """From one number of nodes to the next."""
    size = 0
    for count in counts:
        before, size = size, size_of(count, size)
        assert SIZES[size].least <= count <= SIZES[size].most
        if SIZES[before].least <= count <= SIZES[before].most:
            assert size == before


@_without_kubelets
async def test_a_node_without_a_network_gets_one_of_its_own(cluster: Cluster) -> None:
    """The next, though another was given back; one that brings its own keeps it."""
    own = NodeSpec(pod_cidr="10.192.1.0/24", pod_cidrs=("10.192.1.0/24",))
    await cluster.client.create(Node(metadata=ObjectMeta(name="own"), spec=own))
    await _make(cluster, "a")
    await _make(cluster, "b")
    await cluster.client.delete(Node, "a")
    await _make(cluster, "c")
    found = {
        each.metadata.name: (each.spec.pod_cidr, each.spec.pod_cidrs)
        for each in await cluster.client.list(Node)
        if each.spec is not None
    }
    assert found == {
        "own": ("10.192.1.0/24", ("10.192.1.0/24",)),
        "b": ("10.192.2.0/24", ("10.192.2.0/24",)),
        "c": ("10.192.3.0/24", ("10.192.3.0/24",)),
    }


@_without_kubelets
async def test_people_hear_that_none_is_left(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the node gets one when another goes."""
    monkeypatch.setattr(node_ipam, "_MANY", 1)
    await _make(cluster, "a", "b")
    events = await cluster.client.list(Event, namespace="default")
    [told] = [each for each in events if each.reason == "CIDRNotAvailable"]
    assert told.message == "Node b status is now: CIDRNotAvailable"
    assert told.source is not None
    assert told.source.component == "cidrAllocator"
    await cluster.client.delete(Node, "a")
    await cluster.clock.sleep(10)
    node = await cluster.client.get(Node, "b")
    assert node.spec is not None
    assert node.spec.pod_cidr == "10.192.0.0/24"


@given(st.sets(st.integers(min_value=0, max_value=20)), st.integers(min_value=-1, max_value=16383))
def test_the_next_network_is_free(taken: set[int], after: int) -> None:
    """And the nearest behind the last one, round and round."""
    number = next_network(taken, after)
    assert number is not None
    assert number not in taken
    between = range(after + 1, number) if number > after else range(after + 1, 16384)
    assert set(between) <= taken


@pytest.mark.parametrize(
    ("cidrs", "numbers"),
    [
        (["10.192.0.0/24"], [0]),
        (["10.192.4.0/23"], [4, 5]),
        (["10.192.0.128/25", "fd00::/64", "?"], [0]),
        (["10.128.0.0/24"], []),
        (["10.255.255.0/24"], [16383]),
    ],
)
def test_the_numbers_of_networks(cidrs: list[str], numbers: list[int]) -> None:
    """Of all that one overlaps with."""
    assert list(numbers_of(cidrs)) == numbers
