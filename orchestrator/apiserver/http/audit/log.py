"""The audit log as a file: an event a line, as JSON."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from orchestrator.apiserver.http.audit.backends import Event, NotKept, not_kept

STDOUT: Final = "-"


class AuditLog:
    """A backend, and a sink that blocks, until the end of its block. `path` of "-" is the standard output.

    Every event that it took is with the system. `strict`: a request whose event cannot be written ends. Raises
    OSError when the file cannot be had.
    """

    name = "log"

    def __init__(
        self, path: Path | str, lost: "Counter[str] | None" = None, *, strict: bool = False
    ) -> None:
        self._lost: Counter[str] = Counter() if lost is None else lost
        self._strict = strict
        self._is_ours = str(path) != STDOUT
        self._file: IO[bytes] = sys.stdout.buffer
        if self._is_ours:
            # Without a buffer of its own: what could not be written must not follow later.
            self._file = Path(path).open("ab", buffering=0)  # noqa: SIM115 - its end is this object's

    def __enter__(self) -> "AuditLog":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_ours:
            self._file.close()

    def __call__(self, event: Event) -> "asyncio.Future[bool] | None":
        """Write an event; as `Sink`, but that a request waits for nothing."""
        try:
            self._write(event)
        except OSError as error:
            not_kept(self._lost, self.name, 1, error)
            if self._strict:
                refused: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
                refused.set_result(False)
                return refused
        return None

    async def keep(self, events: Sequence[Event], *, persistent: bool = True) -> None:
        """As `Backend`; a file is asked once, however persistent one is."""
        del persistent
        for event in events:
            try:
                self._write(event)
            except OSError as error:
                raise NotKept(str(error)) from None

    def _write(self, event: Any) -> None:
        self._file.write(msgspec.json.encode(event) + b"\n")
        self._file.flush()
