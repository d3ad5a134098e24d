"""The generic form: a table of tasks, and perhaps one of nodes; see docs/traces.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.machinery import names
from orchestrator.scenario.traces.interface import POD_LIMIT, Task, Trace, TraceError, TraceNode
from orchestrator.scenario.traces.rows import Row, read_csv, read_jsonl

MAX_COUNT: Final = 1_000_000  # tasks or nodes of one row: a slip of the key is no trace
_RESOURCE: Final = "resource:"
_LABEL: Final = "label:"
_NODE_LABEL: Final = "node-label:"
_TASK_COLUMNS: Final = ("name", "arrival_seconds", "duration_seconds", "cpu", "memory", "count")
_NODE_COLUMNS: Final = ("name", "group", "count", "cpu", "memory", "pods")
_OWN_COLUMN: Final = ("cpu", "memory", "pods")


class Table:
    """`path` is the file of tasks. Option: `nodes`, the file of nodes, beside it."""

    name = "table"

    def load(self, path: Path, options: Mapping[str, Any]) -> Trace:
        """Read both files. Raises TraceError."""
        for option in options:
            if option != "nodes":
                raise TraceError(path, 0, f'option "{option}": unknown; there is nodes')
        beside = options.get("nodes", "")
        if not isinstance(beside, str):
            raise TraceError(path, 0, f'option "nodes": expected a path, got "{beside}"')
        nodes = _nodes(path.parent / beside) if beside else ()
        return Trace(nodes, _tasks(path))


def _rows(path: Path, required: tuple[str, ...]) -> list[Row]:
    match path.suffix.lower():
        case ".csv":
            return read_csv(path, required)
        case ".jsonl" | ".ndjson":
            return read_jsonl(path, required)
        case _:
            raise TraceError(path, 0, "expected a name that ends in .csv or .jsonl")


def _tasks(path: Path) -> tuple[Task, ...]:
    tasks = []
    lines: dict[str, int] = {}
    for number, row in enumerate(_rows(path, ("arrival_seconds", "cpu", "memory"))):
        _check_columns(row, _TASK_COLUMNS, (_RESOURCE, _LABEL, _NODE_LABEL))
        arrival = row.number("arrival_seconds")
        if arrival is None:
            row.refuse("arrival_seconds", "expected a time, got nothing")
        duration = row.number("duration_seconds")
        requests = _amounts(row)
        labels, accepted = _labels(row), _accepted(row)
        name = row.name("name") if row.text("name") else f"task-{number}"
        tasks += [
            Task(each, arrival, duration, requests, labels, accepted)
            for each in _names(row, "name", name, lines)
        ]
    return tuple(sorted(tasks, key=lambda task: (task.arrival_seconds, task.name)))


def _nodes(path: Path) -> tuple[TraceNode, ...]:
    nodes = []
    lines: dict[str, int] = {}
    for row in _rows(path, ("cpu", "memory")):
        _check_columns(row, _NODE_COLUMNS, (_RESOURCE, _LABEL))
        column = "name" if row.text("name") else "group"
        if bool(row.text("name")) == bool(row.text("group")):
            row.refuse(column, "expected either name, or group and count")
        if bool(row.text("group")) != bool(row.text("count")):
            row.refuse("count", "group and count go together")
        capacity = {**_amounts(row), "pods": POD_LIMIT}
        if row.text("pods"):
            capacity["pods"] = row.quantity("pods", whole=True)
        labels = _labels(row)
        nodes += [
            TraceNode(each, capacity, labels)
            for each in _names(row, column, row.name(column), lines)
        ]
    return tuple(nodes)


def _names(row: Row, column: str, name: str, lines: dict[str, int]) -> list[str]:
    """The name itself, or with a count `name-0`, `name-1`, ..."""
    if not row.text("count"):
        return [row.claim(column, name, lines)]
    count = row.whole("count", most=MAX_COUNT)
    return [row.claim(column, f"{name}-{number}", lines) for number in range(count)]


def _amounts(row: Row) -> dict[str, str]:
    amounts = {resource: row.quantity(resource) for resource in ("cpu", "memory")}
    for column, _ in row:
        if column.startswith(_RESOURCE):
            resource = column.removeprefix(_RESOURCE)
            amounts[resource] = row.quantity(column, whole="/" in resource)
    return amounts


def _labels(row: Row) -> dict[str, str]:
    labels = {c.removeprefix(_LABEL): text for c, text in row if c.startswith(_LABEL)}
    for key, text in labels.items():
        row.check(_LABEL + key, text, names.label_value_errors(text))
    return labels


def _accepted(row: Row) -> dict[str, tuple[str, ...]]:
    accepted = {
        column.removeprefix(_NODE_LABEL): tuple(text.split("|"))
        for column, text in row
        if column.startswith(_NODE_LABEL)
    }
    for key, texts in accepted.items():
        for text in texts:
            row.check(_NODE_LABEL + key, text, names.label_value_errors(text))
    return accepted


def _check_columns(row: Row, known: tuple[str, ...], prefixes: tuple[str, ...]) -> None:
    for column, _ in row:
        prefix, colon, key = column.partition(":")
        prefix += colon
        if column in known:
            continue
        if prefix not in prefixes:
            more = ", ".join(f"{each}..." for each in prefixes)
            row.refuse(column, f"unknown; there are {', '.join(known)}, {more}")
        row.check(column, key, names.qualified_name_errors(key))
        if prefix == _RESOURCE and key in _OWN_COLUMN:
            row.refuse(column, f'expected in the column "{key}"')
        if prefix == _RESOURCE and "/" not in key and key != "ephemeral-storage":
            row.refuse(column, f"expected a name with a domain such as example.com/{key}")
