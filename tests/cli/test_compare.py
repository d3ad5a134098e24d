"""`orchestrator compare` as a user has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifests import deployment
from tests.scenario.test_runner import scenario


def _orchestrator(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    path = scenario(
        folder,
        parameters={"replicas": 2},
        workloads=[{"objects": [deployment(replicas=1)]}],
        steps=[
            {"scale": {"name": "web", "replicas": "{{replicas}}"}},
            {"wait": {"podsReady": "{{replicas}}"}},
        ],
    )
    outs = []
    for replicas in ("2", "3"):
        out = folder / replicas
        done = _orchestrator("run", path, "--set", f"replicas={replicas}", "--out", out)
        assert done.returncode == 0, done.stderr
        outs.append(out)
    return outs


def test_differences_are_told_and_drawn(runs: list[Path], tmp_path: Path) -> None:
    """What differs between the runs before what came of it."""
    page = tmp_path / "comparison.html"
    done = _orchestrator("compare", *runs, "--out", page, "--measure", "podsReady")
    assert done.returncode == 0, done.stderr
    assert "replicas=2" in done.stdout
    assert "+50" in done.stdout
    assert "podsReady" in page.read_text()


def test_a_run_is_equal_to_itself(runs: list[Path]) -> None:
    done = _orchestrator("compare", runs[0], runs[0], "--measure", "podsReady")
    assert done.returncode == 0, done.stderr
    assert "equal" in done.stdout


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"apiVersion": "v1", "kind": "Pod"}'])
def test_what_is_no_report_is_exit_code_2(
    runs: list[Path], tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    done = _orchestrator("compare", runs[0], tmp_path)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert str(tmp_path) in line
