"""What lies on a node's disk: what its pods keep there, and its images. All of it is one disk."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes
from orchestrator.kubelet.runtimes.interface import KeepingImages, Weighed
from orchestrator.protocol import DirectoryUsage, DiskUsage

if TYPE_CHECKING:
    from orchestrator.kubelet.runtimes.interface import NodeImage

_NOTHING = DiskUsage()


class NodeStorage:
    """The disk of a node with these runtimes. To weigh what pods keep may take long: nobody does it for nothing."""

    def __init__(self, runtimes: NodeRuntimes) -> None:
        self._runtimes = runtimes

    def of(self, pod: Pod) -> DiskUsage:
        """What a pod keeps on the disk, where its runtime weighs it. What it keeps in memory is no part of that."""
        uid = pod.metadata.uid
        runtime = self._runtimes.of(uid)
        if not _is_weighed(type(runtime)):
            return _NOTHING
        weighed = cast("Weighed", runtime)
        return DiskUsage(_on_disk(pod, weighed.volume_weights(uid)), weighed.log_bytes(uid))

    def keepers(self) -> Iterator[KeepingImages]:
        """The runtimes that know their images."""
        for each in self._runtimes.all():
            if _keeps_images(type(each)):
                yield cast("KeepingImages", each)

    def images(self) -> "Iterator[NodeImage]":
        """All images of the node."""
        return (image for keeper in self.keepers() for image in keeper.images())

    def image_bytes(self) -> int:
        """What the images take."""
        return sum(image.size_bytes for image in self.images())

    def used_bytes(self, pods: Iterable[Pod]) -> int:
        """What is taken of the disk, where these are the node's pods."""
        return self.image_bytes() + sum(bytes_of(self.of(pod)) for pod in pods)


@cache
def _is_weighed(kind: type[Any]) -> bool:
    """Asked once a class: to look at a protocol's methods takes longer than to ask most runtimes what they have."""
    return issubclass(kind, Weighed)


@cache
def _keeps_images(kind: type[Any]) -> bool:
    return issubclass(kind, KeepingImages)


def bytes_of(disk: DiskUsage) -> int:
    """The bytes that a pod keeps."""
    return sum(each.used_bytes for each in disk.volumes.values()) + sum(disk.logs.values())


def files_of(disk: DiskUsage) -> int:
    """The files that a pod keeps, with its logs."""
    return sum(each.files for each in disk.volumes.values()) + len(disk.logs)


def _on_disk(pod: Pod, volumes: Mapping[str, DirectoryUsage]) -> Mapping[str, DirectoryUsage]:
    in_memory = {
        volume.name
        for volume in (pod.spec.volumes if pod.spec is not None else ())
        if volume.empty_dir is not None and volume.empty_dir.medium == "Memory"
    }
    return {name: each for name, each in volumes.items() if name not in in_memory}
