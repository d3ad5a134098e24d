"""The benchmark's workloads: each comes to its end, at the smallest size."""

import pytest

from benchmarks.scheduler_perf.running import run
from benchmarks.scheduler_perf.workloads import WORKLOADS

ALL = {each.number: each for each in WORKLOADS}


def test_the_workloads_are_those_of_the_original() -> None:
    """All 26, in their order, and after them the largest cluster, which is run only when asked for."""
    assert list(ALL) == list(range(1, 28))
    assert [each.number for each in ALL.values() if each.on_demand] == [27]


@pytest.mark.parametrize("number", [1, 3, 4, 7, 17, 22, 25, 26, 27])
async def test_all_measured_pods_are_seen_bound(number: int) -> None:
    """A hundredth of a hundredth of the pods, on three nodes."""
    found = await run(ALL[number], 0.0005, 600.0)
    assert 0 < found.bound == found.asked
