"""The images of a node whose containers are processes: which of its table are there, and what they take of the disk.

What has to be pulled comes to the shelf, and what is in OCI layout is unpacked there, once. Both can be taken off it. A
directory or a command line that is there anyway is the machine's own, and stays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from orchestrator.kubelet.image_names import full_name, image_id
from orchestrator.kubelet.runtimes.images import failing_pull, missing
from orchestrator.kubelet.runtimes.interface import Mount as Volume
from orchestrator.kubelet.runtimes.interface import NodeImage
from orchestrator.kubelet.runtimes.process.images import Image, ImageTable
from orchestrator.kubelet.runtimes.process.oci import unpack
from orchestrator.kubelet.runtimes.process.shim.messages import Mount
from orchestrator.kubelet.runtimes.process.shim.trees import remove_tree, tree_bytes
from orchestrator.kubelet.runtimes.real import ConfigFault, Refusal
from orchestrator.kubelet.runtimes.volume_directories import within_volume


class ImageShelf:
    """The images of a table that are on the node. They are unpacked in `directory()`; `task` begins what takes time."""

    def __init__(
        self,
        images: Iterable[Image],
        directory: Callable[[], Path],
        task: Callable[[Awaitable[Any]], "asyncio.Task[Any]"],
    ) -> None:
        self._table = ImageTable(images)
        self._directory = directory
        self._task = task
        self._pulled: set[str] = set()
        self._unpacking: dict[str, asyncio.Task[Image]] = {}
        self._places = 0  # in which something was unpacked
        self._weights: dict[str, int] = {}  # of what was pulled or unpacked, in bytes

    def find(self, name: str) -> Image | None:
        """As `ImageTable.find`."""
        return self._table.find(name)

    def has(self, image: Image) -> bool:
        """Whether an image need not be pulled."""
        return image.pull is None or image.name in self._pulled

    async def obtain(
        self, name: str, policy: str, pull: Callable[[float], Awaitable[None]]
    ) -> Image:
        """The image that a container means, as a root directory or a command line, pulled if it has to be, for which
        `pull` takes so many seconds. Raises Refusal, InvalidImage, OSError.
        """
        image = self.find(name)
        present = image is not None and self.has(image)
        if policy == "Never" and not present:
            raise Refusal("ErrImageNeverPull", missing(name))
        if image is None:
            raise Refusal("ErrImagePull", failing_pull(name, failing=True))
        if not present and image.pull is not None:
            await pull(image.pull.seconds)
            if image.pull.fault:
                whole = failing_pull(name, failing=True).rpartition(": ")[0]
                raise Refusal("ErrImagePull", f"{whole}: {image.pull.fault}")
            await self.take(image)
        return await self.unpacked(image)

    async def shown(self, mount: Volume, container: str) -> Mount:
        """An image as a volume. Raises Refusal, ConfigFault, VolumeFault, InvalidImage, OSError."""
        image = self.find(mount.place)
        if image is None:
            raise Refusal("ErrImagePull", failing_pull(mount.place, failing=True))
        directory = (await self.unpacked(image)).directory
        if not directory:
            raise ConfigFault(f'image "{mount.place}" is a command line, and has no files to mount')
        place = Path(directory)
        if mount.sub_path:
            place = within_volume(place, mount, container)
        return Mount(str(place), mount.path, True)

    async def take(self, image: Image) -> None:
        """An image has been pulled."""
        self._pulled.add(image.name)
        if image.directory and not image.layered:
            self._weights[image.name] = await asyncio.to_thread(tree_bytes, image.directory)

    async def unpacked(self, image: Image) -> Image:
        """An image in OCI layout, as a root directory; the work is done once. Raises InvalidImage, OSError."""
        if not image.layered:
            return image
        work = self._unpacking.get(image.name)
        if work is None or _has_failed(work):
            work = self._unpacking[image.name] = self._task(self._unpack(image))
        found: Image = await asyncio.shield(work)
        return found

    async def _unpack(self, image: Image) -> Image:
        self._places += 1
        place = self._directory() / str(self._places)
        found = await asyncio.to_thread(unpack, image, place)
        self._weights[image.name] = await asyncio.to_thread(tree_bytes, found.directory)
        return found

    def images(self) -> Iterator[NodeImage]:
        """Those that are there."""
        for image in self._table:
            if self.has(image):
                name = image.name
                pinned = image.pull is None and name not in self._unpacking
                size = self._weights.get(name, 0)
                yield NodeImage(name, (image_id(name), full_name(name)), size, pinned)

    def named(self, names: Iterable[str]) -> AbstractSet[str]:
        """The ids of the images that containers mean by these names."""
        return {image.name for each in names if (image := self._table.find(each)) is not None}

    def remove(self, name: str) -> None:
        """Forget that an image was pulled, and remove what was unpacked of it."""
        self._pulled.discard(name)
        self._weights.pop(name, None)
        work = self._unpacking.get(name)
        if work is not None and work.done():
            del self._unpacking[name]
            if not _has_failed(work):
                self._task(asyncio.to_thread(remove_tree, work.result().directory))


def _has_failed(work: "asyncio.Task[Image]") -> bool:
    return work.done() and (work.cancelled() or work.exception() is not None)
