"""GPUs that pods share: who gets which device, who does not fit though the sum would do, and what policies
score, beside a plain evaluation of what each means.
"""

from collections import Counter
from math import exp
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.cluster import node_spec
from orchestrator.machinery.shared_gpus import DEVICE, DEVICES, RESOURCE, amount_for, shares_of
from orchestrator.scheduler import DEFAULT_PROFILE, load_configuration
from orchestrator.scheduler.errors import InvalidConfiguration
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.plugins.gpu_sharing.devices import GpuDevices, deal
from orchestrator.scheduler.plugins.gpu_sharing.tasks import MODEL, Kind, kinds_in, popular
from orchestrator.scheduler.refusals import Refusal
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


class _World:
    """Nodes with so many devices, and the pods that were placed there."""

    def __init__(self, *devices: int, plugin: GpuDevices | None = None, **more: Any) -> None:
        self.snapshot = Snapshot()
        for number, count in enumerate(devices):
            capacity: dict[str, Any] = {RESOURCE: str(count * DEVICE), **more}
            self.snapshot.put_node(make_node(f"n{number}", **capacity))
        self.plugin = plugin or GpuDevices()
        self.placement = Placement(DEFAULT_PROFILE.adding(self.plugin), self.snapshot)

    def place(self, name: str, milli: int, cpu: str = "1") -> str | Refusal:
        pod = make_pod(name, requests={RESOURCE: str(milli), "cpu": cpu})
        chosen = self.placement.choose(pod, Random(0))
        if isinstance(chosen, str):
            self.plugin.pre_bind(pod, chosen, self.snapshot)
            self.snapshot.add_pod(name, pod, chosen)
        return chosen

    def free(self) -> list[list[int]]:
        free: list[list[int]] = self.plugin.ledger(self.snapshot).catch_up(self.snapshot).tolist()
        return free[: len(self.snapshot)]


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


def test_a_pod_that_is_thought_away_has_its_devices_when_it_is_back() -> None:
    """As preemption does it."""
    world = _World(2)
    for name in "abc":
        world.place(name, 500)
    before = world.free()
    pods = world.snapshot.pods_on(0)
    with world.placement.supposing(0, removing=(pods[0],)):
        assert world.free() != before
    assert world.free() == before


def test_a_scheduler_that_starts_again_reads_what_pods_have() -> None:
    """Their annotations say it, whatever it would deal them now."""
    world = _World(2)
    pod = make_pod("a", requests={RESOURCE: "600"}, nodeName="n0")
    annotated = replace(pod, metadata=replace(pod.metadata, annotations={DEVICES: "1"}))
    world.snapshot.add_pod("a", annotated, "n0")
    assert world.free()[0] == [1000, 400]


def test_pods_without_gpus_go_anywhere_and_gpu_pods_where_there_is_one() -> None:
    """The plugin has no say about the first."""
    world = _World(0, 1)
    assert world.place("gpu", 1000) == "n1"
    assert isinstance(world.place("plain", 0), str)


