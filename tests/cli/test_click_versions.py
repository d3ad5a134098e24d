"""The command line works with the oldest click that the project allows."""

import subprocess
import sys

# Before 8.4 a ParamType does not say in brackets what it converts to.
OLD = """\
import click
click.ParamType.__class_getitem__ = None
from orchestrator.cli import main
main(["up", "--help"])
"""


def test_types_of_parameters_need_no_later_click() -> None:
    """An embedder's other packages may hold click back."""
    done = subprocess.run(
        [sys.executable, "-c", OLD], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--listen" in done.stdout
