"""`orchestrator compare` as a user has it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
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


def _told(*arguments: str | Path) -> str:
    """What a comparison says, in this process."""
    done = CliRunner().invoke(main, ["compare", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def _refusal(*arguments: str | Path) -> str:
    """The one line that a comparison is refused with, and exit code 2."""
    done = CliRunner().invoke(main, ["compare", *map(str, arguments)])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    (line,) = [line for line in done.output.splitlines() if line.startswith("Error")]
    return line


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
        done = _orchestrator(
            "run", path, "--set", f"replicas={replicas}", "--no-page", "--out", out
        )
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
    assert "equal" in _told(runs[0], runs[0], "--measure", "podsReady")


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"apiVersion": "v1", "kind": "Pod"}'])
def test_what_is_no_report_is_exit_code_2(
    runs: list[Path], tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    assert str(tmp_path) in _refusal(runs[0], tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["HERE/absent"], "nothing is at HERE/absent"),
        (["HERE/absent-*"], "nothing is at HERE/absent-*"),
        (["HERE"], "there is no report.json in HERE"),
        (["RUN", "--measure", "podsRedy"], 'did you mean "podsReady"?'),
        (["RUN"], "comparing needs two: RUN is one run"),
        (["RUN", "RUN", "--out", "HERE/file/page.html"], "cannot write HERE/file/page.html"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(
    runs: list[Path], tmp_path: Path, arguments: list[str], message: str
) -> None:
    """With exit code 2; and nothing is written."""
    (tmp_path / "file").write_text("")
    places = {"RUN": str(runs[0]), "HERE": str(tmp_path)}
    given = [re.sub("RUN|HERE", lambda found: places[found[0]], each) for each in arguments]
    assert re.sub("RUN|HERE", lambda found: places[found[0]], message) in _refusal(*given)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_only_what_differs_is_shown_if_that_is_asked_for(runs: list[Path]) -> None:
    """Of the measures that are named as well."""
    told = _told(*runs, "--differing")
    assert "podsReady" in told
    assert "nodesReady" not in told
    told = _told(*runs, "--differing", "--measure", "nodesReady")
    assert told.splitlines() == ["no measure differs"]


def test_a_report_of_another_version_is_not_guessed_at(runs: list[Path], tmp_path: Path) -> None:
    text = (runs[0] / "report.json").read_text()
    (tmp_path / "report.json").write_text(text.replace("orchestrator/v1alpha1", "orchestrator/v9"))
    assert "orchestrator/v9" in _refusal(runs[0], tmp_path)


def test_repeated_runs_show_their_spread(runs: list[Path]) -> None:
    """A folder of runs is one column, and its seconds are a mean with a deviation."""
    told = _told(runs[0].parent, runs[0], "--measure", "podsReady")
    assert "(2 runs)" in told
    assert "2.5 ± 0.707" in told
