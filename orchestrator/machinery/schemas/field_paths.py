"""Paths from a node of a schema to one below it, as definitions write them: `.spec.replicas`, `.map['key']`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.machinery.field_errors import child, key

Document: TypeAlias = Mapping[str, Any]

_STEP: Final = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<quoted>'(?:[^'\\]|\\.)*')\]")
NO_FIELD: Final = "does not refer to a valid field"


class _Astray(Exception):
    """What is wrong with a path."""


def _steps(
    document: Document, path: str, *, brackets: bool
) -> Iterator[tuple[str, bool, Document]]:
    """Each step's name, whether it is a property (or the key of a map), and the node that it leads to. Raises _Astray."""
    at = 0
    while at < len(path):
        if path[at] not in ".[":
            rest = re.match(r"[^.\[\]]+", path[at:])
            raise _Astray(f"expected [ or . but got: {rest[0] if rest else path[at]}")
        if path[at] == "[" and not brackets:
            raise _Astray("array notation is not allowed")
        step = _STEP.match(path, at)
        if step is None:
            raise _Astray("unexpected end of JSON path")
        name = step["name"] or step["quoted"][1:-1].replace("\\'", "'")
        properties, additional = document.get("properties"), document.get("additionalProperties")
        if properties:
            if name not in properties:
                raise _Astray(NO_FIELD)
            document = properties[name]
        elif isinstance(additional, Mapping):
            document = additional
        else:
            raise _Astray(NO_FIELD)
        yield name, bool(properties), document
        at = step.end()


def node_at(document: Document, path: str, *, brackets: bool = True) -> Document | str:
    """The node of a schema that a path leads to, or what is wrong with it."""
    try:
        for _, _, found in _steps(document, path, brackets=brackets):
            document = found
    except _Astray as error:
        return str(error)
    return document


def shown_path(document: Document, path: str) -> str:
    """A path as faults write it: `map[key]`; "" of one that leads nowhere."""
    shown = ""
    try:
        for name, is_property, _ in _steps(document, path, brackets=True):
            shown = child(shown, name) if is_property else key(shown, name)
    except _Astray:
        return ""
    return shown
