"""Brings a node's rules into the kernel, one transaction a sync."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any, Final

from orchestrator.proxy.planes.nftables.rendering import Surroundings, render
from orchestrator.proxy.planes.nftables.ruleset import Ruleset, transaction
from orchestrator.proxy.table import Table

_RETRY_SECONDS: Final = 5.0


class RulesRefused(Exception):
    """The kernel does not take a transaction; the text is what nft says."""


class NftablesPlane:
    """The rules of the node at `place`, in the network namespace of the file `namespace`.

    Tables that come while one is brought in are brought in together. What the kernel refuses is told to `log`, and
    tried again from nothing after a while.
    """

    sync_seconds: Final = 0.1

    def __init__(self, namespace: Path, node: Surroundings, log: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._namespace = namespace
        self._node = node
        self._log = log
        self._known: Ruleset | None = None
        self._wanted: Table | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def settled(self) -> None:
        """Wait until what it was told is in the kernel, or refused."""
        if self._task is not None:
            await self._task

    def sync(self, table: Table) -> None:
        """As `Plane.sync`."""
        self._wanted = table
        if self._task is None and not self._closed:
            self._task = self._loop.create_task(self._bring_in())

    async def _bring_in(self) -> None:
        try:
            while self._wanted is not None and not self._closed:
                table, self._wanted = self._wanted, None
                rules = render(table, self._node)
                text = transaction(self._known, rules)
                if text:
                    await asyncio.to_thread(give_rules, self._namespace, text)
                self._known = rules
        except RulesRefused as refused:
            self._known = None
            if not self._closed:
                self._log.warning("rules refused", node=self._node.place.node, reason=str(refused))
                self._loop.call_later(_RETRY_SECONDS, self.sync, table)
        finally:
            self._task = None

    def forget_idle(self, now: float) -> None:
        """The kernel forgets by itself."""

    def close(self) -> None:
        """Bring in no more; the rules go with their namespace."""
        self._closed = True


def give_rules(namespace: Path, text: str) -> None:
    """One transaction in a network namespace. Raises RulesRefused."""
    command = ["nsenter", f"--net={namespace}", "nft", "-f", "-"]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RulesRefused(" ".join(done.stderr.split())[:500] or str(done.returncode))
