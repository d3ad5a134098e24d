"""Rows of a table in a file, each knowing its line: CSV with a header, or one JSON object a line.

A file is read whole or refused. Every line ends in a newline, the last one too: without it a file
that was cut off within its last number would look complete.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from orchestrator.machinery import names, quantities
from orchestrator.machinery.errors import QuantityError
from orchestrator.scenario.traces.interface import TraceError

_NUMBER: Final = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,18}", re.ASCII)  # what 64 bits hold


class Row:
    """One row. An empty cell is one that is not there."""

    __slots__ = ("_cells", "_file", "line")

    def __init__(self, file: Path, line: int, cells: Mapping[str, str]) -> None:
        self._file = file
        self.line = line
        self._cells = cells

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((column, text) for column, text in self._cells.items() if text)

    def text(self, column: str) -> str:
        """A cell's text, or nothing."""
        return self._cells.get(column, "")

    def name(self, column: str) -> str:
        """A cell that can be the name of a pod or a node."""
        name = self.text(column) or self.refuse(column, "expected a name, got nothing")
        self.check(column, name, names.dns1123_subdomain_errors(name))
        return name

    def number(self, column: str) -> float | None:
        """A cell's number of at least 0; None when it is empty."""
        text = self.text(column)
        if not text:
            return None
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not 0 <= number < math.inf:
            self.refuse(column, f'expected a number of at least 0, got "{text}"')
        return number

    def whole(self, column: str, most: int = 10**15) -> int:
        """A cell's whole number from 0 to `most`."""
        text = self.text(column)
        number = int(text) if _WHOLE.fullmatch(text) else -1
        if not 0 <= number <= most:
            self.refuse(column, f'expected a whole number from 0 to {most}, got "{text}"')
        return number

    def quantity(self, column: str, *, whole: bool = False) -> str:
        """A cell's canonical quantity of at least 0; of a device, a `whole` one."""
        text = self.text(column)
        try:
            nano = quantities.nano(text)
        except QuantityError:
            nano = -1
        if nano < 0:
            self.refuse(column, f'expected a quantity such as 500m or 16Gi, got "{text}"')
        if whole and nano % quantities.NANO:
            self.refuse(column, f'expected a whole quantity, got "{text}"')
        return quantities.canonical(text)

    def check(self, column: str, text: str, errors: tuple[str, ...]) -> None:
        """Refuse a text when there are errors in it."""
        if errors:
            self.refuse(column, f'"{text}": {errors[0]}')

    def claim(self, column: str, name: str, lines: dict[str, int]) -> str:
        """A name that no row had before; `lines` remembers where each one stands."""
        first = lines.setdefault(name, self.line)
        if first != self.line:
            self.refuse(column, f'"{name}" is the name of line {first}, too')
        return name

    def refuse(self, column: str, message: str) -> NoReturn:
        """Raise a TraceError at this row."""
        raise TraceError(self._file, self.line, f"{column}: {message}")


def read_csv(path: Path, required: tuple[str, ...]) -> list[Row]:
    """The rows of a CSV file whose header holds at least the `required` columns.

    Raises TraceError.
    """
    lines = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = next(lines)
        _check_header(path, header, required)
        next_line = lines.line_num + 1
        for cells in lines:
            line, next_line = next_line, lines.line_num + 1  # a quoted field may hold newlines
            if len(cells) == len(header):
                rows.append(Row(path, line, dict(zip(header, cells, strict=True))))
            elif cells:
                message = f"expected {len(header)} fields as in the header, got {len(cells)}"
                raise TraceError(path, line, message)
    except csv.Error as error:
        raise TraceError(path, lines.line_num, f"it is no CSV, or cut off: {error}") from None
    return rows or _empty(path)


def read_jsonl(path: Path, required: tuple[str, ...]) -> list[Row]:
    """The rows of a file with one JSON object a line, all of which have the `required` keys.

    Raises TraceError.
    """
    rows = []
    decoder = msgspec.json.Decoder()
    for line, text in enumerate(_text(path).split("\n"), 1):
        if not text.strip():
            continue
        try:
            cells = decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise TraceError(path, line, f"it is no JSON, or cut off: {error}") from None
        if not isinstance(cells, dict):
            raise TraceError(path, line, "expected a JSON object")
        row = Row(path, line, {k: _cell(path, line, k, v) for k, v in cells.items()})
        for column in required:
            if not row.text(column):
                row.refuse(column, "expected a value, got nothing")
        rows.append(row)
    return rows or _empty(path)


def _cell(path: Path, line: int, key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TraceError(path, line, f"{key}: expected a text or a number")
    return str(value)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TraceError(path, 0, f"cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TraceError(path, 0, "expected UTF-8 text; the file is binary") from None
    if "\0" in text:
        raise TraceError(path, 0, "expected UTF-8 text; the file is binary")
    if not text.strip():
        _empty(path)
    if not text.endswith("\n"):
        line = text.count("\n") + 1
        raise TraceError(path, line, "the file is cut off: its last line does not end in a newline")
    return text


def _check_header(path: Path, header: list[str], required: tuple[str, ...]) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        message = f"the header lacks {', '.join(missing)}; it has {', '.join(header)}"
        raise TraceError(path, 1, message)
    for column in header:
        if header.count(column) > 1:
            raise TraceError(path, 1, f'the header has "{column}" more than once')


def _empty(path: Path) -> NoReturn:
    raise TraceError(path, 0, "the file is empty: expected a row or more")
