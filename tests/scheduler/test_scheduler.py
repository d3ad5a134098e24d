"""The scheduler in a cluster: binding, texts, events, plugins of one's own."""

from typing import Any, ClassVar

import numpy as np
import pytest

import actors
from actors import Fault, FaultPlan, MessageFault
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import Binding, Event, Node, Pod
from orchestrator.apiserver.subresources import binding
from orchestrator.scheduler import DEFAULT_PROFILE, GetSchedulerStatistics, Plugin
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import Int64, Rows, Snapshot
from tests.scheduler.objects import make_node


def _manifest(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "i", "resources": {"requests": spec.pop("requests", {})}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [container], **spec},
    }


def _scheduled(pod: Pod) -> tuple[str, str, str]:
    assert pod.status is not None
    found = next(c for c in pod.status.conditions if c.type == "PodScheduled")
    return found.status, found.reason or "", found.message or ""


async def _pod(cluster: Cluster, name: str) -> Pod:
    return await cluster.client.get(Pod, name, namespace="default")


async def test_a_pod_without_a_place_says_why_and_is_placed_when_there_is_room(
    cluster: Cluster,
) -> None:
    await cluster.apply([_manifest("big", requests={"cpu": "32"}, nodeName="node-0")])
    await cluster.apply([_manifest("other", requests={"cpu": "20"})])
    for number in (1, 2):
        await cluster.client.patch(Node, f"node-{number}", {"spec": {"unschedulable": True}})
    await cluster.clock.sleep(5)
    await cluster.apply([_manifest("late", requests={"cpu": "20"})])
    await cluster.clock.sleep(5)
    late = await _pod(cluster, "late")
    assert late.spec is not None
    assert not late.spec.node_name
    assert _scheduled(late) == (
        "False",
        "Unschedulable",
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. no new claims to "
        "deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming "
        "pod, 2 Preemption is not helpful for scheduling.",
    )
    events = await cluster.client.list(Event, namespace="default")
    failed = [e for e in events if e.reason == "FailedScheduling"]
    assert {e.involved_object.name for e in failed} == {"late"}
    await cluster.client.delete(Pod, "big", namespace="default")
    await cluster.client.wait(Pod, "late", "condition=Ready", namespace="default", timeout=60)
    assert _scheduled(await _pod(cluster, "late"))[0] == "True"


async def test_a_pod_that_made_room_goes_there_though_a_better_node_is_free_now() -> None:
    """As kube-scheduler tries the promised node first; here the victim kept others off the other node, too."""
    async with Cluster(nodes=0, controllers=(), proxies=False) as cluster:
        account = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "default"}}
        await cluster.apply([_important, {**account, "automountServiceAccountToken": False}])
        for name, cpu in (("a", "4"), ("b", "40")):
            node = make_node(name, cpu=cpu, labels={"zone": "one"})
            await cluster.client.create(node)
            status = codec.to_dict(node)["status"]
            await cluster.client.patch(
                Node, name, {"status": status}, patch_type="merge", subresource="status"
            )
            await cluster.client.patch(Node, name, {"spec": {"taints": None}}, patch_type="merge")
        alone = {"topologyKey": "zone", "labelSelector": {}}
        rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [alone]}}
        gone_at_once = {"terminationGracePeriodSeconds": 0, "nodeName": "a", "affinity": rule}
        await cluster.apply([_manifest("low", requests={"cpu": "1"}, **gone_at_once)])
        await cluster.clock.sleep(1)
        await cluster.apply(
            [_manifest("high", requests={"cpu": "1"}, priorityClassName="important")]
        )
        await cluster.clock.sleep(5)
        high = await _pod(cluster, "high")
        assert high.spec is not None
        assert high.spec.node_name == "a"


_important = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "important"},
    "value": 1000,
}


async def test_a_pod_with_gates_waits_for_them_to_go(cluster: Cluster) -> None:
    await cluster.apply([_manifest("gated", schedulingGates=[{"name": "example.com/wait"}])])
    await cluster.clock.sleep(5)
    assert _scheduled(await _pod(cluster, "gated"))[:2] == ("False", "SchedulingGated")
    await cluster.client.patch(
        Pod, "gated", {"spec": {"schedulingGates": None}}, namespace="default"
    )
    await cluster.client.wait(Pod, "gated", "condition=Ready", namespace="default", timeout=30)


async def test_pods_of_another_scheduler_are_left_alone(cluster: Cluster) -> None:
    await cluster.apply([_manifest("foreign", schedulerName="other")])
    await cluster.clock.sleep(10)
    foreign = await _pod(cluster, "foreign")
    assert foreign.spec is not None
    assert not foreign.spec.node_name


async def test_equal_pods_are_spread_over_the_nodes(cluster: Cluster) -> None:
    await cluster.apply([_manifest(f"p{n}", requests={"cpu": "1"}) for n in range(9)])
    await cluster.clock.sleep(5)
    pods = await cluster.client.list(Pod, namespace="default")
    nodes = [p.spec.node_name for p in pods if p.spec is not None]
    assert sorted(nodes.count(f"node-{n}") for n in range(3)) == [3, 3, 3]


