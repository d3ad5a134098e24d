"""Controllers that installed packages bring."""

from pathlib import Path

import pytest

from orchestrator import Cluster
from orchestrator.client import InvalidController
from orchestrator.controllers.installed import UnknownController, find

MODULE = """
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.client import Controller

class Greeter(Controller):
    name = "greeter"
    kind = ConfigMap

    def reconcile(self, key):
        return None
"""
POINTS = """
[orchestrator.controllers]
greeter = greeting_package:Greeter
missing = greeting_package:Missing
wrong = greeting_package:MODULE
"""


@pytest.fixture
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package as pip would have installed it."""
    (tmp_path / "greeting_package.py").write_text(MODULE + "\nMODULE = 1\n")
    information = tmp_path / "greeting-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("_package")
def test_a_package_s_controller_is_found_by_its_name() -> None:
    """By its entry point; what an entry point names wrongly is said."""
    assert find("greeter").name == "greeter"
    Cluster(controllers=["deployment", "greeter"])
    with pytest.raises(UnknownController, match=r"'missing' .* cannot be loaded: .*Missing"):
        find("missing")
    with pytest.raises(InvalidController, match="1: a class derived from Controller"):
        Cluster(controllers=["wrong"])
    with pytest.raises(UnknownController, match=r"there are .*deployment.*greeter"):
        find("greter")
