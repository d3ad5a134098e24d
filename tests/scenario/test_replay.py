"""Which reports can be replayed, to when, and where a replay is no repetition."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors
from actors.virtual import VirtualLoop
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.scenario import load, run_scenario
from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.replay import (
    Moment,
    ReplayError,
    check_same_history,
    parse_until,
    read_replayable,
)
from orchestrator.scenario.report.model import Report, SweepReport, SweepRun
from orchestrator.scenario.running.replaying import ScenarioReplayer
from tests.cli.replaying import SmallRun, make_report, write
from tests.scenario.shipped import ROOT


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report()


def test_a_report_that_was_written_is_read(report: Report, tmp_path: Path) -> None:
    """As it was."""
    assert read_replayable(write(report, tmp_path)) == report


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clock": "real"}, "a run in real time cannot be repeated"),
        ({"text": "kind: Other\n"}, "the scenario in it was edited"),
        ({"api_version": "orchestrator/v9"}, 'expected a report of .*, got "orchestrator/v9"'),
        ({"kind": "Shopping"}, "it is no report"),
        ({"series": Series(virtual_seconds=(1.0,))}, "its samples are not whole"),
        ({"seed": "seven"}, "it is no whole Report: Expected `int`"),
    ],
)
def test_a_report_of_another_kind_is_refused(
    report: Report, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """It says which, in one line."""
    with pytest.raises(ReplayError, match=message) as caught:
        read_replayable(write(msgspec.structs.replace(report, **change), tmp_path))
    assert "\n" not in str(caught.value)


def test_a_sweeps_report_names_its_runs(report: Report, tmp_path: Path) -> None:
    """Each has a report of its own."""
    runs = tuple(
        SweepRun(
            parameters={}, seed=n, directory=f"run-{n}", outcome="passed", digest="", measures={}
        )
        for n in range(5)
    )
    sweep = SweepReport(
        scenario="s",
        description="",
        text="",
        command="",
        outcome="passed",
        wall_seconds=1,
        runs=runs,
        cells=(),
        environment=report.environment,
    )
    with pytest.raises(ReplayError, match=r"replay one of them: run-0, run-1, run-2, \.\.\."):
        read_replayable(write(sweep, tmp_path))


def test_what_is_absent_is_refused(tmp_path: Path) -> None:
    """The directory, or the report in it."""
    with pytest.raises(ReplayError, match="expected the directory that a run wrote"):
        read_replayable(tmp_path / "absent")
    with pytest.raises(ReplayError, match="cannot be read: No such file"):
        read_replayable(tmp_path)


@given(st.data())
def test_a_torn_report_is_refused_wherever_it_was_torn(
    report: Report, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """At any byte."""
    directory = tmp_path_factory.mktemp("torn")
    whole = msgspec.json.encode(report)
    (directory / "report.json").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ReplayError, match=r"torn|whole"):
        read_replayable(directory)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90s", 90), ("1m30s", 90), ("1500ms", 1.5), ("2m", 120)]
)
def test_a_moment_is_a_duration_since_the_start(report: Report, text: str, seconds: float) -> None:
    """The end is one, too."""
    assert parse_until(text, report) == seconds


@pytest.mark.parametrize("text", ["", "90", "soon", "-1s", "1h30", "s"])
def test_a_malformed_moment_is_refused(report: Report, text: str) -> None:
    """With the form that is expected."""
    with pytest.raises(ReplayError, match="expects a duration such as 90s or 1h30m"):
        parse_until(text, report)


def test_a_moment_beyond_the_end_is_refused(report: Report) -> None:
    """It says when the end is."""
    with pytest.raises(ReplayError, match="--until 121s is after the run's end, which is at 120s"):
        parse_until("121s", report)


async def _digests(seed: int | None, report: Report, until: float) -> dict[int, str]:
    async with SmallRun(seed).bring_to(report, until) as moment:
        return dict(moment.digests)


def test_the_same_history_is_found_to_be_the_same(report: Report) -> None:
    """Up to the moment: samples after it do not count."""
    digests = actors.run(_digests, None, report, 60.0)
    check_same_history(report, digests, 60.0)
    with pytest.raises(ReplayError, match=r"part after 55s \(revision .*\) and not after 90s"):
        check_same_history(report, digests, 120.0)


def test_another_history_says_where_they_part(report: Report) -> None:
    """And what is different where it runs."""
    digests = actors.run(_digests, 8, report, 60.0)
    with pytest.raises(ReplayError, match=r"they part not after 5s \(revision") as caught:
        check_same_history(report, digests, 60.0)
    assert "no-such-package 1 then and none now" in str(caught.value)
    check_same_history(report, digests, 4.0)  # before the first sample nothing is known


async def _looked_at(moment: Moment) -> tuple[int, int, float]:
    client = moment.cluster.client
    nodes, pods = await client.list(Node), await client.list(Pod)
    return len(nodes), len(pods), moment.cluster.clock.monotonic()


async def _at(report: Report, until: float) -> tuple[int, int, float]:
    async with SmallRun().bring_to(report, until) as moment:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.stand_still()
        try:
            return await _looked_at(moment)
        finally:
            loop.become_real()


def test_a_cluster_that_stands_still_is_as_it_was(report: Report) -> None:
    """Before the Deployment came, and after."""
    assert actors.run(_at, report, 9.0) == (2, 0, 9.0)
    assert actors.run(_at, report, 30.0) == (2, 3, 30.0)


def test_a_traced_run_is_replayed_as_it_was() -> None:
    """It has a history of its own, and the report says so."""
    traced: list[actors.Trace] = []
    report = run_scenario(load(ROOT / "examples/first-scenario.yaml"), on_trace=traced.append)
    plain = run_scenario(load(ROOT / "examples/first-scenario.yaml"))
    assert (report.traced, plain.traced) == (True, False)
    assert report.digest != plain.digest

    async def bring_back() -> None:
        async with ScenarioReplayer().bring_to(report, report.virtual_seconds) as moment:
            check_same_history(report, moment.digests, report.virtual_seconds)
            assert moment.digests[report.revisions] == report.digest

    actors.run(bring_back)
