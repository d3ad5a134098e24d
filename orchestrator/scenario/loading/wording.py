"""What is wrong with a part of a scenario, in the words of its file: not Python's, and with a proposal."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from msgspec import inspect

_WORDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
_TYPES: Final = re.compile(r"`((?:\w+)(?: \| \w+)*)`")
_UNKNOWN: Final = re.compile(r"object contains unknown field `(?P<field>[^`]*)`", re.IGNORECASE)


def explained(message: str, type_: Any, path: str) -> str:
    """msgspec's message about the part at `path` of what should be a `type_`, as a user understands it."""
    unknown = unknown_field(message)
    if unknown:
        known = sorted(set(fields_at(inspect.type_info(type_), _parts(path))))
        near = get_close_matches(unknown, known, 1, 0.6)
        there = f"there are {', '.join(known)}" if known else ""
        told = f'did you mean "{near[0]}"?' if near else there
        return f'there is no "{unknown}" here{told and f"; {told}"}'
    told = _TYPES.sub(_in_words, message)
    return (
        told[:1].lower() if told.startswith(("Expected", "Object", "Invalid")) else told[:1]
    ) + told[1:].replace("`", '"')


def unknown_field(message: str) -> str:
    """The field that msgspec's message says there is none of; empty if it says something else."""
    found = _UNKNOWN.search(message)
    return "" if found is None else found["field"]


def fields_at(info: inspect.Type, path: tuple[str, ...]) -> Iterator[str]:
    """The fields that the part at a path may have; of each, if it is one of several types."""
    match info:
        case inspect.StructType(fields=fields):
            for field in fields:
                if not path:
                    yield field.encode_name
                elif field.encode_name == path[0]:
                    yield from fields_at(field.type, path[1:])
        case inspect.UnionType(types=types):
            for each in types:
                yield from fields_at(each, path)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item) if path:
            yield from fields_at(item, path[1:])
        case inspect.DictType(value_type=value) if path:
            yield from fields_at(value, path[1:])


def _parts(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^.\[\]]+", path))


def _in_words(found: re.Match[str]) -> str:
    names = found[1].split(" | ")
    if not all(name in _WORDS for name in names):
        return found[0]
    return " or ".join(_WORDS[name] for name in names if name != "null" or len(names) == 1)
