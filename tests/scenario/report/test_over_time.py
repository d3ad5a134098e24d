"""What is measured has a course over time, and a page that draws it."""

from pathlib import Path

from orchestrator.scenario import load, run_scenario
from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.html import render
from orchestrator.scenario.report.plots.over_time import over_time
from tests.manifests import deployment
from tests.scenario.test_runner import scenario


def test_latencies_writes_and_messages_are_told_over_time(tmp_path: Path) -> None:
    """The last sample says what the run's measures say; messages are told by kind of actor."""
    path = scenario(
        tmp_path,
        simulation={"containers": {"startSeconds": "uniform(1, 3)"}},
        workloads=[{"objects": [deployment(replicas=20)]}],
        steps=[{"wait": {"podsReady": 20}}, {"sleep": "1m"}],
        faults=[{"fault": "message", "action": "delay", "message": "Create", "seconds": 0.2}],
    )
    report = run_scenario(load(path))
    assert report.outcome == "passed", report.failure
    columns = report.series.columns
    for name in (
        *("schedulingSecondsP99", "podStartSecondsP99", "podReadySecondsP99"),
        *("apiReadSecondsP99", "apiWriteSecondsP99", "writesPerPod", "restarts"),
    ):
        assert columns[name][-1] == report.measures[name], name
    assert (columns["apiWriteSecondsP99"][-1] or 0) > 0
    last = {use.path: use.messages for use in report.actors}
    assert columns["messages//apiserver"][-1] == last["/apiserver"]
    assert columns["messages//nodes/*/kubelet"][-1] == last["/nodes/*/kubelet"]
    handled = [count or 0 for count in columns["messages//apiserver"]]
    assert handled == sorted(handled)
    page = render(report)
    for title in ("Pod latencies so far", "Waits for API calls", "Messages handled", "Memory"):
        assert title in page


def test_what_never_was_is_not_drawn() -> None:
    """No samples, no pictures; a column of nothing has none."""
    assert "<svg" not in over_time(Series(), "time")
    series = Series(
        virtual_seconds=(0.0, 1.0),
        wall_seconds=(0.0, 0.1),
        revisions=(1, 2),
        columns={"restarts": (0.0, 0.0), "memoryBytes": (1e6, 2e6)},
    )
    page = over_time(series, "time")
    assert "Memory" in page
    assert "Restarts" not in page
