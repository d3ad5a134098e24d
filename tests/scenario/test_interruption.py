"""Ctrl-C in a run, wherever it comes: in the midst of a commit, while nodes join, at the end."""

import signal
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.scenario import Report, load, run_scenario
from orchestrator.scenario.loading import Loaded
from orchestrator.scenario.measures.meter import Meter
from orchestrator.store import Change
from tests.manifests import deployment
from tests.scenario.test_runner import scenario

_WRITES = 300  # more than the run below has


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Four nodes, twenty pods, then a while in which only leases are written."""
    path = scenario(
        tmp_path_factory.mktemp("scenario"),
        workloads=[{"objects": [deployment(replicas=20)]}],
        steps=[{"wait": {"podsReady": 20}}, {"sleep": "3m"}],
    )
    return load(path)


@pytest.fixture(scope="module")
def history(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of the run that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    run_scenario(loaded, events=folder)
    return _lines(folder)


def _lines(folder: Path) -> list[bytes]:
    return (folder / "events.jsonl").read_bytes().splitlines()


def _interrupted(loaded: Loaded, events: Path, moment: int, times: int = 1) -> Report:
    """A run in which Ctrl-C comes in the midst of the write of this number."""
    seen = 0
    observe = Meter.observe

    def observe_and_interrupt(meter: Meter, change: Change) -> None:
        nonlocal seen
        observe(meter, change)
        seen += 1
        if seen == moment:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Meter, "observe", observe_and_interrupt)
        return run_scenario(loaded, events=events)


_SETTINGS = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_SETTINGS
@given(moment=st.integers(1, _WRITES))
def test_the_first_ctrl_c_ends_with_what_was_reached(
    loaded: Loaded, history: list[bytes], tmp_path_factory: pytest.TempPathFactory, moment: int
) -> None:
    """A report that says so, and the history up to there: the beginning of the whole one."""
    folder = tmp_path_factory.mktemp("run")
    report = _interrupted(loaded, folder, moment)
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    lines = _lines(folder)
    assert report.outcome == ("passed" if moment > report.revisions else "interrupted")
    assert lines[: report.revisions] == history[: report.revisions]
    assert [path.name for path in folder.iterdir()] == ["events.jsonl"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@_SETTINGS
@given(moment=st.integers(1, 100))
def test_the_second_ctrl_c_does_not_wait(
    loaded: Loaded, tmp_path_factory: pytest.TempPathFactory, moment: int
) -> None:
    """Nor does it leave anything half-written."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(loaded, folder, moment, times=2)
    assert not list(folder.iterdir())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
