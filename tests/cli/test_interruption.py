"""Ctrl-C and SIGTERM, from the first import to the last line of the report."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestrator.scenario.replay import read_replayable
from tests.manifests import deployment
from tests.scenario.test_runner import scenario

# As the console script, but it says when the interpreter is up: before, Ctrl-C is Python's own.
BEGIN = """\
import sys
from orchestrator.__main__ import main
sys.argv[0] = "orchestrator"
print("begun", flush=True)
main()
"""
MOMENTS = 12


class _Ended(NamedTuple):
    code: int
    stdout: str
    stderr: str
    seconds: float


def _run(path: Path, out: Path, *signals: tuple[float, signal.Signals]) -> _Ended:
    """`orchestrator run`, with signals so many seconds after the last."""
    child = subprocess.Popen(
        [sys.executable, "-c", BEGIN, "run", str(path), "--out", str(out), "--events"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        begun = time.perf_counter()
        for seconds, each in signals:
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.send_signal(each)
        stdout, stderr = child.communicate(timeout=60)
    finally:
        child.kill()
    return _Ended(child.returncode, stdout, stderr, time.perf_counter() - begun)


def _check(ended: _Ended, out: Path) -> str:
    """What every ending promises; answers the report's outcome, if there is one."""
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
    files = {path.name for path in out.iterdir()} if out.exists() else set()
    assert files <= {"events.jsonl", "report.json", "report.html"}
    if "report.json" not in files:
        assert ended.code == 130
        assert ended.stderr.splitlines()[-1] == "Interrupted"
        assert "report.html" not in files
        return ""
    report = read_replayable(out)
    assert ended.code == (0 if report.outcome == "passed" and ended.code == 0 else 130)
    if report.outcome == "interrupted":  # nobody waits for a picture of it
        assert "report.html" not in files
        assert f"orchestrator page {out}" in ended.stdout
    elif ended.code == 0 or "report.html" in files:
        assert (out / "report.html").read_text().rstrip().endswith("</html>")
    assert len((out / "events.jsonl").read_bytes().splitlines()) >= report.revisions
    return report.outcome


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(
        tmp_path_factory.mktemp("scenario"),
        nodes=[{"name": "node", "count": 50}],
        workloads=[{"objects": [deployment(replicas=200)]}],
        steps=[{"wait": {"podsReady": 200}}, {"sleep": "5m"}],
    )


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_ctrl_c_at_any_moment_ends_cleanly(
    path: Path, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    """With the report of what was reached, or, before there was anything, with one line."""
    whole = _run(path, tmp_path / "whole")
    assert whole.code == 0, whole.stderr

    def interrupt(number: int) -> str:
        out = tmp_path / str(number)
        moment = 0.01 + whole.seconds * number / MOMENTS
        return _check(_run(path, out, (moment, signal.SIGINT)), out)

    outcomes = list(pool.map(interrupt, range(MOMENTS)))
    assert outcomes[0] == ""


def test_a_second_ctrl_c_does_not_wait_for_the_report(
    path: Path, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    """There is a whole one, or none."""

    def interrupt(number: int) -> None:
        out = tmp_path / str(number)
        moments = [(1.0 + number * 0.7, signal.SIGINT), (0.05 + number / 10, signal.SIGINT)]
        _check(_run(path, out, *moments), out)

    list(pool.map(interrupt, range(3)))


def test_to_be_told_to_end_is_as_ctrl_c(tmp_path: Path) -> None:
    """The report of what was reached."""
    path = scenario(tmp_path, steps=[{"sleep": "876000h"}])
    out = tmp_path / "out"
    ended = _run(path, out, (1.5, signal.SIGTERM))
    assert ended.code == 130
    assert _check(ended, out) in ("interrupted", "")


_IN_A_CALLBACK = """\
import signal, sys, time, weakref
from orchestrator import __main__
sys.unraisablehook = __main__._heard_again
class Watched: pass
watched = Watched()
reference = weakref.ref(watched, lambda _: signal.raise_signal(signal.SIGINT))
try:
    del watched
    time.sleep(60)
except KeyboardInterrupt:
    print("heard")
"""


def test_ctrl_c_in_a_callback_is_not_lost() -> None:
    """Python cannot raise it there; it is heard right after, and nobody sees a traceback."""
    ended = subprocess.run(
        [sys.executable, "-c", _IN_A_CALLBACK],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.stdout, ended.stderr) == ("heard\n", "")
