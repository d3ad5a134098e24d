"""A report that was written is read as it was."""

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest

from orchestrator.cluster import Cluster
from orchestrator.scenario import load, run_scenario
from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.html import render
from orchestrator.scenario.report.reading import read_report
from orchestrator.scenario.report.writing import write_report
from tests.manifests import deployment
from tests.scenario.test_runner import scenario


def test_a_run_interrupted_at_its_very_start_has_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was seen, so what has no value is absent, and what is written can be read."""

    async def interrupted(_: Cluster) -> NoReturn:
        raise asyncio.CancelledError

    monkeypatch.setattr(Cluster, "__aenter__", interrupted)
    report = run_scenario(load(scenario(tmp_path)))
    assert report.outcome == "interrupted"
    assert report.series == Series()
    assert read_report(write_report(report, tmp_path)) == report
    assert "interrupted" in render(report)


def test_what_was_not_there_is_read_as_nothing(tmp_path: Path) -> None:
    """Nodes that come late and go early have no share before and after, rather than one of zero."""
    path = scenario(
        tmp_path,
        nodes=[
            {"name": "base", "count": 1, "leaveAt": "20m"},
            {"name": "peak", "count": 1, "joinAt": "5m"},
        ],
        workloads=[{"objects": [deployment(replicas=4)]}],
        steps=[{"wait": {"podsReady": 4}}, {"sleep": "40m"}],
    )
    report = run_scenario(load(path))
    assert read_report(write_report(report, tmp_path)) == report
    pods = next(heat for heat in report.heat_maps if heat.resource == "pods")
    base, peak = pods.values
    assert base[-1] is None
    assert peak[0] is None
    assert None not in (base[len(base) // 4], peak[-1])
    assert report.series.columns["requested/pods/peak"][0] is None
    assert {use.group for use in report.resources} == {"base", "peak"}
