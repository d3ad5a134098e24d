"""`orchestrator run` as a user has it: a process with an exit code, a table and a report."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from tests.manifests import deployment
from tests.scenario.test_runner import scenario

COMMAND = [sys.executable, "-m", "orchestrator"]
STEPS: list[dict[str, Any]] = [{"wait": {"podsReady": 10}}]


def _run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "run", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "120", **environment},
        check=False,
    )


def _refusal(*arguments: str | Path) -> str:
    """What a run that cannot begin says, with exit code 2; no process is needed for it."""
    done = CliRunner().invoke(main, ["run", *map(str, arguments)])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    return done.output


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return scenario(
        tmp_path,
        workloads=[{"objects": [deployment(replicas=10)]}],
        simulation={"containers": {"startSeconds": "uniform(1, 3)"}},
        steps=STEPS,
        expect={"podsRunning": {"equals": 10}},
    )


def test_a_run_ends_in_a_summary_and_a_report(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = _run(small, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "small: passed" in done.stdout
    report = json.loads((out / "report.json").read_bytes())
    assert report["digest"] in done.stdout
    assert report["outcome"] == "passed"
    assert report["command"].startswith("orchestrator run ")
    assert {
        "digest",
        "seed",
        "wall_seconds",
        "virtual_seconds",
        "pods_running",
        "pods_per_second",
        "peak_rss_bytes",
        "expectations",
    } <= set(report)
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "report.json"]


def _digest(path: Path, out: Path, seed: int, hash_seed: str) -> str:
    options = ("--seed", str(seed), "--no-page", "--out", out)
    done = _run(path, *options, PYTHONHASHSEED=hash_seed)
    assert done.returncode == 0, done.stderr
    digest = json.loads((out / "report.json").read_bytes())["digest"]
    assert isinstance(digest, str)
    return digest


def test_the_digest_is_the_seeds_whatever_the_process_and_its_hashes(
    small: Path, tmp_path: Path
) -> None:
    one = _digest(small, tmp_path / "a", 1, "1")
    assert one == _digest(small, tmp_path / "b", 1, "4242")
    assert one != _digest(small, tmp_path / "c", 2, "1")


def test_an_expectation_that_does_not_hold_is_exit_code_1(tmp_path: Path) -> None:
    path = scenario(tmp_path, expect={"nodes": {"equals": 5}})
    done = _run(path)
    assert done.returncode == 1
    assert "does not hold" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Scenario\n", "apiVersion"),
        ("a: [\n", "scenario.yaml"),
    ],
)
def test_a_wrong_file_is_exit_code_2_and_one_clear_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    (line,) = _refusal(path).splitlines()
    assert line.startswith(f"Error: {path}")
    assert message in line


def test_an_absent_file_is_exit_code_2(tmp_path: Path) -> None:
    assert "cannot be read" in _refusal(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        (None, "trace.csv: cannot be read: No such file or directory"),
        ("", "trace.csv: "),
        ("arrival_seconds,cpu,memory\n0,1,1Gi\n5,1", "trace.csv:3: the file is cut off"),
        ("arrival_seconds,cpu,memory\n0,1,1Gi\n5,1\n", "trace.csv:3: "),
    ],
)
def test_a_trace_that_is_absent_or_torn_is_exit_code_2(
    tmp_path: Path, trace: str | None, message: str
) -> None:
    """One line says which line of which file."""
    if trace is not None:
        (tmp_path / "trace.csv").write_text(trace)
    path = scenario(
        tmp_path,
        traces={"t": {"format": "table", "path": "trace.csv"}},
        workloads=[{"trace": "t"}],
    )
    (line,) = _refusal(path).splitlines()
    assert line.startswith(f"Error: {path}:")
    assert message in line


def test_an_output_that_cannot_be_made_is_found_out_before_the_run(
    small: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert "passed" not in _refusal(small, "--out", tmp_path / "file" / "out")


def test_ctrl_c_ends_with_the_report_of_what_was_reached(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        workloads=[{"objects": [deployment(replicas=10)]}],
        steps=[*STEPS, {"name": "for ever", "sleep": "876000h"}],
    )
    out = tmp_path / "out"
    running = subprocess.Popen(
        [*COMMAND, "run", str(path), "--out", str(out), "--log-level", "info"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stderr is not None
        assert any("for ever" in line for line in running.stderr)  # it has come to that step
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, stderr
    assert "small: interrupted" in stdout
    assert json.loads((out / "report.json").read_bytes())["pods_running"] == 10


def test_parameters_are_set_and_the_history_is_written(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        parameters={"nodes": 2},
        nodes=[{"name": "node", "count": "{{nodes}}"}],
        steps=[{"sleep": "1m"}],
        expect={"nodesReady": {"equals": 3}},
    )
    out = tmp_path / "out"
    done = _run(path, "--set", "nodes=3", "--events", "--no-page", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in (out / "events.jsonl").read_bytes().splitlines()]
    report = json.loads((out / "report.json").read_bytes())
    assert len(lines) == report["revisions"]
    assert report["parameters"] == {"nodes": 3}
    nodes = [
        e["object"]["metadata"]["name"]
        for e in lines
        if (e["resource"], e["type"]) == ("nodes", "ADDED")
    ]
    assert nodes == ["node-0", "node-1", "node-2"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [("nodes", "NAME=VALUE"), ("pods=1", "no parameter pods"), ("nodes=many", "expected a number")],
)
def test_a_wrong_setting_is_exit_code_2(tmp_path: Path, setting: str, message: str) -> None:
    done = _run(scenario(tmp_path, parameters={"nodes": 2}), "--set", setting)
    assert done.returncode == 2
    assert message in done.stderr


def test_what_followed_from_one_object_is_told_or_drawn(small: Path, tmp_path: Path) -> None:
    told = _run(small, "--trace-causes", "Deployment/web")
    assert told.returncode == 0, told.stderr
    assert "client to API server: create Deployment web" in told.stdout
    drawn = _run(small, "--trace-causes", "Deployment/web", "--out", tmp_path / "out")
    assert drawn.returncode == 0, drawn.stderr
    assert "<svg" in (tmp_path / "out" / "causes.html").read_text()
    absent = _run(small, "--trace-causes", "Deployment/nobody")
    assert absent.returncode == 2
    assert _run(small, "--trace-causes", "web").returncode == 2