class PreferLast(Plugin):
    """Likes the node with the highest number."""

    name: ClassVar[str] = "PreferLast"

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        return np.array([int(nodes.names[row].rpartition("-")[2]) for row in rows], np.int64)


@pytest.mark.cluster(
    nodes=4,
    scheduler=DEFAULT_PROFILE.adding(PreferLast(), weight=1000),
)
async def test_a_plugin_of_ones_own_decides(cluster: Cluster) -> None:
    await cluster.apply([_manifest(f"p{n}") for n in range(5)])
    await cluster.clock.sleep(5)
    pods = await cluster.client.list(Pod, namespace="default")
    assert {p.spec.node_name for p in pods if p.spec is not None} == {"node-3"}


class OnePerNode(Plugin):
    """Sets one place aside on each node."""

    name: ClassVar[str] = "OnePerNode"
    helped_by = frozenset((ClusterEvent.POD_REMOVED,))

    def __init__(self) -> None:
        self.reserved: dict[str, str] = {}
        self.told: list[str] = []

    def reserve(self, pod: Pod, node: str) -> str:
        if node in self.reserved:
            return f"{node} is taken"
        self.reserved[node] = pod.metadata.name
        return ""

    def unreserve(self, pod: Pod, node: str) -> None:
        self.told.append(f"unreserve {pod.metadata.name}")
        if self.reserved.get(node) == pod.metadata.name:
            del self.reserved[node]

    def permit(self, pod: Pod, node: str) -> str:
        return "not today" if pod.metadata.name == "forbidden" else ""

    def post_bind(self, pod: Pod, node: str) -> None:
        self.told.append(f"bound {pod.metadata.name}")

    def post_filter(self, pod: Pod, refusal: Refusal, cycle: Placement) -> str:
        self.told.append(f"nowhere {pod.metadata.name}")
        return ""


def _cluster(plugin: Plugin, *faults: Fault) -> Cluster:
    profile = DEFAULT_PROFILE.adding(plugin)
    return Cluster(nodes=1, scheduler=profile, faults=FaultPlan(faults) if faults else None)


def test_a_plugin_reserves_permits_and_is_told_of_the_end() -> None:
    async def main() -> None:
        plugin = OnePerNode()
        async with _cluster(plugin) as cluster:
            await cluster.apply([_manifest("forbidden")])
            await cluster.clock.sleep(1)
            assert plugin.reserved == {}
            await cluster.apply([_manifest("one")])
            await cluster.clock.sleep(1)
            await cluster.apply([_manifest("two"), _manifest("huge", requests={"cpu": "900"})])
            await cluster.clock.sleep(1)
            texts = {n: _scheduled(await _pod(cluster, n))[2] for n in ("forbidden", "two")}
            assert texts == {
                "forbidden": "0/1 nodes are available: 1 not today.",
                "two": "0/1 nodes are available: 1 node-0 is taken.",
            }
            assert plugin.reserved == {"node-0": "one"}
            assert {"bound one", "unreserve forbidden", "nowhere huge"} <= set(plugin.told)

    actors.run(main)


def test_a_binding_that_fails_gives_back_what_was_reserved() -> None:
    async def main() -> None:
        plugin = OnePerNode()
        lost = MessageFault(
            action="drop", sender="/scheduler", target="/apiserver", message="Create", count=1
        )
        async with _cluster(plugin, lost) as cluster:
            await cluster.apply([_manifest("one")])
            await cluster.clock.sleep(60)
            assert plugin.told == ["unreserve one", "bound one"]
            assert plugin.reserved == {"node-0": "one"}

    actors.run(main)


@pytest.mark.cluster(nodes=1, record_events=False)
async def test_a_pod_whose_binding_meets_a_conflict_is_tried_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One 409 is not the end of a pod that is still there and has no node."""
    obstacle = binding._obstacle
    refused: list[str] = []

    def once(bound: Binding, pod: Pod) -> str:
        if not refused:
            refused.append(pod.metadata.name)
            return "the object has been modified"
        return obstacle(bound, pod)

    monkeypatch.setattr(binding, "_obstacle", once)
    await cluster.apply([_manifest("late")])
    await cluster.clock.sleep(30)
    assert refused == ["late"]
    late = await _pod(cluster, "late")
    assert late.spec is not None
    assert late.spec.node_name == "node-0"


async def test_a_scheduler_that_crashes_loses_no_pod(cluster: Cluster) -> None:
    await cluster.apply([_manifest(f"p{n}") for n in range(20)])
    cluster.crash("/scheduler")
    await cluster.clock.sleep(30)
    pods = await cluster.client.list(Pod, namespace="default")
    assert all(p.spec is not None and p.spec.node_name for p in pods)
    statistics = await cluster.system.ref("/scheduler").ask(GetSchedulerStatistics())
    assert sum(statistics.queue.values()) == 0
