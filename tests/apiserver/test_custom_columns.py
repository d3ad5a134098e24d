"""Columns of custom resources: the cells that Kubernetes' API server gave for the same object and paths."""

from typing import Any, Final

import pytest

from orchestrator.api.apiextensions.v1 import CustomResourceColumnDefinition
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.definitions.columns import table_of
from orchestrator.machinery.times import parse_time

TYPES: Final = ("string", "integer", "number", "boolean", "date")
SPEC: Final[dict[str, Any]] = {
    "a": "A",
    "b": 2,
    "list": ["p", 2, 3.5],
    "items": [{"name": "one", "v": 1}, {"name": "two", "v": 2}],
    "null": None,
    "f": 1.0,
    "g": 0.1,
    "big": 1e21,
    "t": True,
    "date": "2020-01-01T00:00:00Z",
    "baddate": "yesterday",
    "emptydate": "",
    "html": {"a": "<&>"},
}
CELLS: Final[dict[str, list[Any]]] = {
    ".spec.a": ["A", None, None, None, "<invalid>"],
    ".spec.b": ["2", 2, 2, None, None],
    ".spec.list": ['["p",2,3.5]', None, None, None, None],
    ".spec.list[-1]": ["3.5", 3, 3.5, None, None],
    ".spec.list[5]": [None] * 5,
    ".spec.missing": [None] * 5,
    '.spec.items[?(@.name=="two")].v': ["2", 2, 2, None, None],
    ".spec.items[?(@.v==1)]": ['{"name":"one","v":1}', None, None, None, None],
    ".spec.items[?(@.v>1.5)].name": [None] * 5,
    ".spec.null": ["<no value>", None, None, None, None],
    ".spec.f": ["1", 1, 1, None, None],
    ".spec.g": ["0.1", 0, 0.1, None, None],
    ".spec.big": ["1e+21", -(2**63), 1e21, None, None],
    ".spec.t": ["true", None, None, True, None],
    ".spec.date": ["2020-01-01T00:00:00Z", None, None, None, "6y334d"],
    ".spec.baddate": ["yesterday", None, None, None, "<invalid>"],
    ".spec.emptydate": ["", None, None, None, "<unknown>"],
    ".spec.html": [r'{"a":"\u003c\u0026\u003e"}', None, None, None, None],
    r".metadata.labels.app\.io/name": ["L", None, None, None, "<invalid>"],
}


def _row(*columns: CustomResourceColumnDefinition) -> list[Any]:
    custom = Unstructured(
        api_version="example.com/v1",
        kind="Thing",
        metadata=ObjectMeta(name="n", labels={"app.io/name": "L"}),
        content={"spec": SPEC},
    )
    printer = table_of(columns)
    name, *cells = printer.cells(custom, parse_time("2026-11-29T12:00:00Z"))
    assert name == "n"
    assert len(printer.columns) == 1 + len(cells)
    return cells


@pytest.mark.parametrize("path", CELLS)
def test_each_type_of_column(path: str) -> None:
    columns = [
        CustomResourceColumnDefinition(name=each, type=each, json_path=path) for each in TYPES
    ]
    assert _row(*columns) == CELLS[path]


def test_columns_end_before_the_first_that_cannot_be_read() -> None:
    paths = (".spec.a", ".spec.list[x]", ".spec.b")
    columns = [CustomResourceColumnDefinition(name=p, type="string", json_path=p) for p in paths]
    assert _row(*columns) == ["A"]
