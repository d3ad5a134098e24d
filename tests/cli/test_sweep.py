"""A scenario with a sweep, run as a user runs it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.scenario import ScenarioError, load, run_scenario
from orchestrator.scenario.loading import Source, plan_sweep
from orchestrator.scenario.report.model import SweepReport
from orchestrator.scenario.report.reading import read_report
from orchestrator.scenario.sweep import SweepProgress, run_sweep
from tests.cli.waiting import until
from tests.manifests import deployment
from tests.scenario.test_runner import scenario

COMMAND = [sys.executable, "-m", "orchestrator"]
SETTINGS = {"replicas": [2, 3]}
needs_proc = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="no list of children"
)


def _orchestrator(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "160"},
        check=False,
    )


def _swept(folder: Path, **sweep: Any) -> Path:
    """Pods that start by chance; with two replicas the expectation holds, with three it does not."""
    return scenario(
        folder,
        parameters={"replicas": 1, "start": "uniform(1, 3)"},
        workloads=[{"objects": [deployment(replicas=1)]}],
        simulation={"containers": {"startSeconds": "{{start}}"}},
        steps=[
            {"scale": {"name": "web", "replicas": "{{replicas}}"}},
            {"wait": {"podsReady": "{{replicas}}"}},
        ],
        expect={"podsReady": {"atMost": 2}},
        **({"sweep": sweep} if sweep else {}),
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of two settings with two seeds each, one setting of which fails."""
    folder = tmp_path_factory.mktemp("sweep")
    path = _swept(folder, parameters=SETTINGS, seeds=[1, 2])
    done = _orchestrator("run", path, "--out", folder / "out", "--events")
    assert done.returncode == 1, done.stderr
    assert "4 runs of 2 settings" in done.stdout
    assert "replicas=3,seed=2: failed: podsReady is 3, expected ≤ 2" in done.stdout
    return folder / "out"


def _joined(out: Path) -> SweepReport:
    report = read_report(out)
    assert isinstance(report, SweepReport)
    return report


def test_runs_are_joined_and_each_has_its_own_report(out: Path) -> None:
    """Means over the seeds of each setting, and directories that say what was run."""
    joined = _joined(out)
    assert joined.outcome == "failed"
    assert [(r.directory, r.outcome) for r in joined.runs] == [
        ("replicas=2,seed=1", "passed"),
        ("replicas=2,seed=2", "passed"),
        ("replicas=3,seed=1", "failed"),
        ("replicas=3,seed=2", "failed"),
    ]
    assert [(c.parameters, c.runs) for c in joined.cells] == [
        ({"replicas": 2}, 2),
        ({"replicas": 3}, 2),
    ]
    start = joined.cells[0].measures["podStartSecondsMax"]
    assert start.min < start.mean < start.max
    assert start.deviation is not None
    for run in joined.runs:
        files = sorted(path.name for path in (out / run.directory).iterdir())
        assert files == ["events.jsonl", "report.html", "report.json"]
        own = json.loads((out / run.directory / "report.json").read_bytes())
        assert own["digest"] == run.digest
        assert own["command"].endswith(
            f"--set replicas={run.parameters['replicas']} --seed {run.seed}"
        )
    assert "replicas%3D3%2Cseed%3D1/report.html" in (out / "report.html").read_text()


def test_a_run_is_what_it_would_be_alone(out: Path, tmp_path: Path) -> None:
    """However many processes there are."""
    alone = load(_swept(tmp_path), {"replicas": "2"})
    digests = [run_scenario(alone, seed=seed).digest for seed in (1, 2)]
    assert digests[0] != digests[1]
    assert [run.digest for run in _joined(out).runs[:2]] == digests
    plan = plan_sweep(
        Source.read(_swept(tmp_path, parameters=SETTINGS, seeds=[2, 1], processes=1)),
        {"replicas": "2"},
        None,
    )
    assert plan is not None
    assert [run.digest for run in run_sweep(plan).runs] == digests[::-1]


def test_a_run_of_a_sweep_can_be_replayed(out: Path) -> None:
    """The sweep itself names its runs."""
    done = _orchestrator("replay", out, "--until", "1s")
    assert done.returncode == 2
    assert "replay one of them: replicas=2,seed=1" in done.stderr


