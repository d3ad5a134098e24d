"""A pod's volumes as directories of the machine.

What is made of objects is written as Kubernetes' kubelet does: into a fresh directory to which the link `..data` is
turned in one step, so that a reader never sees half of a change. Volumes of a pod are shared by its containers, and
end with it; disks outlive it.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrator.api.core.v1 import Pod, Volume
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.interface import Mount
from orchestrator.machinery.volumes import SIMULATED_DRIVER
from orchestrator.protocol import DirectoryUsage

_DATA: Final = "..data"
_IN_MEMORY: Final = ("memory", "secret")
_OBJECTS: Final = ("objects", "secret")
_OPEN: Final = 0o777
_BLOCK_BYTES: Final = 512  # in which stat counts
_SHARED: Final = 0o660  # what the group of a volume may do with its files,
_READ: Final = 0o440  # or with those that nobody changes,
_ENTER: Final = (
    0o110 | stat.S_ISGID
)  # and with directories besides: what is made in one is the group's, too


class VolumeFault(Exception):
    """A volume cannot be had as it is asked for; the text says which, and why."""


class Volumes:
    """The volumes of one pod below `directory`; what is to lie in memory below `memory`.

    `disks` are what is behind its claims. As root the volumes belong to `group`, where there is one; `owned` are those
    that do by now. `stamp` names a new state of a volume of objects.
    """

    def __init__(
        self,
        directory: Path,
        memory: Path,
        disks: Disks,
        group: int | None,
        owned: set[str],
        stamp: Callable[[], str],
        *,
        only_mismatch: bool = False,
    ) -> None:
        self._directory = directory
        self._memory = memory
        self._disks = disks
        self._group = group if os.geteuid() == 0 else None
        self._owned = owned
        self._stamp = stamp
        self._only_mismatch = only_mismatch

    def source(self, mount: Mount, container: str) -> Path:
        """The directory, file or device that a container gets to see for a mount. Raises VolumeFault and OSError."""
        if mount.medium == "device":
            name, size = self._disk(mount), mount.most_bytes
            return self._disks.device(name, size, read_only=mount.read_only)
        place = self._place(mount)
        if mount.medium in _OBJECTS:
            self.write(mount)
        return within_volume(place, mount, container) if mount.sub_path else place

    def write(self, mount: Mount) -> None:
        """Bring the files of a volume of objects up to date. Raises OSError."""
        place = self._root(mount) / mount.volume
        tops = {path.partition("/")[0] for path in mount.files}
        if not place.exists():
            place.mkdir(parents=True)
            place.chmod(mount.modes.get("", _OPEN))
            self._share(place, _READ)
            os.symlink(self._filled(place, mount), place / _DATA)
            for name in tops:
                os.symlink(f"{_DATA}/{name}", place / name)
        elif _content(place) != dict(mount.files):
            self._turn(place, mount, tops)

    def _turn(self, place: Path, mount: Mount, tops: set[str]) -> None:
        """Let a volume that may be read meanwhile show other files."""
        old = os.readlink(place / _DATA) if (place / _DATA).is_symlink() else ""
        _link(place / _DATA, self._filled(place, mount))
        for name in tops:
            if not (place / name).is_symlink():
                _link(place / name, f"{_DATA}/{name}")
        for entry in list(place.iterdir()):
            if entry.is_symlink() and entry.name != _DATA and entry.name not in tops:
                entry.unlink()
        if old:
            shutil.rmtree(place / old, ignore_errors=True)

    def _filled(self, place: Path, mount: Mount) -> str:
        """The name of a fresh directory in a volume's `place`, with its files."""
        fresh = place / f"..{self._stamp()}"
        fresh.mkdir(mode=0o755)
        for path, data in mount.files.items():
            self._write(f"{fresh}/{path}", data, mount.modes.get(path, 0o644), mount.uid)
        if self._group is not None:
            for each in (fresh, *(entry for entry in fresh.rglob("*") if entry.is_dir())):
                self._share(each, _READ)
        return fresh.name

    def weights_of(self, pod: Pod) -> Mapping[str, DirectoryUsage]:
        """What lies in each emptyDir of the pod."""
        volumes = pod.spec.volumes if pod.spec is not None else ()
        return {v.name: _used(self._own(v)) for v in volumes if v.empty_dir is not None}

    def own_file(self, pod: Pod, volume: str, path: str) -> bytes:
        """What a file in an emptyDir of the pod holds; one that leads out of it is not there. Raises OSError."""
        for each in pod.spec.volumes if pod.spec is not None else ():
            if each.name == volume and each.empty_dir is not None:
                root = self._own(each).resolve()
                place = (root / path).resolve()
                if place.is_relative_to(root) and place.is_file():
                    return place.read_bytes()
        raise FileNotFoundError(f"{volume}: {path}")

    def _own(self, volume: Volume) -> Path:
        in_memory = volume.empty_dir is not None and volume.empty_dir.medium == "Memory"
        return (self._memory if in_memory else self._directory) / volume.name

    def _write(self, path: str, data: bytes, mode: int, uid: int) -> None:
        directory = os.path.dirname(path)
        if not os.path.isdir(directory):
            os.makedirs(directory)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        with open(descriptor, "wb") as file:
            file.write(data)
            if os.geteuid() == 0:
                os.fchown(descriptor, uid, -1 if self._group is None else self._group)
            os.fchmod(descriptor, mode)

    def _share(self, place: Path, rights: int) -> None:
        """Give a file or directory to the group that shares the volume."""
        if self._group is None or place.is_symlink():
            return
        found = place.stat()
        os.chown(place, -1, self._group)
        more = rights | _ENTER if stat.S_ISDIR(found.st_mode) else rights
        place.chmod(stat.S_IMODE(found.st_mode) | more)

    def _root(self, mount: Mount) -> Path:
        return self._memory if mount.medium in _IN_MEMORY else self._directory

    def _place(self, mount: Mount) -> Path:
        if mount.medium == "hostPath":
            place = Path(mount.place)
            if not place.exists():
                place.mkdir(parents=True, mode=0o755)
            return place
        claimed = mount.medium == "claim"
        place = (
            self._disks.place(self._disk(mount)) if claimed else self._root(mount) / mount.volume
        )
        if mount.medium not in _OBJECTS:
            if not place.is_dir():
                place.mkdir(parents=True)
                if mount.most_bytes and os.geteuid() == 0:
                    with suppress(OSError):  # then the limit is only looked at, as for any user
                        # Late: it lies among what the process runtime's shim knows.
                        from orchestrator.kubelet.runtimes.process.shim.mounted import mount_memory

                        mount_memory(str(place), mount.most_bytes)
                place.chmod(mount.modes.get("", _OPEN))
            self._give_to_group(place, mount.volume)
        return place

    def _disk(self, mount: Mount) -> str:
        """What names the storage that a mount wants. Raises VolumeFault."""
        driver, _, name = mount.place.partition("/")
        if driver != SIMULATED_DRIVER:
            raise VolumeFault(
                f'volume "{mount.volume}" is {driver} "{name}", which cannot be mounted here: a claim of a class '
                "whose disks are simulated can, and volumes of hostPath and local"
            )
        return mount.place

    def _give_to_group(self, place: Path, volume: str) -> None:
        """Let the group share all that is in a volume, once a pod."""
        if self._group is None or volume in self._owned:
            return
        self._owned.add(volume)
        root = place.stat()
        right = root.st_mode & (_SHARED | _ENTER) == _SHARED | _ENTER
        if self._only_mismatch and root.st_gid == self._group and right:
            return
        for each in (place, *place.rglob("*")):
            self._share(each, _SHARED)


