"""A trace as an experiment."""

from pathlib import Path
from random import Random

import pytest

from orchestrator.scenario import load, run_scenario
from orchestrator.scenario.traces import find_importer
from orchestrator.scenario.traces.openb import GPU
from orchestrator.scenario.traces.reshaping import Shape, device_of, reshaped
from tests.scenario.shipped import ROOT, write_trace


def test_an_inflated_trace_asks_for_so_many_times_what_there_is(tmp_path: Path) -> None:
    """One by one, in an order that is the seed's, with names of their own, and for good."""
    write_trace(tmp_path)
    trace = find_importer("openb").load(tmp_path, {})
    assert device_of(trace) == GPU
    shape = Shape(inflate=1.3, speed=100, departures=False)
    tasks = list(reshaped(trace, trace.tasks, shape, Random(1)))
    asked = sum(int(task.requests.get(GPU, "0")) for task in tasks)
    there = sum(int(node.capacity.get(GPU, "0")) for node in trace.nodes)
    assert 1.3 * there <= asked <= 1.3 * there + 1000
    assert len({task.name for task in tasks}) == len(tasks)
    assert all(task.duration_seconds is None for task in tasks)
    times = [task.arrival_seconds for task in tasks]
    assert times == sorted(times)
    assert times[-1] <= trace.tasks[-1].arrival_seconds / 100 * 1.5
    assert list(reshaped(trace, trace.tasks, shape, Random(1))) == tasks
    assert list(reshaped(trace, trace.tasks, shape, Random(2))) != tasks
    assert list(reshaped(trace, trace.tasks, Shape(), Random(1))) == list(trace.tasks)


@pytest.mark.parametrize("policy", ["GpuPacking", "Random"])
def test_what_is_allocated_falls_behind_what_has_arrived(tmp_path: Path, policy: str) -> None:
    """It follows at first, and never is more than all."""
    write_trace(tmp_path)
    parameters = {"folder": str(tmp_path), "nodes": "all", "policy": policy}
    report = run_scenario(load(ROOT / "benchmarks/openb-fgd.yaml", parameters))
    assert report.failure is None
    at = [report.measures[f"allocatedAt/{p}/{GPU}"] for p in (80, 90, 100, 120)]
    assert at == sorted(at)
    assert 0.6 <= at[0] <= 0.85
    assert at[-1] <= 1.0
    arrived = [share for share in report.series.columns[f"arrived/{GPU}"] if share is not None]
    assert arrived[-1] >= 1.3
    lost = {
        kind: share
        for kind, share in report.measures.items()
        if kind.startswith(f"fragmentationFor/{GPU}/")
    }
    assert len(lost) == 8
    assert all(f"{GPU}=" in kind and 0.0 <= share <= 1.0 for kind, share in lost.items())
    assert set(lost) <= set(report.series.columns)
