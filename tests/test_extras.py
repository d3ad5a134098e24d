"""What is said of packages that are not installed."""

from importlib import import_module

import pytest

from orchestrator.extras import NOT_INSTALLED, version_of


def test_what_runs_from_its_sources_has_no_version() -> None:
    """The version of a package that is not installed is a word, and no error."""
    assert version_of("pytest")[0].isdigit()
    assert version_of("no-such-package-here") == NOT_INSTALLED


def test_doctor_speaks_of_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that runs from its sources, without an installation, is a note."""
    doctor = import_module("orchestrator.cli.doctor")
    monkeypatch.setattr(doctor, "DISTRIBUTION", "no-such-package-here")
    (finding,) = doctor._packages()
    assert (finding.verdict, finding.advice.endswith("pip install -e .")) == ("note", True)