def _used(directory: Path) -> DirectoryUsage:
    """What the files in a directory take."""
    used = files = 0
    for place, directories, names in os.walk(directory):
        files += 1 + len(names) + sum(os.path.islink(f"{place}/{each}") for each in directories)
        for name in names:
            with suppress(OSError):  # it is gone by now
                used += os.lstat(f"{place}/{name}").st_blocks * _BLOCK_BYTES
    return DirectoryUsage(used, files)


def within_volume(place: Path, mount: Mount, container: str) -> Path:
    """What a mount's sub-path means, made if it is not there. Raises VolumeFault for one that leads out of the volume."""
    sub_path = mount.sub_path
    if sub_path.startswith("/"):
        raise VolumeFault(f"error SubPath `{sub_path}` must not be an absolute path")
    if ".." in sub_path.split("/"):
        raise VolumeFault(f"unable to provision SubPath `{sub_path}`: must not contain '..'")
    found = Path(os.path.realpath(place / sub_path))
    root = os.path.realpath(place)
    if found != Path(root) and not str(found).startswith(f"{root}/"):
        what = f'volumeMount "{mount.volume}" of container "{container}"'
        raise VolumeFault(f"failed to prepare subPath for {what}")
    if not found.exists():
        rights = stat.S_IMODE(place.stat().st_mode)
        for directory in _missing(found):
            directory.mkdir()
            directory.chmod(rights)
    return found


def _missing(directory: Path) -> Iterator[Path]:
    """The directories on the way to one that are not there, the outermost first."""
    return reversed([each for each in (directory, *directory.parents) if not each.exists()])


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
