"""`orchestrator top`: what it says where it cannot begin."""

from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator import extras
from orchestrator.cli import main

top = import_module("orchestrator.cli.top")  # the package's attribute is the command


def _says(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["top", *arguments])
    assert done.exit_code == 2
    return done.output


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every extra does."""
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert "pip install 'kubeactors[top]'" in _says()


def test_a_kubeconfig_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """The file is named."""
    path = tmp_path / "absent"
    assert f"{path}: there is no such file" in _says("--kubeconfig", str(path))


def test_a_scenario_that_is_none_is_told_of_as_run_tells(tmp_path: Path) -> None:
    """With what may have been meant, and a wrong parameter by its name."""
    assert 'did you mean "density"?' in _says("--simulate", "densitty")
    assert "there is no parameter node" in _says("--simulate", "density", "--set", "node=3")
