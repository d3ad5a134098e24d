"""When a log file is begun anew, and what becomes of those before it.

A file that would grow too large is set aside under the moment at which that happened (`audit-2026-01-02T15-04-05.000.log`,
UTC), as kube-apiserver's are; the oldest of those set aside are taken away, and the others may be compressed.
"""

import gzip
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

_MEGABYTE: Final = 1024 * 1024
_PRIVATE: Final = 0o600
_MOMENT: Final = "%Y-%m-%dT%H-%M-%S"
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}")
_GZIP: Final = ".gz"


class Rotation(Struct, frozen=True):
    """Bounds of log files; 0 is none. `megabytes` of one file, `files` and `days` of those set aside."""

    megabytes: int = 100
    files: int = 100
    days: int = 366
    compress: bool = False


class RotatedFile:
    """A log file that is begun anew when it is full. `now`: seconds since the epoch. Raises OSError."""

    def __init__(self, path: Path, rotation: Rotation, now: Callable[[], float]) -> None:
        self._path = path
        self._rotation = rotation
        self._now = now
        self._file = _opened(path)
        # What is no file of its own, as a terminal, has no others beside it.
        self._most = rotation.megabytes * _MEGABYTE if path.is_file() else 0
        self._size = self._path.stat().st_size
        if self._most:
            self._clean()

    def write(self, line: bytes) -> None:
        """Write a line whole, in a new file if it would make this one too large. Raises OSError."""
        is_full = self._most and self._size and self._size + len(line) > self._most
        if is_full or self._file.closed:
            self._rotate()
        self._file.write(line)
        self._size += len(line)

    def close(self) -> None:
        """Nothing is written afterwards."""
        self._file.close()

    def _rotate(self) -> None:
        if not self._file.closed:  # it is, where the last try failed
            self._file.close()
            with suppress(FileNotFoundError):
                self._path.replace(self._aside())
        self._file = _opened(self._path)
        self._size = self._path.stat().st_size
        self._clean()

    def _aside(self) -> Path:
        moment = datetime.fromtimestamp(self._now(), UTC)
        stamp = f"{moment.strftime(_MOMENT)}.{moment.microsecond // 1000:03}"
        return self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}")

    def _clean(self) -> None:
        """Take away what is too much or too old; what cannot be taken away stays."""
        rotation = self._rotation
        eldest = datetime.fromtimestamp(self._now(), UTC) - timedelta(days=rotation.days)
        for index, (stamp, path) in enumerate(sorted(self._set_aside(), reverse=True)):
            is_old = bool(rotation.days) and stamp[: len("2026-01-02T15-04-05")] < eldest.strftime(
                _MOMENT
            )
            with suppress(OSError):
                if is_old or (rotation.files and index >= rotation.files):
                    path.unlink()
                elif rotation.compress and path.suffix != _GZIP:
                    _compress(path)

    def _set_aside(self) -> Iterator[tuple[str, Path]]:
        begin, end = f"{self._path.stem}-", self._path.suffix
        for path in self._path.parent.iterdir():
            name = path.name.removesuffix(_GZIP)
            stamp = name.removeprefix(begin).removesuffix(end)
            if name == f"{begin}{stamp}{end}" and _STAMP.fullmatch(stamp):
                yield stamp, path


def _opened(path: Path) -> IO[bytes]:
    """Without a buffer of its own: what could not be written must not follow later. A new one is its owner's alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _PRIVATE)
    return os.fdopen(descriptor, "ab", buffering=0)


def _compress(path: Path) -> None:
    """Into a file beside it that is as private."""
    target = path.with_name(path.name + _GZIP)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, path.stat().st_mode & 0o777)
    with (
        path.open("rb") as source,
        os.fdopen(descriptor, "wb") as raw,
        gzip.open(raw, "wb") as made,
    ):
        shutil.copyfileobj(source, made)
    path.unlink()
