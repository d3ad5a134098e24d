"""The storage behind a cluster's claims: it outlives pods and nodes, and every node can mount it.

What simulated containers write lies in memory, what processes write in a directory of the machine.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from orchestrator.kubelet.runtimes.process.disk_directory import DiskDirectory


class Store(Struct, eq=False):
    """What is in a volume, by path in it; the empty path is the volume's own directory."""

    files: dict[str, bytes] = field(default_factory=lambda: {"": b""})
    modes: dict[str, int] = field(default_factory=dict)


class Disks:
    """A cluster's storage, by what names it (`machinery.volumes.storage_of`).

    `on_first` is called once, before the first of it is used.
    """

    def __init__(self, on_first: Callable[[], None] | None = None) -> None:
        self.on_first = on_first
        self._stores: dict[str, Store] = {}
        self._directory: DiskDirectory | None = None

    def store(self, storage: str) -> Store:
        """What simulated containers have written; empty at first."""
        self._begin()
        return self._stores.setdefault(storage, Store())

    def place(self, storage: str) -> Path:
        """Where processes write; the first mount makes the directory. Raises OSError."""
        return self._on_machine().place(storage)

    def device(self, storage: str, size: int, *, read_only: bool = False) -> Path:
        """The block device, or the plain file, of so many bytes that is a disk without files. Raises OSError."""
        return self._on_machine().device(storage, size, read_only=read_only)

    def _on_machine(self) -> "DiskDirectory":
        self._begin()
        if self._directory is None:
            from orchestrator.kubelet.runtimes.process.disk_directory import (
                DiskDirectory,  # late: most nodes simulate
            )

            self._directory = DiskDirectory()
        return self._directory

    def copy(self, source: str, storage: str) -> None:
        """Begin a disk with what is on another by now. Raises OSError."""
        if source in self._stores:
            kept = self._stores[source]
            self._stores[storage] = Store(dict(kept.files), dict(kept.modes))
        if self._directory is not None:
            self._directory.copy(source, storage)

    def remove(self, storage: str) -> None:
        """The storage is given back, with what is in it."""
        self._stores.pop(storage, None)
        if self._directory is not None:
            self._directory.remove(storage)

    def close(self) -> None:
        """Leave nothing on the machine. A second call does nothing."""
        directory, self._directory = self._directory, None
        self._stores.clear()
        if directory is not None:
            directory.close()

    def _begin(self) -> None:
        first, self.on_first = self.on_first, None
        if first is not None:
            first()
