"""`orchestrator doctor`: what it finds on a machine, and on one that lacks something."""

import socket
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

doctor = import_module("orchestrator.cli.doctor")  # the package's attribute is the command


def test_a_machine_that_runs_these_tests_has_no_fault() -> None:
    """Each look finds something to say, and none of it is a fault."""
    done = CliRunner().invoke(doctor.doctor)
    assert done.exit_code == 0, done.output
    assert "no faults found" in done.output
    for word in ("Python 3.", "msgspec", "kubectl 1."):
        assert word in done.output


def test_an_old_kubectl_and_one_that_is_none_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version far from the server's is a note, a program that tells none a fault."""
    program = tmp_path / "kubectl"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for answer, verdict in (
        ('{"clientVersion": {"major": "1", "minor": "29+"}}', "note   kubectl 1.29"),
        ("no", "fault"),
    ):
        program.write_text(f"#!/bin/sh\necho '{answer}'\n")
        program.chmod(0o755)
        done = CliRunner().invoke(doctor.doctor)
        assert verdict in done.output
        assert done.exit_code == (1 if verdict == "fault" else 0)


def test_what_is_taken_or_missing_comes_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A taken port and an absent kubectl are notes that say what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "DEFAULT_LISTEN", f"127.0.0.1:{taken.getsockname()[1]}")
        done = CliRunner().invoke(doctor.doctor)
    assert "kubectl is not on the path" in done.output
    assert "--listen 127.0.0.1:0" in done.output
    assert done.exit_code == 0


def test_a_missing_extra_is_a_note_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps nothing from running but what it is for."""
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    done = CliRunner().invoke(doctor.doctor)
    assert "pip install 'kubeactors[plots]'" in done.output
    assert done.exit_code == 0
