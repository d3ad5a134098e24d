"""The scenarios that the project ships, at small sizes; see `tests.scenario.shipped`."""

import sys

import pytest

import actors
from orchestrator.scenario import load, run_scenario
from orchestrator.scenario.replay import check_same_history
from orchestrator.scenario.running.replaying import ScenarioReplayer
from tests.scenario.shipped import ROOT, SMALL, histories, shipped


def test_every_shipped_scenario_has_a_small_size() -> None:
    """So that none is left out of the next test."""
    assert sorted(SMALL) == shipped()


def test_each_has_one_history_whatever_the_process_and_its_hashes() -> None:
    """And it passes; `python -m tests.scenario.shipped PYTHON` compares with other interpreters."""
    _, (one, other) = histories(sys.executable)
    assert one == other


@pytest.mark.parametrize("name", ["density", "limits", "scale"])
def test_each_can_be_brought_back_to_its_very_end(name: str) -> None:
    """To the last write of the moment at which it ended."""
    path = f"benchmarks/{name}.yaml"
    report = run_scenario(load(ROOT / path, SMALL[path]))

    async def bring_back() -> None:
        async with ScenarioReplayer().bring_to(report, report.virtual_seconds) as moment:
            check_same_history(report, moment.digests, report.virtual_seconds)
            assert moment.digests[report.revisions] == report.digest

    actors.run(bring_back)


@pytest.mark.parametrize("name", ["density", "limits", "load", "node-failures", "rolling-updates"])
def test_each_has_work_for_a_single_node(name: str) -> None:
    """`--set nodes=1` is a smaller cluster, and not one in which nothing happens."""
    report = run_scenario(load(ROOT / f"benchmarks/{name}.yaml", {"nodes": "1"}))
    assert report.outcome == "passed", report.expectations
    assert report.measures["podsStarted"] > 0
