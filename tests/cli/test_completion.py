"""What the shell offers after `orchestrator run`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from orchestrator.cli import main

ASK = """\
eval "$(_ORCHESTRATOR_COMPLETE=bash_source orchestrator)"
COMP_WORDS=(orchestrator run den)
COMP_CWORD=2
_orchestrator_completion orchestrator
echo "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("words", [["run"], ["run", "--seed", "3"], ["top", "--simulate"]])
def test_shipped_scenarios_are_offered_beside_files(words: list[str]) -> None:
    """Wherever a scenario is named; the shell itself looks for files."""
    shell = ShellComplete(main, {}, "orchestrator", "_ORCHESTRATOR_COMPLETE")
    found = [(item.type, item.value) for item in shell.get_completions(words, "den")]
    assert found == [("file", "den"), ("plain", "density")]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_the_name_of_a_shipped_scenario(tmp_path: Path) -> None:
    """By the script that the documentation tells to source."""
    program = tmp_path / "orchestrator"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m orchestrator "$@"\n')
    program.chmod(0o755)
    # Out of a terminal bash has nobody to hand files to, and says so.
    done = subprocess.run(
        ["bash", "-c", ASK],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "density\n", done.stderr
