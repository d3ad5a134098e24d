"""Images in OCI layout: a directory with an index, manifests and layers, as `skopeo copy` and `buildah push` write it.

https://github.com/opencontainers/image-spec: the layers are unpacked one over the other; a file `.wh.NAME` in one takes
NAME of those below away, and `.wh..wh..opq` all that its directory had.
"""

import json
import os
import shutil
import tarfile
from contextlib import suppress
from pathlib import Path
from platform import machine
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.kubelet.runtimes.process.images import Image, InvalidImage

_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_INDEXES: Final = ("image.index", "manifest.list")
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def unpack(image: Image, place: Path) -> Image:
    """The image with its layers unpacked at `place`, and what its configuration says unless the table says otherwise.

    Raises InvalidImage when something is missing or of an unknown kind, and OSError.
    """
    layout = Path(image.directory)
    try:
        manifest = _manifest(layout, json.loads((layout / "index.json").read_bytes()))
        config = json.loads(_blob(layout, manifest["config"]).read_bytes()).get("config") or {}
        for layer in manifest["layers"]:
            _apply(_blob(layout, layer), place)
    except (KeyError, ValueError, FileNotFoundError, tarfile.TarError) as error:
        shutil.rmtree(place, ignore_errors=True)
        raise InvalidImage(f"image {image.name!r}: {layout} is no OCI layout: {error}") from None
    told = dict(each.partition("=")[::2] for each in config.get("Env") or ())
    return replace(
        image,
        directory=str(place),
        entrypoint=image.entrypoint or tuple(config.get("Entrypoint") or ()),
        cmd=image.cmd or (() if image.entrypoint else tuple(config.get("Cmd") or ())),
        environment={**told, **image.environment},
        user=image.user or config.get("User", ""),
        working_directory=image.working_directory or config.get("WorkingDir", ""),
        stop_signal=image.stop_signal or config.get("StopSignal", ""),
    )


def _manifest(layout: Path, index: dict[str, Any]) -> dict[str, Any]:
    """The manifest for this machine's architecture, of an index that may lead to another. Raises KeyError."""
    wanted = _ARCHITECTURES.get(machine(), machine())
    fitting = [
        each
        for each in index["manifests"]
        if each.get("platform", {}).get("architecture", wanted) == wanted
    ]
    if not fitting:
        raise KeyError(f"no manifest for {wanted}")
    found: dict[str, Any] = json.loads(_blob(layout, fitting[0]).read_bytes())
    kind = fitting[0].get("mediaType", "") + found.get("mediaType", "")
    if any(each in kind for each in _INDEXES) or "manifests" in found:
        return _manifest(layout, found)
    return found


def _blob(layout: Path, descriptor: dict[str, Any]) -> Path:
    algorithm, _, digest = str(descriptor["digest"]).partition(":")
    return layout / "blobs" / algorithm / digest


def _apply(layer: Path, place: Path) -> None:
    """Lay a layer over what is there. Raises OSError and TarError."""
    place.mkdir(parents=True, exist_ok=True)
    owned = os.geteuid() == 0
    with tarfile.open(layer) as archive:
        for member in archive:
            path = Path(os.path.normpath("/" + member.name).lstrip("/"))
            if path.name == _OPAQUE:
                _empty(place / path.parent)
            elif path.name.startswith(_WHITEOUT):
                _take_away(place / path.parent / path.name.removeprefix(_WHITEOUT))
            elif not member.isdev():
                there = place / path
                if there.is_symlink() or (there.exists() and not member.isdir()):
                    _take_away(there)
                archive.extract(
                    member, place, numeric_owner=True, filter=_as_it_is if owned else "tar"
                )


def _as_it_is(member: tarfile.TarInfo, place: str) -> tarfile.TarInfo:
    """With its owner and mode, but within `place`."""
    found = tarfile.tar_filter(member, place)
    return found.replace(
        uid=member.uid, gid=member.gid, mode=member.mode, uname="", gname="", deep=False
    )


def _empty(directory: Path) -> None:
    for each in list(directory.iterdir()) if directory.is_dir() else ():
        _take_away(each)


def _take_away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