async def test_a_cluster_counts_by_device_when_its_scheduler_is_told_to(cluster: Cluster) -> None:
    """By the configuration's own words: a plugin's module and class."""
    scheduler = {
        "plugins": ["orchestrator.scheduler.plugins.gpu_sharing:GpuDevices"],
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
        kept = await sharing.client.get(Pod, "b")
        devices = [shares_of(each.metadata.annotations, 600) for each in (kept, last)]
        assert devices == [{1: 600}, {0: 600}]


# --- policies ------------------------------------------------------------------------------

_PODS = st.lists(
    st.tuples(st.sampled_from([0, 200, 300, 500, 700, 1000, 2000]), st.integers(1, 8)), max_size=12
)


def _policy(name: str, **arguments: Any) -> Any:
    document = {
        "plugins": [f"orchestrator.scheduler.plugins.gpu_sharing:{name}"],
        "profiles": [
            {
                "plugins": {
                    "multiPoint": {"enabled": [{"name": name}]},
                    "score": {"disabled": [{"name": "*"}], "enabled": [{"name": name}]},
                },
                "pluginConfig": [{"name": name, "args": arguments}],
            }
        ],
    }
    if name == "Random":
        del document["profiles"][0]["plugins"]["score"]["enabled"]  # type: ignore[index]
    return load_configuration(document).profiles[0]


def _plugin(profile: Any, name: str) -> Any:
    return next(plugin for plugin in profile.plugins if plugin.name == name)


def _best_fit(cpu: int, free: list[int], asked: int, gpu: int, _pods: list[int]) -> int:
    return int((1 - ((cpu - asked) / 128_000 * 0.5 + (sum(free) - gpu) / 8000 * 0.5)) * 100)


def _dot_product(cpu: int, free: list[int], asked: int, gpu: int, _pods: list[int]) -> int:
    product = cpu / 128_000 * (asked / 128_000) + sum(free) / 8000 * (gpu / 8000)
    return int(100 * (1 - product / 2))


def _clustering(_cpu: int, free: list[int], _asked: int, gpu: int, pods: list[int]) -> int:
    kinds = {each // 1000 for each in pods}
    rank = (3 if len(kinds) == 1 else 2) if gpu // 1000 in kinds else (0 if kinds else 1)
    return 25 * (8000 - sum(free)) // 8000 + 25 * rank


def _packing(_cpu: int, free: list[int], _asked: int, gpu: int, _pods: list[int]) -> int:
    idle = free.count(1000)
    if idle == len(free):
        return max(33 - idle, idle)
    each, count = min(gpu, 1000), max(1, gpu // 1000)
    used = sorted(left for left in free if left >= each)[:count]
    if 1000 in used:
        return max(50 - used.count(1000), 33)
    return max(100 - sum(left * 100 // 1000 for left in used) // 10, 50)


_PLAIN = {
    "BestFit": _best_fit,
    "DotProd": _dot_product,
    "GpuClustering": _clustering,
    "GpuPacking": _packing,
}


@pytest.mark.parametrize("name", _PLAIN)
@given(pods=_PODS, gpu=st.sampled_from([0, 300, 1000, 2000]), asked=st.integers(1, 8))
@settings(max_examples=30)
def test_a_policy_scores_as_its_paper_says(
    name: str, pods: list[tuple[int, int]], gpu: int, asked: int
) -> None:
    """Each node that fits, beside the formula over its own numbers."""
    profile = _policy(name)
    world = _World(2, 2, 3, plugin=_plugin(profile, name), cpu="64")
    for number, (milli, cpu) in enumerate(pods):
        world.place(f"p{number}", milli, str(cpu))
    pod = make_pod("last", requests={RESOURCE: str(gpu), "cpu": str(asked)})
    kernel = world.plugin.score_kernel(pod, world.snapshot)  # type: ignore[attr-defined]
    if not gpu and name in ("GpuClustering", "GpuPacking"):
        assert kernel is None
        return
    free = world.free()
    rows = [row for row in range(3) if deal(free[row], gpu) is not None] if gpu else [0, 1, 2]
    scores = kernel.rows(np.array(rows, np.intp)).tolist() if rows else []
    for row, score in zip(rows, scores, strict=True):
        there = world.snapshot.pods_on(row)
        cpu = 64_000 - int(world.snapshot.requested[0, row])
        devices = free[row][: (2, 2, 3)[row]]
        amounts = [amount_for(each) for each in there]
        having = [amount for amount in amounts if amount]
        assert score == _PLAIN[name](cpu, devices, asked * 1000, gpu, having)


def _useless(cpu: int, free: list[int], model: str, tasks: list[tuple[Kind, float]]) -> float:
    """A node's fragmentation, kind by kind."""
    total = 0.0
    for kind, share in tasks:
        able = sum(left >= kind.milli for left in free)
        accepted = not kind.models or model in kind.models
        if kind.devices and accepted and cpu >= kind.cpu and able >= kind.devices:
            total += share * sum(left for left in free if left < kind.milli)
        else:
            total += share * sum(free)
    return total


_TASKS = "cpu_milli,num_gpu,gpu_milli,gpu_spec\n" + "\n".join(
    [
        "4000,1,500,",
        "4000,1,500,",
        "8000,1,1000,",
        "2000,1,200,T4|P100",
        "1000,0,0,",
        "9000,2,1000,T4",
    ]
)


@given(pods=_PODS, gpu=st.sampled_from([0, 300, 700, 1000, 2000]), asked=st.integers(1, 8))
@settings(max_examples=40)
def test_fgd_scores_by_the_growth_of_what_is_useless(
    tmp_path_factory: pytest.TempPathFactory, pods: list[tuple[int, int]], gpu: int, asked: int
) -> None:
    """On each node, and for shares on the best of its devices, which the pod then gets."""
    path = tmp_path_factory.mktemp("tasks") / "tasks.csv"
    path.write_text(_TASKS)
    tasks = popular(kinds_in(str(path)))
    plugin = _plugin(_policy("FGD", tasks=str(path)), "FGD")
    world = _World(2, 3, plugin=plugin, cpu="64")
    for number, (milli, cpu) in enumerate(pods):
        world.place(f"p{number}", milli, str(cpu))
    pod = make_pod("last", requests={RESOURCE: str(gpu), "cpu": str(asked)})
    for row in (0, 1):
        free = world.free()[row][: (2, 3)[row]]
        if gpu and deal(free, gpu) is None:
            continue
        cpu = 64_000 - int(world.snapshot.requested[0, row])
        gains = {}
        for device, left in enumerate(free):
            after = list(free)
            if 0 < gpu < 1000:
                if left < gpu:
                    continue
                after[device] -= gpu
            else:
                for taken, amount in (deal(free, gpu) or {} if gpu else {}).items():
                    after[taken] -= amount
            before = _useless(cpu, free, "", tasks)
            gain = before - _useless(cpu - asked * 1000, after, "", tasks)
            gains[device] = int(100 / (1 + exp(-gain / 1000)))
        kernel = plugin.score_kernel(pod, world.snapshot)
        assert kernel.row(row) == max(gains.values())
        if 0 < gpu < 1000:
            plugin.pre_bind(pod, f"n{row}", world.snapshot)
            world.snapshot.add_pod("last", pod, f"n{row}")
            then = world.free()[row]
            assert gains[next(d for d, left in enumerate(free) if then[d] != left)] == max(
                gains.values()
            )
            world.snapshot.remove_pod("last", f"n{row}")


def test_among_equals_the_first_by_name_is_taken() -> None:
    """By every policy that scores."""
    for name in (*_PLAIN, "FGD"):
        profile = _policy(name)
        snapshot = Snapshot()
        for node in ("c", "a", "b"):
            more: dict[str, Any] = {RESOURCE: "2000"}
            snapshot.put_node(make_node(node, **more))
        pod = make_pod("p", requests={RESOURCE: "500"})
        assert Placement(profile, snapshot).choose(pod, Random(0)) == "a"


def test_without_a_list_the_tasks_that_come_are_what_is_expected() -> None:
    """After shares of 0.6 alone a half that is free is of no use, so that whole devices stay so."""
    world = _World(2, plugin=_plugin(_policy("FGD"), "FGD"), cpu="64")
    for number in range(2):
        world.place(f"p{number}", 600)
    assert sorted(world.free()[0]) == [400, 400]
    world.snapshot.remove_pod("p0", "n0")
    assert world.place("small", 300) == "n0"
    assert sorted(world.free()[0]) == [100, 1000]  # not on the device that can still take a 0.6


def test_the_popular_kinds_are_nineteen_of_twenty() -> None:
    """The rest is left out, and the shares sum to 1."""
    counts = Counter({Kind(1, 0, 0): 90, Kind(2, 500, 1): 6, Kind(3, 1000, 1): 4})
    assert popular(counts) == [(Kind(1, 0, 0), 90 / 96), (Kind(2, 500, 1), 6 / 96)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "expected the columns cpu_milli, num_gpu, gpu_milli, gpu_spec"),
        ("cpu_milli,num_gpu,gpu_milli,gpu_spec\n1,x,2,\n", ":2: expected whole numbers"),
    ],
)
def test_a_file_that_is_no_list_of_tasks_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Where the plugin is configured, with the place."""
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InvalidConfiguration, match=words):
        _policy("FGD", tasks=str(path))


def test_a_model_that_a_task_does_not_accept_is_useless_to_it() -> None:
    """The node's label says which model it has."""
    assert MODEL == "alibabacloud.com/gpu-card-model"
    tasks = [(Kind(1, 500, 1, ("T4",)), 1.0)]
    assert _useless(10, [1000], "P100", tasks) == 1000
    assert _useless(10, [1000], "T4", tasks) == 0
