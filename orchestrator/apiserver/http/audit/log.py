"""The audit log as a file: an event a line, as JSON."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from orchestrator.apiserver.http.audit.backends import Event, NotKept, not_kept
from orchestrator.apiserver.http.audit.rotation import RotatedFile, Rotation

STDOUT: Final = "-"


class AuditLog:
    """A backend, and a sink that blocks, until the end of its block. `path` of "-" is the standard output.

    Every event that it took is with the system. `strict`: a request whose event cannot be written ends.
    `rotation` says when the file is begun anew, by what `now` says (seconds since the epoch). Raises OSError when
    the file cannot be had.
    """

    name = "log"

    def __init__(
        self,
        path: Path | str,
        lost: "Counter[str] | None" = None,
        *,
        strict: bool = False,
        rotation: Rotation = Rotation(megabytes=0, files=0, days=0),  # noqa: B008 - frozen
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._lost: Counter[str] = Counter() if lost is None else lost
        self._strict = strict
        self._file: RotatedFile | None = None
        if str(path) != STDOUT:
            self._file = RotatedFile(Path(path), rotation, now)

    def __enter__(self) -> "AuditLog":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
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
        line = msgspec.json.encode(event) + b"\n"
        if self._file is not None:
            self._file.write(line)
            return
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
