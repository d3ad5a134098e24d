"""Printer columns and selectable fields of custom resources: values found by paths."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import CustomResourceColumnDefinition
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
from orchestrator.machinery.memo import remembered


@remembered(1 << 12)
def compiled_path(path: str) -> Callable[[Mapping[str, Any]], list[Any]] | None:
    """What finds the values of a simple JSON path (`.spec.a`); None for what is no path."""
    import jsonpath  # late: few clusters have custom resources

    try:
        found = jsonpath.compile(f"${path}")
    except jsonpath.JSONPathError:
        return None
    return found.findall


def document_of(custom: Unstructured) -> dict[str, Any]:
    """A custom resource as the paths of its definition see it."""
    return {**custom.content, "metadata": codec.to_dict(custom.metadata)}


def table_of(columns: tuple[CustomResourceColumnDefinition, ...]) -> Printer[Any]:
    """The table of a version: its columns after the name, or the age alone if it has none."""
    if not columns:
        return Printer(cells=lambda obj, now: (obj.metadata.name, age(obj, now)))
    finders = [(compiled_path(each.json_path), each.type) for each in columns]

    def cells(custom: Unstructured, now: float) -> Row:
        document = document_of(custom)
        row: list[Cell | None] = [custom.metadata.name]
        row += [_cell(find, type_, document, now) for find, type_ in finders]
        return row

    name, _age = columns_of_custom()
    return Printer(cells, columns=(name, *(_column(each) for each in columns)))


def _column(each: CustomResourceColumnDefinition) -> Column:
    said = each.description
    if not said:
        said = f"Custom resource definition column (in JSONPath format): {each.json_path}"
    return Column(each.name, each.type, each.format or "", said, each.priority or 0)


def _cell(
    find: Callable[[Mapping[str, Any]], list[Any]] | None,
    type_: str,
    document: Mapping[str, Any],
    now: float,
) -> Cell | None:
    found = find(document) if find is not None else []
    if not found:
        return None
    value = found[0]
    if type_ == "integer":
        return (
            int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        )
    if type_ == "number":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if type_ == "boolean":
        return value if isinstance(value, bool) else None
    if type_ == "date":
        return since(value, now) if isinstance(value, str) else "<invalid>"
    return _text(value)


def _text(value: Any) -> str:
    """A value as kubectl's JSON path printer writes it."""
    if isinstance(value, str):
        return value
    return "<nil>" if value is None else msgspec.json.encode(value, order="sorted").decode()
