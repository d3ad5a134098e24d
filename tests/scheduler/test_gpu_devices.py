"""GPUs that are counted by device: who gets what, and who does not fit though the sum would do."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.cluster import node_spec
from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.placement import Placement, Refusal
from orchestrator.scheduler.plugins.gpu_devices import DEVICE, RESOURCE, GpuDevices, deal
from orchestrator.scheduler.snapshot import Snapshot
from tests.manifests import pod as manifest
from tests.scheduler.objects import make_node, make_pod


@pytest.mark.parametrize(
    ("free", "amount", "shares"),
    [
        ([1000, 1000], 500, {0: 500}),
        ([1000, 600], 500, {1: 500}),  # the fullest that has room
        ([1000, 300, 500], 500, {2: 500}),
        ([500, 500], 1000, None),  # two halves are no device
        ([500, 1000, 1000], 2000, {1: 1000, 2: 1000}),
        ([500, 1000, 1000], 2500, {1: 1000, 2: 1000, 0: 500}),
        ([1000], 2000, None),
        ([400, 400], 500, None),
        ([], 1, None),
    ],
)
def test_shares_lie_on_one_device_and_whole_ones_on_whole_devices(
    free: list[int], amount: int, shares: dict[int, int] | None
) -> None:
    """None where the devices cannot serve the pod, whatever their sum."""
    assert deal(free, amount) == shares


@given(st.lists(st.integers(0, DEVICE), max_size=8), st.integers(1, 8 * DEVICE))
def test_nothing_is_dealt_twice(free: list[int], amount: int) -> None:
    """What is dealt is what was asked for, and was free."""
    shares = deal(free, amount)
    if shares is not None:
        assert sum(shares.values()) == amount
        assert all(taken <= free[device] for device, taken in shares.items())


def _pod(name: str, milli: int) -> Pod:
    return make_pod(name, requests={RESOURCE: str(milli)})


class _World:
    """Nodes with so many devices, and the pods that were placed there."""

    def __init__(self, *devices: int) -> None:
        self.snapshot = Snapshot()
        for number, count in enumerate(devices):
            more: dict[str, Any] = {RESOURCE: str(count * DEVICE)}
            self.snapshot.put_node(make_node(f"n{number}", **more))
        self.plugin = GpuDevices()
        self.placement = Placement(DEFAULT_PROFILE.adding(self.plugin), self.snapshot)

    def place(self, name: str, milli: int) -> str | Refusal:
        pod = _pod(name, milli)
        chosen = self.placement.choose(pod, Random(0))
        if isinstance(chosen, str):
            self.snapshot.add_pod(name, pod, chosen)
            self.plugin.pre_bind(pod, chosen, self.snapshot)
        return chosen


def test_a_whole_device_is_not_made_of_halves() -> None:
    """The pod waits, with a reason of its own, until one device is free."""
    world = _World(2)
    assert [world.place(name, 600) for name in "ab"] == ["n0", "n0"]
    refused = world.place("c", 600)
    assert isinstance(refused, Refusal)
    assert "1 Insufficient alibabacloud.com/gpu-milli on one device" in refused.message
    assert world.place("d", 400) == "n0"
    assert isinstance(world.place("e", 1000), Refusal)
    world.snapshot.remove_pod("b", "n0")
    assert world.place("f", 1000) == "n0"


def test_a_pod_stays_on_its_device_when_others_go() -> None:
    """What its neighbour leaves is free; what it has is not dealt again."""
    world = _World(2)
    for name in "abc":
        assert world.place(name, 500) == "n0"  # a and b share a device, c has half of the other
    world.snapshot.remove_pod("a", "n0")
    assert isinstance(world.place("whole", 1000), Refusal)
    world.snapshot.remove_pod("b", "n0")
    assert world.place("whole", 1000) == "n0"


def test_pods_without_gpus_go_anywhere_and_gpu_pods_where_there_is_one() -> None:
    """The plugin has no say about the first."""
    world = _World(0, 1)
    assert world.place("gpu", 1000) == "n1"
    assert isinstance(world.place("plain", 0), str)


async def test_a_cluster_counts_by_device_when_its_scheduler_is_told_to(cluster: Cluster) -> None:
    """By the configuration's own words: a plugin's module and class."""
    scheduler = {
        "plugins": ["orchestrator.scheduler.plugins.gpu_devices:GpuDevices"],
        "profiles": [{"plugins": {"multiPoint": {"enabled": [{"name": "GpuDevices"}]}}}],
    }
    nodes = [
        node_spec(
            "gpu", 0, capacity={"cpu": "8", "memory": "32Gi", "pods": "110", RESOURCE: "2000"}
        )
    ]
    async with Cluster(nodes, scheduler=scheduler) as sharing:
        for name in ("a", "b", "c"):
            share = {RESOURCE: "600"}
            pod = manifest(name)
            pod["spec"]["containers"][0]["resources"] = {"requests": share, "limits": share}
            await sharing.apply([pod])
        await sharing.clock.sleep(30)
        pods = await sharing.client.list(Pod, namespace="default")
        assert [p.metadata.name for p in pods if not (p.spec and p.spec.node_name)] == ["c"]
        await sharing.client.delete(Pod, "a")
        await sharing.clock.sleep(60)
        last = await sharing.client.get(Pod, "c")
        assert last.spec is not None
        assert last.spec.node_name == "gpu"
