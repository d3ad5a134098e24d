"""What is left of nodes, and for whom it is of no use, by plain values."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.machinery.shared_gpus import DEVICES, RESOURCE
from orchestrator.scenario.measures.resources import NodeUse
from orchestrator.store import Change
from tests.scheduler.objects import make_node, make_pod

GPU = "example.com/gpu"


def _use(*nodes: Node) -> NodeUse:
    use = NodeUse(lambda _name: "all")
    for revision, node in enumerate(nodes, 1):
        use.observe_node(Change("ADDED", node, None, revision, bucket="nodes"), now=0.0)
    return use


def _bound(name: str, node: str, **asked: str) -> Pod:
    pod = make_pod(name, requests=dict(asked), nodeName=node)
    assert pod.spec is not None
    return pod


def _node(name: str, cpu: str, gpus: str) -> Node:
    more: dict[str, Any] = {GPU: gpus}
    return make_node(name, cpu=cpu, **more)


def test_what_is_free_may_be_of_use_to_one_kind_of_pod_and_not_to_another() -> None:
    """Of each resource the share on nodes without room, by kinds that ask for it."""
    use = _use(_node("big", "8", "4"), _node("small", "2", "4"))
    use.observe_pod(_bound("a", "big", cpu="6", **{GPU: "2"}), 0.0, comes=True)
    use.observe_pod(_bound("b", "small", cpu="1", **{GPU: "1"}), 0.0, comes=True)
    use.observe_pod(_bound("c", "small", cpu="1"), 0.0, comes=True)
    # Left: on big 2 CPUs and 2 GPUs, on small none and 3.
    kinds = use.fragmentation_for(GPU)
    assert kinds == {f"cpu=6,{GPU}=2": 1.0, f"cpu=1,{GPU}=1": 3 / 5}
    assert use.fragmentation_for("example.com/none") == {}


def _dealt(name: str, node: str, devices: str, **asked: str) -> Pod:
    pod = _bound(name, node, **asked)
    return replace(pod, metadata=replace(pod.metadata, annotations={DEVICES: devices}))


def test_of_gpus_that_pods_share_each_device_counts() -> None:
    """Two halves are free of two devices: of use to who wants a half, and of none to who wants a whole one."""
    more: dict[str, Any] = {RESOURCE: "2000"}
    use = _use(make_node("one", cpu="8", **more))
    for name, devices in (("a", "0"), ("b", "1")):
        use.observe_pod(_dealt(name, "one", devices, **{RESOURCE: "500"}), 0.0, comes=True)
    whole = _dealt("c", "one", "0", **{RESOURCE: "1000"})
    use.observe_pod(whole, 0.0, comes=True)
    use.observe_pod(whole, 1.0, comes=False)
    kinds = use.fragmentation_for(RESOURCE)
    assert kinds == {f"{RESOURCE}=500": 0.0, f"{RESOURCE}=1000": 1.0}
    # Of three pods seen one could use nothing of it.
    assert {u.resource: u.fragmentation for u in use.now()}[RESOURCE] == pytest.approx(1 / 3)


def test_what_lies_on_devices_with_too_little_is_lost_where_there_is_room() -> None:
    """A node that can take the pod still has scraps."""
    more: dict[str, Any] = {RESOURCE: "2000"}
    use = _use(make_node("one", cpu="8", **more))
    use.observe_pod(_dealt("a", "one", "1", **{RESOURCE: "700"}), 0.0, comes=True)
    assert use.fragmentation_for(RESOURCE) == {f"{RESOURCE}=700": pytest.approx(300 / 1300)}
    # A pod that does not say which devices it has: all are counted by node again.
    use.observe_pod(_bound("b", "one", **{RESOURCE: "100"}), 0.0, comes=True)
    assert use.fragmentation_for(RESOURCE)[f"{RESOURCE}=700"] == 0.0


def test_nothing_is_lost_where_nothing_is_left() -> None:
    """It is a share of what is free."""
    use = _use(_node("one", "4", "1"))
    use.observe_pod(_bound("a", "one", cpu="1", **{GPU: "1"}), 0.0, comes=True)
    assert use.fragmentation_for(GPU) == {f"cpu=1,{GPU}=1": 0.0}


def test_nodes_in_use_are_those_with_pods() -> None:
    use = _use(_node("big", "8", "4"), _node("small", "2", "4"))
    assert use.occupied == 0
    pods = [_bound(name, "big", cpu="1") for name in "ab"]
    for pod in pods:
        use.observe_pod(pod, 0.0, comes=True)
    assert use.occupied == 1
    use.observe_pod(_bound("c", "small"), 0.0, comes=True)
    assert use.occupied == 2
    for pod in pods:
        use.observe_pod(pod, 1.0, comes=False)
    assert use.occupied == 1
