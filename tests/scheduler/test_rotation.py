"""Whose turn it is to be scored, when not all nodes are."""

from random import Random

import pytest

from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.loading import load_configuration
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.plugins.pod_topology_spread import ZONE
from orchestrator.scheduler.rotation import enough
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod


@pytest.mark.parametrize(
    ("nodes", "percentage", "count"),
    [
        (99, 10, 99),
        (100, 10, 100),
        (1000, 0, 420),
        (5000, 0, 500),
        (6000, 0, 300),
        (1000, 30, 300),
        (1000, 5, 100),
        (1000, 100, 1000),
    ],
)
def test_so_many_nodes_are_scored_as_kube_scheduler_scores(
    nodes: int, percentage: int, count: int
) -> None:
    assert enough(nodes, percentage) == count


def _rows(placement: Placement, pod_name: str) -> list[str]:
    """The nodes that fit and are scored for a pod."""
    found = placement.candidates(make_pod(pod_name))
    assert isinstance(found, list)
    return found


def test_each_search_begins_where_the_one_before_it_ended_and_zones_take_turns() -> None:
    snapshot = Snapshot()
    for number in range(300):  # the first 150 in one zone, the others in another
        zone = "a" if number < 150 else "b"
        snapshot.put_node(make_node(f"n{number:03}", labels={ZONE: zone}))
    (profile,) = load_configuration({"percentageOfNodesToScore": 10}).profiles
    placement = Placement(profile, snapshot)
    turns = [f"n{start + number:03}" for number in range(150) for start in (0, 150)]
    assert _rows(placement, "p") == sorted(turns[:100])
    assert _rows(placement, "q") == sorted(turns[100:200])
    assert placement.choose(make_pod("r"), Random(0)) in turns[200:]
    assert _rows(placement, "s") == sorted(turns[:100])


def test_all_nodes_are_scored_unless_a_profile_says_how_many() -> None:
    snapshot = Snapshot()
    for number in range(120):
        snapshot.put_node(make_node(f"n{number:03}"))
    assert len(_rows(Placement(DEFAULT_PROFILE, snapshot), "p")) == 120
    (profile,) = load_configuration(
        {"percentageOfNodesToScore": 100, "profiles": [{"percentageOfNodesToScore": 5}]}
    ).profiles
    assert len(_rows(Placement(profile, snapshot), "p")) == 100
