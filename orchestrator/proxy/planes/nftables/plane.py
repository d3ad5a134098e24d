"""Brings a node's rules into the kernel, one transaction a sync."""

import socket
from pathlib import Path
from typing import Any, Final

from orchestrator.proxy.health import HealthPorts, health_checks
from orchestrator.proxy.planes.nftables.flows import NOBODY, forget, served
from orchestrator.proxy.planes.nftables.kernel import Writer
from orchestrator.proxy.planes.nftables.rendering import Surroundings, render
from orchestrator.proxy.planes.nftables.ruleset import Ruleset, transaction
from orchestrator.proxy.planes.nftables.spaces import inside
from orchestrator.proxy.table import Table


class NftablesPlane:
    """The rules of the node that `node` describes, in the network namespace of the file `namespace`.

    What the kernel refuses is told to `log`, and tried again from nothing after a while.
    """

    sync_seconds: Final = 0.1

    def __init__(self, namespace: Path, node: Surroundings, log: Any) -> None:
        self._node = node
        self._written: Ruleset | None = None
        self._table: Table | None = None
        self._is_new = False
        self._namespace, self._log = namespace, log
        self._health = HealthPorts(self._listen, log)
        self._served = self._cleared = NOBODY
        self._writer = Writer(namespace, self._next_text, self._failed, log, self._clear)

    def sync(self, table: Table) -> None:
        """As `Plane.sync`."""
        self._table = table
        self._is_new = True
        self._writer.wake()
        self._health.sync(health_checks(table, {self._node.address: self._node.place}))

    def _listen(self, address: tuple[str, int]) -> socket.socket:
        return inside(self._namespace, lambda: socket.create_server(address))

    def _next_text(self) -> str | None:
        if not self._is_new or self._table is None:
            return None
        self._is_new = False
        before, self._written = self._written, render(self._table, self._node)
        self._served = served(self._table)
        return transaction(before, self._written)

    def _clear(self) -> None:
        """Have what the kernel remembers of UDP follow its rules."""
        by = self._served
        if by == self._cleared:
            return
        try:
            forget(self._namespace, by)
        except Exception as error:  # the library's errors are many; datagrams go on as they went
            self._log.warning("flows not forgotten", where=self._namespace.name, reason=str(error))
        else:
            self._cleared = by

    def _failed(self) -> None:
        self._written = None
        self._is_new = True

    async def settled(self) -> None:
        """Wait until what it was told is in the kernel, or refused."""
        await self._writer.settled()
        await self._health.settled()

    def forget_idle(self, now: float) -> None:
        """The kernel forgets by itself."""

    def close(self) -> None:
        """Bring in no more; the rules go with their namespace."""
        self._writer.close()
        self._health.close()
