"""`orchestrator replay` as a user has it: a process, kubectl, and what is refused."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from orchestrator.cli.replay import replay_command
from orchestrator.scenario.report.model import Report
from tests.cli.replaying import SmallRun, make_report, write

COMMAND = [sys.executable, "-m", "tests.cli.replaying"]
KUBECTL = str(Path(sys.executable).parent / "kubectl")


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report()


@contextmanager
def _replay(directory: Path, *arguments: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What it announces, and kubectl's environment; it ends by Ctrl-C, and well."""
    path = directory / "kubeconfig"
    running = subprocess.Popen(
        [
            *COMMAND,
            str(directory),
            *arguments,
            "--listen",
            "127.0.0.1:0",
            "--kubeconfig",
            str(path),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert running.stdout is not None
        announced = running.stdout.readline()
        assert running.stdout.readline().startswith("export KUBECONFIG="), running.communicate()
        yield announced, {**os.environ, "KUBECONFIG": str(path)}
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=30)
        assert (running.returncode, stderr) == (0, "")
    finally:
        if running.poll() is None:
            running.kill()
            running.communicate()


def _kubectl(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KUBECTL, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )


def _running(environment: dict[str, str]) -> int:
    done = _kubectl(environment, "get", "pods", "-o", "json")
    pods = json.loads(done.stdout)["items"]
    return sum(pod["status"].get("phase") == "Running" for pod in pods)


def test_a_moment_is_shown_and_cannot_be_written_to(report: Report, tmp_path: Path) -> None:
    """Time stands still, and a write says how to branch."""
    with _replay(write(report, tmp_path), "--until", "10500ms") as (announced, environment):
        assert announced.startswith("small after 10500ms, read-only at https://127.0.0.1:")
        shown = _kubectl(environment, "get", "pods")
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.count("web-") == 3
        assert _running(environment) == 0
        refused = _kubectl(environment, "scale", "deployment", "web", "--replicas=5")
        assert refused.returncode != 0
        assert "Forbidden" in refused.stderr
        assert "--branch" in refused.stderr
        # The containers take a second to start, and the wall's clock has gone on.
        assert _running(environment) == 0


def test_a_branch_lives_on_in_real_time(report: Report, tmp_path: Path) -> None:
    """And may be written to: the pods start, and more of them come."""
    arguments = ("--until", "10500ms", "--branch")
    with _replay(write(report, tmp_path), *arguments) as (announced, environment):
        assert announced.startswith("small after 10500ms at https://127.0.0.1:")
        scaled = _kubectl(environment, "scale", "deployment", "web", "--replicas=5")
        assert scaled.returncode == 0, scaled.stderr
        rolled = _kubectl(environment, "rollout", "status", "deployment/web", "--timeout=40s")
        assert rolled.returncode == 0, rolled.stderr
        assert _running(environment) == 5


def test_a_node_that_was_down_stays_down(report: Report, tmp_path: Path) -> None:
    """Nobody gives it power because the cluster is served."""
    arguments = ("--until", "118s", "--branch")
    with _replay(write(report, tmp_path), *arguments) as (_, environment):
        waited = _kubectl(
            environment, "wait", "node/node-1", "--for=condition=Ready", "--timeout=3s"
        )
        assert waited.returncode != 0
        ready = _kubectl(
            environment, "wait", "node/node-0", "--for=condition=Ready", "--timeout=9s"
        )
        assert ready.returncode == 0, ready.stderr


def _refused(directory: Path, *arguments: str) -> str:
    """The one line of an error, with exit code 2."""
    done = CliRunner().invoke(replay_command(SmallRun), [str(directory), *arguments])
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit)
    (line,) = done.output.splitlines()
    return line


def test_what_cannot_be_replayed_is_one_clear_line(report: Report, tmp_path: Path) -> None:
    """An absent directory, a torn report, a moment that is none or comes too late."""
    assert "expected the directory that a run wrote" in _refused(tmp_path / "no", "--until", "1s")
    (tmp_path / "report.json").write_text('{"apiVersion": ')
    assert "no JSON, or torn" in _refused(tmp_path, "--until", "1s")
    write(report, tmp_path)
    assert "expects a duration" in _refused(tmp_path, "--until", "soon")
    assert "is after the run's end" in _refused(tmp_path, "--until", "3m")


def test_another_history_is_not_served(report: Report, tmp_path: Path) -> None:
    """Whoever looks at a replay looks at the run."""
    write(msgspec.structs.replace(report, seed=8), tmp_path)
    assert "this is not the run's history" in _refused(tmp_path, "--until", "20s")
