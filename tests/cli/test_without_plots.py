"""An installation without the extra `plots`: what runs, and what is refused before it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifests import deployment
from tests.scenario.test_runner import scenario

# As where matplotlib was never installed: to import it fails, and it is not found.
WITHOUT = "import sys; sys.modules['matplotlib'] = None\nfrom orchestrator.cli import main\nmain()"


def _orchestrator(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return scenario(
        tmp_path,
        workloads=[{"objects": [deployment(replicas=2)]}],
        parameters={"pods": 2},
        steps=[{"wait": {"podsReady": 2}}],
        expect={"podsRunning": {"equals": 2}},
    )


def test_a_page_is_refused_before_the_run_and_a_report_is_not(small: Path, tmp_path: Path) -> None:
    """The refusal says what to install, and how to do without."""
    out = tmp_path / "out"
    refused = _orchestrator("run", small, "--out", out)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "Error: --out draws its page with matplotlib, which is not installed: pip install "
        "'kubeactors[plots]'; --no-page writes report.json alone\n"
    )
    assert not out.exists()
    done = _orchestrator("run", small, "--out", out, "--no-page")
    assert done.returncode == 0, done.stderr
    assert [each.name for each in out.iterdir()] == ["report.json"]

    page = tmp_path / "page.html"
    compared = _orchestrator("compare", out, out, "--out", page)
    assert compared.returncode == 2
    assert "pip install 'kubeactors[plots]'" in compared.stderr
    assert _orchestrator("compare", out, out).returncode == 0


def test_a_sweep_without_pages_writes_its_reports(tmp_path: Path) -> None:
    """Each run its own, and the joined one."""
    path = scenario(
        tmp_path,
        workloads=[{"objects": [deployment(replicas=2)]}],
        steps=[{"wait": {"podsReady": 2}}],
        sweep={"seeds": [1, 2]},
    )
    out = tmp_path / "out"
    done = _orchestrator("run", path, "--out", out, "--no-page")
    assert done.returncode == 0, done.stderr
    written = sorted(str(each.relative_to(out)) for each in out.rglob("*.*"))
    assert written == ["report.json", "seed=1/report.json", "seed=2/report.json"]


def test_a_program_that_draws_is_told_what_to_install(tmp_path: Path) -> None:
    """By the error of the import."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['matplotlib'] = None\nimport orchestrator.scenario.report.html",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        "orchestrator.extras.ExtraAbsent: reports are drawn with matplotlib, which is not installed: "
        "pip install 'kubeactors[plots]'"
    )