def test_sweeps_are_compared_by_setting(out: Path, tmp_path: Path) -> None:
    """What is fixed by --set is one setting, which stands next to the equal one."""
    path = _swept(tmp_path, parameters=SETTINGS, seeds=[1, 7])
    other = tmp_path / "other"
    chosen = ("--set", "replicas=3", "--seed", "1")
    done = _orchestrator("run", path, *chosen, "--no-page", "--out", other)
    assert done.returncode == 1, done.stderr
    assert [run.directory for run in _joined(other).runs] == ["replicas=3,seed=1"]
    assert _joined(other).cells[0].measures["podsReady"].deviation is None
    page = tmp_path / "comparison.html"
    done = _orchestrator("compare", out, other, "--measure", "podsReady", "--out", page)
    assert done.returncode == 0, done.stderr
    assert "replicas=2: only in out" in done.stdout
    assert "replicas=3: 1 of 1 histories are equal" in done.stdout
    assert "equal" in done.stdout.splitlines()[-2]
    assert "replicas=2" in page.read_text()


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"parameters": {"nobody": [1]}}, "sweep.parameters.nobody: there is no parameter nobody"),
        ({"parameters": {"replicas": []}}, "sweep.parameters"),
        ({"parameters": {"replicas": 5}}, "sweep.parameters"),
        ({"seeds": []}, "sweep.seeds: expected"),
        ({"seeds": [3, 4, 3]}, "sweep.seeds[2]: the seed 3 stands there twice"),
        ({"seeds": ["many"]}, "sweep.seeds[0]"),
        ({"parameters": {}}, "sweep: expected parameters with their values, seeds, or both"),
        ({"seeds": [1], "processes": -1}, "sweep.processes"),
        ({"seeds": [1], "processors": 2}, "processors"),
        ({"parameters": {"replicas": [1, "1"]}}, "the setting replicas=1 stands there twice"),
        ({"parameters": {"replicas": [1, "many"]}}, "expected a number such as 1, got"),
        (
            {"parameters": {"replicas": [1, 2], "start": ["2", "soon"]}},
            "(in the sweep's setting replicas=1, start=soon)",
        ),
    ],
)
def test_a_wrong_sweep_is_found_before_any_run(
    tmp_path: Path, sweep: dict[str, Any], message: str
) -> None:
    """It is said where, and of which setting."""
    path = _swept(tmp_path, **sweep)
    with pytest.raises(ScenarioError) as caught:
        plan_sweep(Source.read(path), {}, None)
    assert str(caught.value).startswith(f"{path}:")
    assert message in str(caught.value)


def test_a_wrong_sweep_is_exit_code_2_and_one_clear_line(tmp_path: Path) -> None:
    """And no directory."""
    path = _swept(tmp_path, seeds=[3, 4, 3])
    done = _orchestrator("run", path, "--out", tmp_path / "out")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: {path}:")
    assert not (tmp_path / "out").exists()


def test_the_example_has_a_run_for_every_setting_and_seed() -> None:
    """In directories that any file system takes."""
    plan = plan_sweep(Source.read(Path("examples/sweep.yaml")), {"replicas": "2"}, None)
    assert plan is not None
    assert [run.directory for run in plan.runs[2:4]] == [
        "replicas=2,start=uniform_1,_3_,seed=3",
        "replicas=2,start=lognormal_2,_0.5_,seed=1",
    ]
    assert len(plan.runs) == 6


def test_causes_are_of_one_run(tmp_path: Path) -> None:
    """A sweep has many."""
    done = _orchestrator("run", _swept(tmp_path, seeds=[1]), "--trace-causes", "Deployment/web")
    assert done.returncode == 2
    assert "--trace-causes shows one run" in done.stderr


# --- what ends before its time ---------------------------------------------------------------


def _lasting(folder: Path, seconds: list[int], processes: int) -> Path:
    """Runs that last so long by the wall's clock, if run in real time."""
    return scenario(
        folder,
        parameters={"seconds": 0},
        nodes=[{"name": "node", "count": 1}],
        steps=[{"sleep": "{{seconds}}s"}],
        sweep={"parameters": {"seconds": seconds}, "processes": processes},
    )


