"""A pod's volumes as directories of the machine.

What is made of objects is written as Kubernetes' kubelet does: into a fresh directory to which the link `..data` is
turned in one step, so that a reader never sees half of a change. Volumes of a pod are shared by its containers, and
end with it; claims outlive it.
"""

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrator.kubelet.runtimes.interface import Mount

_DATA: Final = "..data"
_IN_MEMORY: Final = ("memory", "secret")
_OPEN: Final = 0o777
_SUB_PATH: Final = 0o750


class VolumeFault(Exception):
    """A volume cannot be had as it is asked for; the text says which, and why."""


class Volumes:
    """The volumes of one pod below `directory`; what is to lie in memory below `memory`.

    `claims` is where what outlives the pod is kept. As root the volumes belong to `group`, where there is one.
    """

    def __init__(self, directory: Path, memory: Path, claims: Path, group: int | None) -> None:
        self._directory = directory
        self._memory = memory
        self._claims = claims
        self._group = group if os.geteuid() == 0 else None

    def source(self, mount: Mount) -> Path:
        """The directory or file that a container gets to see for a mount. Raises VolumeFault and OSError."""
        place = self._place(mount)
        if mount.medium in ("objects", "secret"):
            self.write(mount)
        return within_volume(place, mount.sub_path, mount.volume) if mount.sub_path else place

    def write(self, mount: Mount) -> None:
        """Bring the files of a volume of objects up to date. Raises OSError."""
        place = self._root(mount) / mount.volume
        if not place.exists():
            place.mkdir(parents=True)
            self._own(place, mount.modes.get("", _OPEN))
        if _content(place) == dict(mount.files):
            return
        old = os.readlink(place / _DATA) if (place / _DATA).is_symlink() else ""
        number = int(old.rpartition("_")[2] or 0) + 1 if old else 1
        fresh = place / f"..v_{number}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o755)
        for path, data in mount.files.items():
            self._write(fresh / path, data, mount.modes.get(path, 0o644), mount.uid)
        _link(place / _DATA, fresh.name)
        tops = {path.partition("/")[0] for path in mount.files}
        for name in tops:
            if not (place / name).is_symlink():
                _link(place / name, f"{_DATA}/{name}")
        for entry in list(place.iterdir()):
            if entry.is_symlink() and entry.name != _DATA and entry.name not in tops:
                entry.unlink()
        if old:
            shutil.rmtree(place / old, ignore_errors=True)

    def _write(self, path: Path, data: bytes, mode: int, uid: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if os.geteuid() == 0:
            os.chown(path, uid, -1 if self._group is None else self._group)
        path.chmod(mode)

    def _own(self, place: Path, mode: int) -> None:
        """Give a volume's directory its mode, and to the group that shares it."""
        if self._group is not None:
            os.chown(place, -1, self._group)
            mode |= stat.S_ISGID
        place.chmod(mode)

    def _root(self, mount: Mount) -> Path:
        return self._memory if mount.medium in _IN_MEMORY else self._directory

    def _place(self, mount: Mount) -> Path:
        if mount.medium == "hostPath":
            place = Path(mount.place)
            if not place.exists():
                place.mkdir(parents=True)
            return place
        if mount.medium == "claim":
            place = self._claims / mount.place
        else:
            place = self._root(mount) / mount.volume
        if not place.is_dir() and mount.medium not in ("objects", "secret"):
            place.mkdir(parents=True)
            self._own(place, mount.modes.get("", _OPEN))
        return place


def within_volume(place: Path, sub_path: str, volume: str) -> Path:
    """What a sub-path means, made if it is not there. Raises VolumeFault for one that leads out of the volume."""
    if sub_path.startswith("/"):
        raise VolumeFault(f'subPath "{sub_path}" of volume "{volume}" must not be an absolute path')
    if ".." in sub_path.split("/"):
        raise VolumeFault(f'subPath "{sub_path}" of volume "{volume}" must not contain ".."')
    found = Path(os.path.realpath(place / sub_path))
    root = os.path.realpath(place)
    if found != Path(root) and not str(found).startswith(f"{root}/"):
        raise VolumeFault(f'subPath "{sub_path}" of volume "{volume}" leads out of it')
    if not found.exists():
        found.mkdir(parents=True, mode=_SUB_PATH)
        found.chmod(_SUB_PATH | (place.stat().st_mode & 0o007))
    return found


def _link(place: Path, target: str) -> None:
    """Turn a link in one step."""
    temporary = place.with_name(f"{place.name}_tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.rename(place)


def _content(place: Path) -> Mapping[str, bytes] | None:
    """What a volume holds; None before it was written."""
    data = place / _DATA
    if not data.is_symlink():
        return None
    root = data.resolve()
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
