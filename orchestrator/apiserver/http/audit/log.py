"""The audit log as a file: an event a line, as JSON."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import msgspec

STDOUT: Final = "-"


class AuditLog:
    """A sink for events, until the end of its block. `path` of "-" is the standard output.

    Every event is with the system when the request goes on. Raises OSError when the file cannot be had.
    """

    def __init__(self, path: Path | str) -> None:
        self._is_ours = str(path) != STDOUT
        self._file: IO[bytes] = sys.stdout.buffer
        if self._is_ours:
            self._file = Path(path).open("ab")  # noqa: SIM115 - its end is this object's

    def __enter__(self) -> "AuditLog":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_ours:
            self._file.close()

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Write an event."""
        self._file.write(msgspec.json.encode(event) + b"\n")
        self._file.flush()
