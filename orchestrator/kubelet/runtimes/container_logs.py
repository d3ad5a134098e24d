"""A container's log: a file in the format of Kubernetes' container runtimes, bounded by rotation.

    2026-11-28T12:00:00.123456789Z stdout F a whole line
    2026-11-28T12:00:00.123456789Z stdout P the beginning of a line of more than 16 KiB

When a file has 10 MiB it makes room for the next one; the one before is kept, older ones are not.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from orchestrator.sessions import LogOptions

ROTATED_AT: Final = 10 * 1024 * 1024  # bytes: containerLogMaxSize
_LONGEST: Final = 16 * 1024  # of a line; longer ones are divided
_BLOCK: Final = 1 << 16


class Log:
    """One run's log, to read. `generation` counts how often its file was rotated."""

    generation = 0

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def before(self) -> Path:
        """The file before this one, if it was rotated."""
        return self.path.with_suffix(".log.1")

    def kept_bytes(self) -> int:
        """What its files take on the disk."""
        sizes = 0
        for path in (self.path, self.before):
            with suppress(OSError):
                sizes += path.stat().st_size
        return sizes

    def last(self, lines: int, most: int) -> str:
        """The end of the log as text: at most so many lines and bytes."""
        text = b"".join(_text(each) for each in self._tail(lines))
        return text[-most:].decode(errors="replace")

    def _tail(self, lines: int) -> list[bytes]:
        """The last lines, as they stand in the file."""
        found = _last_lines(self.path, lines)
        whole = sum(_is_whole(each) for each in found)
        if whole < lines and self.before.exists():
            found = _last_lines(self.before, lines - whole) + found
        return found

    def _all(self) -> Iterator[bytes]:
        """All lines that there are now; what is written while they are read is not among them."""
        files = [path.open("rb") for path in (self.before, self.path) if path.exists()]
        return _lines_of([(file, os.fstat(file.fileno()).st_size) for file in files])

    def read(self, options: LogOptions) -> Iterator[bytes]:
        """The part of what there is that `options` ask for, as a client sees it, in pieces."""
        lines = iter(self._tail(options.tail)) if options.tail is not None else self._all()
        return _pieces(lines, options)


class LogFile(Log):
    """One run's log, to write, too. `now` gives epoch seconds."""

    def __init__(self, path: Path, now: Callable[[], float], rotated_at: int = ROTATED_AT) -> None:
        super().__init__(path)
        self.closed = False
        self._now = now
        self._rotated_at = rotated_at
        self._size = 0
        self._open: dict[str, bytearray] = {}  # lines that have not ended, by stream
        self._descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o640)
        self.written = 0  # grows with each write

    def write(self, stream: str, data: bytes) -> None:
        """Take what the container says. Raises OSError."""
        waiting = self._open.setdefault(stream, bytearray())
        waiting += data
        *lines, rest = bytes(waiting).split(b"\n")
        head = f"{stamp(self._now())} {stream} ".encode()
        out = []
        for line in lines:
            while len(line) > _LONGEST:
                out.append(head + b"P " + line[:_LONGEST])
                line = line[_LONGEST:]
            out.append(head + b"F " + line)
        while len(rest) > _LONGEST:
            out.append(head + b"P " + rest[:_LONGEST])
            rest = rest[_LONGEST:]
        self._open[stream] = bytearray(rest)
        if out:
            self._append(b"\n".join(out) + b"\n")

    def close(self) -> None:
        """The container has said all: a last line without an end is written, too."""
        if self.closed:
            return
        for stream, rest in self._open.items():
            if rest:
                self._append(f"{stamp(self._now())} {stream} P ".encode() + bytes(rest) + b"\n")
        self.closed = True
        os.close(self._descriptor)

    def _append(self, data: bytes) -> None:
        if self._size + len(data) > self._rotated_at and self._size:
            os.close(self._descriptor)
            os.replace(self.path, self.before)
            self._descriptor = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o640)
            self._size = 0
            self.generation += 1
        os.write(self._descriptor, data)
        self._size += len(data)
        self.written += 1


class Follower:
    """Reads what is written into a log from now on, through rotations."""

    def __init__(self, log: Log, *, timestamps: bool) -> None:
        self._log = log
        self._timestamps = timestamps
        self._generation = log.generation
        self._file = log.path.open("rb")
        self._file.seek(0, os.SEEK_END)

    def more(self) -> bytes:
        """What has been written since the last call."""
        data = self._read()
        if self._generation != self._log.generation:
            self._file.close()
            self._generation = self._log.generation
            self._file = self._log.path.open("rb")
            data += self._read()
        return data

    def _read(self) -> bytes:
        return b"".join(_shown(line, timestamps=self._timestamps) for line in self._file)

    def close(self) -> None:
        """Read no more."""
        self._file.close()


def stamp(at: float) -> str:
    """A time as it stands before each line."""
    seconds, fraction = divmod(round(at * 1e6), 1_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:06d}000Z"


def _lines_of(files: list[tuple[BinaryIO, int]]) -> Iterator[bytes]:
    for file, size in files:
        with file:
            for line in file:
                if size <= 0:
                    break
                size -= len(line)
                yield line


def _pieces(lines: Iterator[bytes], options: LogOptions) -> Iterator[bytes]:
    since = stamp(options.since).encode() if options.since is not None else b""
    block = bytearray()
    fresh = True
    for line in lines:
        if line[: len(since)] < since:
            continue
        block += _shown(line, timestamps=options.timestamps and fresh)
        fresh = _is_whole(line)
        if len(block) > _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _is_whole(line: bytes) -> bool:
    return line.split(b" ", 3)[2:3] == [b"F"]


def _text(line: bytes) -> bytes:
    """What the container has said."""
    parts = line.split(b" ", 3)
    if len(parts) < 4:
        return b""
    return parts[3] if parts[2] == b"F" else parts[3].removesuffix(b"\n")


def _shown(line: bytes, *, timestamps: bool) -> bytes:
    text = _text(line)
    return line.partition(b" ")[0] + b" " + text if timestamps else text


def _last_lines(path: Path, lines: int) -> list[bytes]:
    """The last lines of a file, beginnings of lines not counted; it is read from its end."""
    if lines <= 0:
        return []
    with path.open("rb") as file:
        at = file.seek(0, os.SEEK_END)
        data = b""
        while at > 0:
            step = min(_BLOCK, at)
            at -= step
            file.seek(at)
            data = file.read(step) + data
            if data.count(b" F ") > lines + 1 and data.count(b"\n") > lines + 1:
                break
    found = data.splitlines(keepends=True)
    kept: list[bytes] = []
    whole = 0
    for line in reversed(found):
        whole += _is_whole(line)
        if whole > lines:
            break
        kept.append(line)
    return kept[::-1]
