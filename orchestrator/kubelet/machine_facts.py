"""What a machine says of itself: kernel, system, architecture. A node whose containers are real tells its machine's."""

import os
import platform
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from orchestrator.api.core.v1 import ContainerImage
from orchestrator.protocol import Stall

if TYPE_CHECKING:
    from orchestrator.kubelet.runtimes.interface import NodeImage

_ARCHITECTURES: Final = {  # Go's names of what the kernel calls otherwise
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "i686": "386",
    "loongarch64": "loong64",
}
_PROCESSES: Final = Path("/proc/sys/kernel/pid_max")
_MOST_IMAGES: Final = 50  # nodeStatusMaxImages
_MOST_NAMES: Final = 5
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class MachineFacts(Struct, frozen=True):
    """As `status.nodeInfo` has them, and how many processes and files there may be. Without a `boot_id` each node makes up one."""

    kernel_version: str
    os_image: str
    operating_system: str
    architecture: str
    boot_id: str = ""
    most_processes: int = 32768
    most_files: int = 1 << 26  # one for each 16 KiB of a disk of 1 TiB, as ext4 has it


SIMULATED: Final = MachineFacts("6.12.0", "Simulated Linux", "linux", "amd64")


class OnMachine(Protocol):
    """What a runtime may offer whose containers are the work of a real machine."""

    def machine_facts(self) -> MachineFacts:
        """What that machine is."""
        ...

    def machine_stalls(self) -> Mapping[str, Stall]:
        """How long its tasks have waited, by resource."""
        ...


def facts_of(runtime: object) -> MachineFacts:
    """What the machine of a runtime is; a simulated one, unless the runtime is `OnMachine`."""
    tell: Callable[[], MachineFacts] | None = getattr(runtime, "machine_facts", None)
    return tell() if tell is not None else SIMULATED


def stalls_of(runtime: object) -> Mapping[str, Stall]:
    """How long the tasks of a runtime's machine have waited; nobody counts it of a simulated one."""
    tell: Callable[[], Mapping[str, Stall]] | None = getattr(runtime, "machine_stalls", None)
    return tell() if tell is not None else {}


def told_images(images: "Iterable[NodeImage]") -> tuple[ContainerImage, ...]:
    """The images of a node, as `status.images` has them: the largest first, and not all of very many."""
    found = sorted(images, key=lambda image: -image.size_bytes)[:_MOST_IMAGES]
    return tuple(
        ContainerImage(names=each.names[:_MOST_NAMES], size_bytes=each.size_bytes or None)
        for each in found
    )


def this_machine() -> MachineFacts:
    """The machine on which this program runs."""
    kernel = os.uname()
    image, boot, most = f"{kernel.sysname} {kernel.release}", "", SIMULATED.most_processes
    with suppress(OSError):
        image = platform.freedesktop_os_release().get("PRETTY_NAME", image)
    with suppress(OSError):
        boot = _BOOT.read_text().strip()
        most = int(_PROCESSES.read_text())
    # A file system that makes them as it needs them tells of none.
    files = os.statvfs("/").f_files or SIMULATED.most_files
    return MachineFacts(
        kernel_version=kernel.release,
        os_image=image,
        operating_system=kernel.sysname.lower(),
        architecture=_ARCHITECTURES.get(kernel.machine, kernel.machine),
        boot_id=boot,
        most_processes=most,
        most_files=files,
    )
