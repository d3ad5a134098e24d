"""What is left of nodes, and for whom it is of no use, by plain values."""

from typing import Any

from orchestrator.api.core.v1 import Node, Pod
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


def test_nothing_is_lost_where_nothing_is_left() -> None:
    """It is a share of what is free."""
    use = _use(_node("one", "4", "1"))
    use.observe_pod(_bound("a", "one", cpu="1", **{GPU: "1"}), 0.0, comes=True)
    assert use.fragmentation_for(GPU) == {f"cpu=1,{GPU}=1": 0.0}
