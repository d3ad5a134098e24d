"""Images in OCI layout."""

from pathlib import Path

import pytest

from orchestrator.kubelet.runtimes.process import InvalidImage
from orchestrator.kubelet.runtimes.process.oci import unpack
from tests.kubelet.process.layouts import layer, layout


def test_layers_are_laid_over_one_another(tmp_path: Path) -> None:
    """What a later layer replaces or whites out is not there any more."""
    first = layer(etc__a="one", etc__b="two", old__c="three")
    second = layer(**{"etc__a": "four", "etc__.wh.b": "", "old__.wh..wh..opq": "", "old__d": "x"})
    image = layout(tmp_path / "layout", {}, first, second)
    assert image.layered
    root = tmp_path / "root"
    assert unpack(image, root).directory == str(root)
    found = {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}
    assert found == {"etc/a": "four", "old/d": "x"}


def test_configuration_counts_unless_the_table_says_otherwise(tmp_path: Path) -> None:
    """Entry point, arguments, environment, user, directory and signal come from the image."""
    config = {
        "Entrypoint": ["/web"],
        "Cmd": ["serve"],
        "Env": ["A=1", "B=2"],
        "User": "7:8",
        "WorkingDir": "/srv",
        "StopSignal": "SIGINT",
    }
    image = layout(tmp_path / "layout", config, layer(a="x"))
    found = unpack(image, tmp_path / "root")
    assert (found.entrypoint, found.cmd, found.user) == (("/web",), ("serve",), "7:8")
    assert (found.working_directory, found.stop_signal) == ("/srv", "SIGINT")
    assert found.environment == {"A": "1", "B": "2"}


def test_layout_with_something_missing_is_refused(tmp_path: Path) -> None:
    """A blob that is not there is said to be missing, and nothing half unpacked stays."""
    image = layout(tmp_path / "layout", {}, layer(a="x"))
    for blob in (tmp_path / "layout" / "blobs" / "sha256").iterdir():
        blob.unlink()
    with pytest.raises(InvalidImage, match=r"image 'web': .* is no OCI layout: "):
        unpack(image, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_layer_cannot_write_outside_of_its_image(tmp_path: Path) -> None:
    """A name that leads out of the root is refused."""
    image = layout(tmp_path / "layout", {}, layer(**{"..__evil": "x"}))
    with pytest.raises(InvalidImage):
        unpack(image, tmp_path / "root")
    assert not (tmp_path / "evil").exists()
