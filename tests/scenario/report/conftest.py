"""A browser, and the pages that the project draws, as users get them from its commands."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from orchestrator.scenario.report.sweep_page import render_sweep
from tests.scenario.report import reports
from tests.scenario.report.browser import Browser, chromium

SCENARIOS = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium; its absence is a failure, since what is not looked at is not known to be right."""
    try:
        chromium()
    except LookupError as error:
        pytest.fail(str(error), pytrace=False)
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def _orchestrator(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *map(str, arguments)],
        cwd=SCENARIOS,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Every kind of page by its name: `run`, `causes`, `comparison`, `sweep`."""
    out = tmp_path_factory.mktemp("pages")
    for seed, more in (("1", ()), ("2", ("--no-page",))):  # one of them is looked at
        settings = ("--set", "nodes=6", "--set", "deployments=3", "--seed", seed, *more)
        _orchestrator("run", "benchmarks/scale.yaml", *settings, "--out", out / seed)
    first = ("examples/first-scenario.yaml", "--trace-causes", "Deployment/web", "--no-page")
    _orchestrator("run", *first, "--out", out / "first")
    _orchestrator("compare", out / "1", out / "2", "--out", out / "comparison.html")
    (out / "sweep.html").write_text(render_sweep(reports.sweep()))
    return {
        "run": out / "1" / "report.html",
        "causes": out / "first" / "causes.html",
        "comparison": out / "comparison.html",
        "sweep": out / "sweep.html",
    }