@contextmanager
def _sweeping(
    path: Path, out: Path, *more: str, clock: str = "real"
) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(
        [*COMMAND, "run", str(path), "--clock", clock, "--out", str(out), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def _children(running: subprocess.Popen[str]) -> list[int]:
    return _children_of(running.pid)


def _children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def _is_worker(pid: int) -> bool:
    return b"scenario.sweep.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _check_interrupted(running: subprocess.Popen[str], out: Path) -> SweepReport:
    """Nothing goes on, and nothing is half-written."""
    children = _children(running)
    stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 130, stdout + stderr
    assert stderr.strip() == ""
    assert all(map(_is_gone, children))
    assert not list(out.glob("**/.*"))
    joined = _joined(out)
    assert joined.outcome == "interrupted"
    assert not (out / "report.html").exists()
    for run in joined.runs:
        assert (out / run.directory / "report.json").exists() is not bool(run.error)
        if run.outcome == "interrupted":
            assert not (out / run.directory / "report.html").exists()
    return joined


@needs_proc
@pytest.mark.parametrize(
    ("send", "number"),
    [(os.killpg, signal.SIGINT), (os.kill, signal.SIGINT), (os.kill, signal.SIGTERM)],
)
def test_ctrl_c_while_processes_begin(
    tmp_path: Path, send: Callable[[int, int], None], number: int
) -> None:
    """Whether a terminal sends it to the whole group, or somebody to the command alone."""
    out = tmp_path / "out"
    with _sweeping(_lasting(tmp_path, [3600, 3601, 3602], 2), out) as running:
        until(lambda: len(_children(running)) == 2)
        send(running.pid, number)
        joined = _check_interrupted(running, out)
    assert [run.outcome for run in joined.runs] == ["interrupted"] * 3
    assert joined.runs[2].error == "interrupted before it began"


@needs_proc
def test_ctrl_c_ends_with_the_reports_of_what_was_reached(tmp_path: Path) -> None:
    """The mean of a setting is that of the runs that came to their end; nobody waits for pages, which can be
    drawn later.
    """
    out = tmp_path / "out"
    path = _lasting(tmp_path, [0, 10**9, 10**9 + 1], 1)
    under_way = out / "seconds=1000000000,seed=0" / ".events.jsonl.unfinished"
    with _sweeping(path, out, "--events", clock="virtual") as running:
        until(lambda: under_way.exists() and under_way.stat().st_size)
        os.killpg(running.pid, signal.SIGINT)
        joined = _check_interrupted(running, out)
    assert [bool(run.error) for run in joined.runs] == [False, False, True]
    assert [cell.runs for cell in joined.cells] == [1, 0, 0]
    assert joined.runs[1].measures["revisions"] > 0
    drawn = _orchestrator("page", out)
    assert (drawn.returncode, drawn.stdout) == (0, f"written {out}/report.html\n"), drawn.stderr
    assert "interrupted before it began" in (out / "report.html").read_text()


@needs_proc
def test_a_killed_sweep_leaves_no_children(tmp_path: Path) -> None:
    """They notice that nobody waits for them any more."""
    with _sweeping(_lasting(tmp_path, [3600, 7200], 2), tmp_path / "out") as running:
        until(lambda: len(_children(running)) == 2)
        children = _children(running)
        running.kill()
        until(lambda: all(map(_is_gone, children)))


@needs_proc
def test_a_run_whose_process_is_killed_has_failed_and_the_others_go_on(tmp_path: Path) -> None:
    """With the signal as its reason."""
    out = tmp_path / "out"
    with _sweeping(_lasting(tmp_path, [3600, 0], 1), out) as running:
        until(lambda: _children(running))
        os.kill(_children(running)[0], signal.SIGKILL)
        stdout, stderr = running.communicate(timeout=30)
        assert running.returncode == 1, stderr
    assert "seconds=3600,seed=0: failed: its process was killed (SIGKILL" in stdout
    joined = _joined(out)
    assert [run.outcome for run in joined.runs] == ["failed", "passed"]
    assert [cell.runs for cell in joined.cells] == [0, 1]
    assert "SIGKILL" in (out / "report.html").read_text()


def test_a_run_that_cannot_write_has_failed_and_the_others_go_on(tmp_path: Path) -> None:
    """As when the disk is full."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "seed=1").write_text("in the way")
    plan = plan_sweep(Source.read(scenario(tmp_path, sweep={"seeds": [1, 2]})), {}, None)
    assert plan is not None
    report = run_sweep(plan, out=out)
    assert [run.outcome for run in report.runs] == ["failed", "passed"]
    assert str(out / "seed=1") in report.runs[0].error
    assert (out / "seed=2" / "report.json").exists()


@needs_proc
def test_a_second_ctrl_c_kills(tmp_path: Path) -> None:
    """Whatever a run is at: this one has begun, and hears nothing."""
    plan = plan_sweep(Source.read(_lasting(tmp_path, [3600, 3601], 1)), {}, None)
    assert plan is not None
    presses = 0

    def show(now: SweepProgress) -> None:
        nonlocal presses
        if presses == 0 and now.running and now.running[0].step != "beginning":
            for child in filter(_is_worker, _children_of(os.getpid())):
                os.kill(child, signal.SIGSTOP)
            presses = 1
        elif presses == 1 and now.ending:
            presses = 2

    report = run_sweep(plan, clock="real", on_progress=show, interruptions=lambda: presses)
    assert [run.error for run in report.runs] == [
        "interrupted twice, so it was killed",
        "interrupted before it began",
    ]


def test_ctrl_c_does_not_wait_for_processes_that_begin(tmp_path: Path) -> None:
    """They have nothing to report."""
    plan = plan_sweep(Source.read(_lasting(tmp_path, [3600, 3601], 1)), {}, None)
    assert plan is not None
    report = run_sweep(plan, clock="real", interruptions=chain([0], repeat(1)).__next__)
    assert [run.error for run in report.runs] == [
        "interrupted before there was anything to report",
        "interrupted before it began",
    ]
