"""What gives transactions to a kernel, one after another."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_RETRY_SECONDS: Final = 5.0


class RulesRefused(Exception):
    """The kernel does not take a transaction; the text is what nft says."""


class Writer:
    """Writes rules in the network namespace of the file `namespace`, while it is not closed.

    `next_text` answers what is to be written now, None for nothing, and is asked again after each transaction: what has
    come meanwhile goes together. `written` is called after each that was taken (or
    empty), in a thread, and may block. `failed` is
    told that a transaction was refused, and so is `log`; then it is tried again after a while.
    """

    def __init__(
        self,
        namespace: Path,
        next_text: Callable[[], str | None],
        failed: Callable[[], None],
        log: Any,
        written: Callable[[], None] = lambda: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._namespace, self._next_text, self._failed, self._log = (
            namespace,
            next_text,
            failed,
            log,
        )
        self._written = written
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def wake(self) -> None:
        """There is something to write."""
        if self._task is None and not self._closed:
            self._task = self._loop.create_task(self._write())

    async def _write(self) -> None:
        try:
            while not self._closed and (text := self._next_text()) is not None:
                await asyncio.to_thread(self._give, text)
        except RulesRefused as refused:
            if not self._closed:
                self._failed()
                self._log.warning("rules refused", where=self._namespace.name, reason=str(refused))
                self._loop.call_later(_RETRY_SECONDS, self.wake)
        finally:
            self._task = None

    def _give(self, text: str) -> None:
        if text:
            give_rules(self._namespace, text)
        self._written()

    async def settled(self) -> None:
        """Wait until all that is to be written is in the kernel, or refused."""
        if self._task is not None:
            await self._task

    def close(self) -> None:
        """Write no more; the rules go with their namespace."""
        self._closed = True


def give_rules(namespace: Path, text: str) -> None:
    """One transaction in a network namespace. Raises RulesRefused."""
    command = ["nsenter", f"--net={namespace}", "nft", "-f", "-"]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RulesRefused(" ".join(done.stderr.split())[:500] or str(done.returncode))
