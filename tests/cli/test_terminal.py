"""What commands print, on a terminal of 80 columns and into a file."""

import os
import re
import shutil
import subprocess
import sys
import termios
from pathlib import Path
from typing import Final

import pytest

from tests.manifests import pod
from tests.scenario.test_runner import scenario

GROUP: Final = "a-group-of-nodes-whose-name-is-long"
RESOURCE: Final = "devices.example.com/a-resource-whose-name-is-long-as-well"
MEASURE: Final = f"requested/{RESOURCE}/{GROUP}"
ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario in which names are longer than a column is wide."""
    needs = {RESOURCE: "1"}
    web = pod("web")
    web["spec"]["containers"][0]["resources"] = {"requests": needs, "limits": needs}
    capacity = {"cpu": "8", "memory": "32Gi", "pods": "110", RESOURCE: "4"}
    return scenario(
        tmp_path_factory.mktemp("names"),
        nodes=[{"name": GROUP, "count": 1, "capacity": capacity}],
        workloads=[{"objects": [web]}],
        steps=[{"wait": {"podsReady": 1}}],
        expect={MEASURE: {"atMost": 0.5}, "podStartSecondsP99": {"atMost": 1.5}},
    )


def _command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "orchestrator", *map(str, arguments)]


def _piped(*arguments: str | Path) -> str:
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color"}
    done = subprocess.run(
        _command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _on_terminal(*arguments: str | Path) -> str:
    """What is written to a terminal of 80 columns."""
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        _command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**environment, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 1 << 16):
            parts.append(part)
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0
    return b"".join(parts).decode()


def test_a_file_gets_every_line_whole_and_without_colours(path: Path) -> None:
    told = _piped("run", path)
    assert "\x1b" not in told
    assert "…" not in told
    lines = [line.split() for line in told.splitlines()]
    assert [MEASURE, "≤", "50", "%", "25", "%", "holds"] in lines
    assert ["podStartSecondsP99", "≤", "1.5", "s", "1", "s", "holds"] in lines
    assert any(line[:2] == [RESOURCE, GROUP] for line in lines)


def test_a_terminal_of_80_columns_shows_every_name_whole(path: Path) -> None:
    """Folded where it is too wide, and never cut."""
    told = ESCAPE.sub("", _on_terminal("run", path))
    assert "…" not in told
    assert all(len(line) <= 80 for line in told.splitlines())
    first = "".join(line[:20].strip() for line in told.splitlines())
    assert RESOURCE[:20] in first
    assert MEASURE.rpartition("/")[2][-8:] in told


def test_a_comparison_fits_a_terminal_and_is_whole_in_a_file(path: Path, tmp_path: Path) -> None:
    _piped("run", path, "--no-page", "--out", tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    arguments = ("compare", tmp_path / "a", tmp_path / "b", "--measure", MEASURE)
    told = _piped(*arguments)
    assert "\x1b" not in told
    assert any(line.split()[:1] == [MEASURE] for line in told.splitlines())
    shown = ESCAPE.sub("", _on_terminal(*arguments))
    assert "…" not in shown
    table = shown[shown.index("measure ") :]
    assert all(len(line) <= 80 for line in table.splitlines())
