"""What holds a node's policies in the kernel."""

from pathlib import Path
from typing import Any

from orchestrator.proxy.planes.nftables.kernel import Writer
from orchestrator.proxy.policies.decisions import Isolation
from orchestrator.proxy.policies.rendering import render


class Gate:
    """The policies' rules in the network namespace of the file `namespace`; `control_plane` may always come in."""

    def __init__(self, namespace: Path, control_plane: str, log: Any) -> None:
        self._control_plane = control_plane
        self._wanted: tuple[Isolation, ...] = ()
        self._written: tuple[Isolation, ...] | None = ()
        self._writer = Writer(namespace, self._next_text, self._failed, log)

    def sync(self, isolated: tuple[Isolation, ...]) -> None:
        """These pods are isolated, and no others."""
        self._wanted = isolated
        self._writer.wake()

    def _next_text(self) -> str | None:
        if self._wanted == self._written:
            return None
        self._written = self._wanted
        return render(self._wanted, self._control_plane)

    def _failed(self) -> None:
        self._written = None

    async def settled(self) -> None:
        """Wait until what it was told is in the kernel, or refused."""
        await self._writer.settled()

    def close(self) -> None:
        """Change nothing any more."""
        self._writer.close()
