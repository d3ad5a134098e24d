"""Spreading that is asked for: the short way to the best nodes against a look at each."""

from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.plugins import spread_lead
from orchestrator.scheduler.plugins.pod_topology_spread import HOSTNAME, ZONE
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod

_TAINT = [{"key": "t", "value": "", "effect": "NoSchedule"}]
_nodes = st.lists(
    st.fixed_dictionaries(
        {
            "zone": st.sampled_from(["a", "b", "c", ""]),
            "cpu": st.sampled_from(["1", "2", "3"]),
            "tainted": st.sampled_from([False, False, True]),
        }
    ),
    min_size=1,
    max_size=9,
)
_steps = st.lists(
    st.tuples(st.sampled_from(["come", "come", "go", "change"]), st.integers(0, 9)), max_size=20
)


def _pod(name: str, *constraints: dict[str, Any]) -> Pod:
    wanted = {
        "topologyKey": ZONE,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    every = [{"maxSkew": 1, **wanted, **each} for each in constraints]
    return make_pod(name, cpu="500m", labels={"app": "x"}, topologySpreadConstraints=every)


_RULES = ["DoNotSchedule", "ScheduleAnyway", "of hosts, too"]


@settings(max_examples=60, deadline=None)
@given(
    _nodes,
    _steps,
    st.integers(1, 2),
    st.integers(1, 3),
    st.sampled_from(["Honor", "Ignore"]),
    st.sampled_from(_RULES),
    st.sampled_from([0, 256]),
)
def test_the_best_of_the_zones_that_are_open_are_the_best_of_all_nodes(
    nodes: list[dict[str, Any]],
    steps: list[tuple[str, int]],
    skew: int,
    least: int,
    taints: str,
    rule: str,
    many: int,
) -> None:
    """Whatever comes, goes and changes; nodes without the label, and such as do not count, included."""
    snapshot, random = Snapshot(), Random(1)

    def put(number: int, zone: str) -> None:
        labels = {HOSTNAME: f"n{number}"} | ({ZONE: zone} if zone else {})
        given = nodes[number]
        tainted = _TAINT if given["tainted"] else []
        node = make_node(f"n{number}", cpu=given["cpu"], labels=labels, taints=tainted)
        snapshot.put_node(node)

    for number, node in enumerate(nodes):
        put(number, node["zone"])
    placement = Placement(DEFAULT_PROFILE, snapshot)
    constraint = {"maxSkew": skew, "minDomains": least, "nodeTaintsPolicy": taints}
    more = []
    if rule != _RULES[0]:
        constraint["whenUnsatisfiable"] = "ScheduleAnyway"
    if rule == _RULES[2]:
        more = [{"topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway"}]
    placed: list[tuple[Pod, str]] = []
    for number, (what, which) in enumerate(steps):
        if what == "go" and placed:
            pod, node_name = placed.pop(which % len(placed))
            snapshot.remove_pod(pod.metadata.uid, node_name)
        elif what == "change":
            put(which % len(nodes), "abc"[number % 3])
        pod = _pod(f"p{number}", constraint, *more)
        shape = placement.shape_of(pod)
        wanted = shape.best_of(shape.feasible()).tolist()
        with patch.object(spread_lead, "_MANY_ROWS", many):
            assert list(shape.leaders()) == wanted
        choice = placement.choose(pod, random)
        if isinstance(choice, str):
            assert snapshot.row_of(choice) in wanted
            snapshot.add_pod(pod.metadata.uid, pod, choice)
            placed.append((pod, choice))
        else:
            assert not wanted
