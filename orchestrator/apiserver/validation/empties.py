"""Complaints about what an author says to be empty show it so: `{}`, `[]` or `""`.

Go keeps apart what is empty and what is not there, which it shows as null. To the objects here both are one, so
what a complaint says of a value that is nothing is looked up in the document from which the object was read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from orchestrator.protocol import Cause

_NULL: Final = re.compile(r"^((?:Invalid|Unsupported) value: )null(?=: |$)")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def with_empties(causes: Sequence[Cause], document: Any) -> Sequence[Cause]:
    """The causes with the empty values that the document has where they tell of null."""
    if document is None:
        return causes
    return [_with_empty(cause, document) for cause in causes]


def _with_empty(cause: Cause, document: Any) -> Cause:
    told = _NULL.match(cause.message)
    # What is told of a whole spec is one of its fields.
    value = _empty_at(document, cause.field) if told and cause.field != "spec" else None
    if told is None or value is None:
        return cause
    return replace(cause, message=f"{told[1]}{value}{cause.message[told.end() :]}")


def _empty_at(document: Any, path: str) -> str | None:
    """The JSON of an empty value at the path of a complaint; None if there is none."""
    value = document
    for name in _names(path):
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return msgspec.json.encode(value).decode() if value in ({}, [], "") else None


def _names(path: str) -> Iterator[str]:
    return (name or index for name, index in _STEP.findall(path))
