"""The files of simulated containers: their own, and those of volumes, which containers and pods share."""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Final, TypeVar

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.own_files import HOST_FILE
from orchestrator.kubelet.runtimes.disks import Disks, Store
from orchestrator.kubelet.runtimes.interface import Mount, World
from orchestrator.kubelet.runtimes.simulated_images import files_of_image
from orchestrator.protocol import DirectoryUsage

V = TypeVar("V")
_OBJECTS: Final = ("objects", "secret")  # media whose content the kubelet makes, and makes anew
_DIRECTORY: Final = 0o777  # of an emptyDir
_IMAGE_DIRECTORY: Final = 0o755


class Overlay(MutableMapping[str, V]):
    """A mapping of absolute paths, parts of which lie in other mappings: (place, mapping, path in it)."""

    def __init__(self, root: dict[str, V], parts: list[tuple[str, dict[str, V], str]]) -> None:
        self._root = root
        self._parts = sorted(parts, key=lambda part: -len(part[0]))  # the innermost first

    def _find(self, path: str) -> tuple[dict[str, V], str]:
        for place, mapping, start in self._parts:
            if path == place or (place.endswith("/") and path.startswith(place)):
                return mapping, start + path[len(place) :]
        return self._root, path

    def __getitem__(self, path: str) -> V:
        mapping, key = self._find(path)
        return mapping[key]

    def __setitem__(self, path: str, value: V) -> None:
        mapping, key = self._find(path)
        mapping[key] = value

    def __delitem__(self, path: str) -> None:
        mapping, key = self._find(path)
        del mapping[key]

    def __iter__(self) -> Iterator[str]:
        yield from [p for p in self._root if self._find(p)[0] is self._root]
        for place, mapping, start in self._parts:
            yield from [place + k[len(start) :] for k in list(mapping) if k.startswith(start)]

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Volumes:
    """The volumes of one node's pods; `disks` are what is behind their claims."""

    def __init__(self, disks: Disks) -> None:
        self._disks = disks
        self._of_pods: dict[
            str, dict[tuple[str, str], Store]
        ] = {}  # by container (or none) and name
        self._kept: dict[tuple[str, str], Store] = {}  # that outlive pods, by medium and place

    def furnish(self, pod: Pod, container: str, world: World) -> World:
        """The world of a container that sees its pod's volumes."""
        files: list[tuple[str, dict[str, bytes], str]] = []
        modes: list[tuple[str, dict[str, int], str]] = []
        root = dict(world.files)
        for mount in world.mounts:
            if mount.medium in _OBJECTS and mount.sub_path:
                continue  # a copy that does not change: it is among the container's own files
            store = self._store_of(pod, container, mount)
            start = f"{mount.sub_path.strip('/')}/" if mount.sub_path else ""
            if start:
                _begin_directory(store, start)
            place = mount.path if mount.is_file else f"{mount.path}/"
            files.append((place, store.files, start))
            modes.append((place, store.modes, start))
            root = {p: data for p, data in root.items() if not p.startswith(place)}
        return replace(
            world,
            files=Overlay(root, files),
            modes=Overlay(dict(world.modes), modes),
        )

    def _store_of(self, pod: Pod, container: str, mount: Mount) -> Store:
        if mount.medium == "device":
            return self._disks.store(mount.place)
        if mount.is_file:
            data = HOST_FILE.encode() if mount.place == "/etc/hosts" else b""
            return self._kept.setdefault(("file", mount.place), Store({"": data}))
        if mount.medium == "claim":
            disk = self._disks.store(mount.place)
            disk.modes[""] = disk.modes.get("", 0) | mount.modes.get("", _DIRECTORY)
            return disk
        if mount.medium == "image":
            files = {path[1:]: data for path, data in files_of_image(mount.place).items()}
            return Store({"": b"", **files}, {"": _IMAGE_DIRECTORY})
        if mount.medium == "hostPath":
            return self._kept.setdefault((mount.medium, mount.place), Store())
        of_pod = self._of_pods.setdefault(pod.metadata.uid, {})
        if mount.medium in _OBJECTS:
            return of_pod.setdefault((container, mount.volume), _made(mount))
        store = of_pod.get(("", mount.volume))
        if store is None:
            store = of_pod["", mount.volume] = Store(modes={"": mount.modes.get("", _DIRECTORY)})
        return store

    def refresh(self, pod_uid: str, container: str, world: World) -> None:
        """Give volumes that are made of objects what they hold by now."""
        of_pod = self._of_pods.get(pod_uid, {})
        for mount in world.mounts:
            store = of_pod.get((container, mount.volume))
            if store is not None and mount.medium in _OBJECTS and not mount.sub_path:
                _fill(store.files, {"": b"", **mount.files})
                _fill(store.modes, mount.modes)

    def weights_of(self, pod_uid: str) -> Mapping[str, DirectoryUsage]:
        """What lies in each emptyDir of a pod."""
        own = {n: s for (c, n), s in self._of_pods.get(pod_uid, {}).items() if not c}
        return {
            name: DirectoryUsage(sum(map(len, store.files.values())), len(store.files))
            for name, store in own.items()
        }

    def own_file(self, pod_uid: str, volume: str, path: str) -> bytes:
        """What a file in an emptyDir of a pod holds. Raises FileNotFoundError."""
        store = self._of_pods.get(pod_uid, {}).get(("", volume), Store())
        if path not in store.files:
            raise FileNotFoundError(f"{volume}: {path}")
        return store.files[path]

    def remove(self, pod_uid: str) -> None:
        """The pod is gone, and with it what was its own."""
        self._of_pods.pop(pod_uid, None)


def _made(mount: Mount) -> Store:
    return Store({"": b"", **mount.files}, dict(mount.modes))


def _fill(kept: dict[str, V], now: Mapping[str, V]) -> None:
    kept.clear()
    kept.update(now)


def _begin_directory(store: Store, path: str) -> None:
    store.files.setdefault(path, b"")
    store.modes.setdefault(path, store.modes.get("", 0o755))
