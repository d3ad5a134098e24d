"""Writes and reads reports. A file is there whole, or as it was before."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from orchestrator.scenario.report.model import (
    HTML_FILE,
    REPORT_FILE,
    Report,
    SweepReport,
)

_UNFINISHED: Final = ".unfinished"


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes its place at the end of the block, unless the block fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            yield file
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_whole(path: Path, parts: Iterable[bytes]) -> Path:
    """Write a file from its parts. Raises OSError."""
    with whole(path) as file:
        for part in parts:
            file.write(part)
    return path


def write_report(report: Report | SweepReport, directory: Path) -> Path:
    """Write `report.json` into a directory, without a page: one that is there is of another run, and goes.
    Raises OSError.
    """
    written = write_whole(directory / REPORT_FILE, (_encode(report),))
    (directory / HTML_FILE).unlink(missing_ok=True)
    return written


def write_report_and_page(report: Report | SweepReport, page: str, directory: Path) -> list[Path]:
    """Write `report.json` and `report.html` into a directory, both or neither. Raises OSError."""
    paths = [directory / REPORT_FILE, directory / HTML_FILE]
    with whole(paths[0]) as data, whole(paths[1]) as html:
        for file, content in ((data, _encode(report)), (html, page.encode())):
            file.write(content)
            file.flush()  # a full disk is found out before either of them takes its place
    return paths


def _encode(report: Report | SweepReport) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def remove_unfinished(directory: Path) -> None:
    """Remove what a process that was killed has left half-written."""
    for path in directory.glob(f".*{_UNFINISHED}"):
        path.unlink(missing_ok=True)
