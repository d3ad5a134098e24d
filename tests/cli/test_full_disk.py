"""No room for what a command writes: one line, exit code 2, and nothing half-written.

A limit of the size of files fails as a full disk does, at any write, and needs no disk.
"""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifests import deployment
from tests.scenario.test_runner import scenario


def _orchestrator(
    *arguments: str | Path, room: int = resource.RLIM_INFINITY, stdout: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command whose files have room for so many bytes."""
    with open(stdout or "/dev/null", "w") as to:
        return subprocess.run(
            [sys.executable, "-m", "orchestrator", *map(str, arguments)],
            stdout=to,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
            check=False,
        )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(
        tmp_path_factory.mktemp("scenario"),
        workloads=[{"objects": [deployment(replicas=10)]}],
        steps=[{"wait": {"podsReady": 10}}, {"sleep": "1m"}],
    )


@pytest.fixture(scope="module")
def whole(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that had room."""
    out = tmp_path_factory.mktemp("whole")
    assert _orchestrator("run", path, "--out", out, "--events").returncode == 0
    return out


def _says(done: subprocess.CompletedProcess[str], where: Path | str) -> bool:
    """Whether it ended with one line about `where`."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert done.returncode == 2
    return lines[0].startswith(f"Error: cannot write to {where}: ")


@pytest.mark.parametrize("name", ["events.jsonl", "report.json", "report.html"])
def test_a_run_that_cannot_write_leaves_nothing_half_written(
    path: Path, whole: Path, tmp_path: Path, name: str
) -> None:
    """Whichever file it is; what was there before is there still."""
    sizes = {each.name: each.stat().st_size for each in whole.iterdir()}
    options = ["--events"] if name == "events.jsonl" else []
    (tmp_path / "report.html").write_text("of an earlier run")
    # What is smaller has room; but the report and its page belong together.
    done = _orchestrator("run", path, "--out", tmp_path, *options, room=sizes[name] * 9 // 10)
    assert _says(done, tmp_path)
    assert (tmp_path / "report.html").read_text() == "of an earlier run"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_picture_of_causes_that_cannot_be_written_is_not_there(
    path: Path, tmp_path: Path
) -> None:
    """The report is."""
    (tmp_path / "causes.html").mkdir()
    done = _orchestrator("run", path, "--out", tmp_path, "--trace-causes", "Deployment/web")
    assert _says(done, tmp_path)
    names = ["causes.html", "report.html", "report.json"]
    assert sorted(each.name for each in tmp_path.iterdir()) == names


def test_a_comparison_that_cannot_be_written_is_not_there(whole: Path, tmp_path: Path) -> None:
    """Not even half of it."""
    page = tmp_path / "page.html"
    done = _orchestrator("compare", whole, whole, "--out", page, room=1000)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: cannot write {page}: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_summary_that_nobody_can_read_loses_no_report(path: Path, tmp_path: Path) -> None:
    """The report comes first."""
    done = _orchestrator("run", path, "--out", tmp_path, stdout="/dev/full")
    assert _says(done, "standard output")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["report.html", "report.json"]
