"""Printer columns of custom resources: values found by paths."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import CustomResourceColumnDefinition
from orchestrator.api.go_text import as_go_writes
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.printing import (
    Cell,
    Column,
    Printer,
    Row,
    age,
    columns_of_custom,
    since,
)
from orchestrator.machinery.documents import go_plain
from orchestrator.machinery.errors import TimeError
from orchestrator.machinery.json_paths import Finder, PathError, compiled
from orchestrator.machinery.times import parse_time

# What the original writes for a date that is none.
_INVALID: Final = "<invalid>"
# Beyond 64 bits Go makes the least integer of a float.
_BEYOND: Final = 1 << 63


def document_of(custom: Unstructured) -> dict[str, Any]:
    """A custom resource as the paths of its definition see it."""
    return {**custom.content, "metadata": codec.to_dict(custom.metadata)}


def table_of(columns: tuple[CustomResourceColumnDefinition, ...]) -> Printer[Any]:
    """The table of a version: its columns after the name, or the age alone if it has none.

    A column whose path cannot be read, and those after it, are left out, as in the original.
    """
    if not columns:
        return Printer(cells=lambda obj, now: (obj.metadata.name, age(obj, now)))
    read = tuple(_read(columns))

    def cells(custom: Unstructured, now: float) -> Row:
        document = document_of(custom)
        row: list[Cell | None] = [custom.metadata.name]
        row += [_cell(find, each.type, document, now) for each, find in read]
        return row

    name, _age = columns_of_custom()
    return Printer(cells, columns=(name, *(_column(each) for each, _ in read)))


def _read(
    columns: tuple[CustomResourceColumnDefinition, ...],
) -> Iterator[tuple[CustomResourceColumnDefinition, Finder]]:
    for each in columns:
        try:
            yield each, compiled(each.json_path)
        except PathError:
            return


def _column(each: CustomResourceColumnDefinition) -> Column:
    said = each.description
    if not said:
        said = f"Custom resource definition column (in JSONPath format): {each.json_path}"
    return Column(each.name, each.type, each.format or "", said, each.priority or 0)


def _cell(find: Finder, type_: str, document: dict[str, Any], now: float) -> Cell | None:
    try:
        found = find(document)
    except PathError:
        return None
    if not found:
        return None
    value = found[0]
    if type_ == "string":
        return _text(value)
    if type_ == "boolean":
        return value if isinstance(value, bool) else None
    if type_ == "date":
        return _date(value, now) if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    whole = int(value)
    if type_ == "integer":
        return whole if -_BEYOND <= whole < _BEYOND else -_BEYOND
    return whole if whole == value and abs(whole) < _BEYOND else value


def _date(value: str, now: float) -> str:
    try:
        return since(value, now) if not value or parse_time(value) else ""
    except TimeError:
        return _INVALID


def _text(value: Any) -> str:
    """A value as kubectl's JSON path printer writes it."""
    if isinstance(value, dict | list):
        return as_go_writes(msgspec.json.encode(value, order="sorted")).decode()
    return "<no value>" if value is None else go_plain(value)
