"""Which changes bring which refused pod back: queueing hints, plugin by plugin."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.scheduler import DEFAULT_PROFILE, GetSchedulerStatistics
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod
from tests.scheduler.test_scheduler import _manifest

_TAINT = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
_ADDED, _LABELS, _TAINTS, _MORE, _GONE = (
    ClusterEvent.NODE_ADDED,
    ClusterEvent.NODE_LABELS,
    ClusterEvent.NODE_TAINTS,
    ClusterEvent.NODE_ALLOCATABLE,
    ClusterEvent.POD_REMOVED,
)


def _node(**more: Any) -> Node:
    return make_node("n", **more)


@pytest.mark.parametrize(
    ("plugin", "pod", "event", "old", "new", "helps"),
    [
        ("NodeName", make_pod("p", nodeName="n"), _ADDED, None, _node(), True),
        ("NodeName", make_pod("p", nodeName="m"), _ADDED, None, _node(), False),
        ("NodeUnschedulable", make_pod("p"), _TAINTS, _node(unschedulable=True), _node(), True),
        ("NodeUnschedulable", make_pod("p"), _TAINTS, _node(), _node(unschedulable=True), False),
        ("NodeUnschedulable", make_pod("p"), _TAINTS, _node(), _node(taints=_TAINT), False),
        ("TaintToleration", make_pod("p"), _ADDED, None, _node(taints=_TAINT), False),
        ("TaintToleration", make_pod("p"), _TAINTS, _node(taints=_TAINT), _node(), True),
        ("TaintToleration", make_pod("p"), _TAINTS, _node(), _node(unschedulable=True), False),
        (
            "TaintToleration",
            make_pod("p", tolerations=[{"operator": "Exists"}]),
            _ADDED,
            None,
            _node(taints=_TAINT),
            True,
        ),
        ("NodeAffinity", make_pod("p", nodeSelector={"a": "b"}), _ADDED, None, _node(), False),
        (
            "NodeAffinity",
            make_pod("p", nodeSelector={"a": "b"}),
            _LABELS,
            _node(),
            _node(labels={"a": "b"}),
            True,
        ),
        (
            "NodeAffinity",
            make_pod("p", nodeSelector={"a": "b"}),
            _LABELS,
            _node(labels={"a": "b"}),
            _node(labels={"a": "b", "c": "d"}),
            False,
        ),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _ADDED, None, _node(cpu="1"), False),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _ADDED, None, _node(cpu="2"), True),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _MORE, _node(cpu="3"), _node(cpu="4"), True),
        (
            "NodeResourcesFit",
            make_pod("p", cpu="2"),
            _MORE,
            _node(memory="1Gi"),
            _node(memory="2Gi"),
            False,
        ),
        ("NodeResourcesFit", make_pod("p"), _MORE, _node(pods="1"), _node(pods="2"), True),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _GONE, make_pod("q"), None, True),
        ("NodePorts", make_pod("p", host_port=80), _GONE, make_pod("q", host_port=80), None, True),
        ("NodePorts", make_pod("p", host_port=80), _GONE, make_pod("q", host_port=81), None, False),
    ],
)
def test_a_plugin_knows_what_helps_a_pod_that_it_refused(
    plugin: str, pod: Pod, event: ClusterEvent, old: Any, new: Any, helps: bool
) -> None:
    """As kube-scheduler's plugins do: a change that makes no difference to the pod does not wake it."""
    (found,) = (p for p in DEFAULT_PROFILE.plugins if p.name == plugin)
    assert event in found.helped_by
    assert found.helps(pod, event, old, new, Snapshot()) is helps  # type: ignore[attr-defined]  # these have it


async def test_a_pod_is_not_tried_again_for_a_node_that_cannot_hold_it(cluster: Cluster) -> None:
    """It stays unschedulable until a node comes that can."""
    await cluster.apply([_manifest("big", requests={"cpu": "64"})])
    await cluster.clock.sleep(20)
    before = (await cluster.system.ref("/scheduler").ask(GetSchedulerStatistics())).attempts
    await cluster.apply([_document("small", "8")])
    await cluster.clock.sleep(20)
    after = (await cluster.system.ref("/scheduler").ask(GetSchedulerStatistics())).attempts
    assert after == before
    await cluster.apply([_document("large", "96")])
    await cluster.clock.sleep(20)
    found = await cluster.client.get(Pod, "big", namespace="default")
    assert found.spec is not None
    assert found.spec.node_name == "large"


def _document(name: str, cpu: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"taints": []},
        "status": {"allocatable": {"cpu": cpu, "memory": "64Gi", "pods": "110"}},
    }
