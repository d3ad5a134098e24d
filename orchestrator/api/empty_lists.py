"""Empty lists that are always written, as Kubernetes writes them: as null.

A list without `omitempty` is null in Go when nothing is in it, and so it is after each reading of the
store, whatever its author wrote. In the interpreter it is an empty tuple; here the text is mended. Only
fields of such lists are touched, by their names: in JSON no text has bare quotes. A kind with free JSON in
it might hold the same names there, so that a text of it that has one is read and mended by its type.

Who says that such a list is empty owns it, though nothing stored tells it from one that nobody speaks of. So
what is read of a document has a mark there, an empty tuple of a type of its own.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, structs

from orchestrator.api.scalars import required_tuple

EMPTY_LIST: Final = b":[]"
# Their answers are no stored objects, and say of an empty list that it is one.
_NOT_STORED: Final = ("authentication", "authorization", "meta")


def mended(text: bytes, type_: type[Any]) -> bytes:
    """The JSON text of an object with null for lists that are written though nothing is in them."""
    if EMPTY_LIST not in text:
        return text
    mend = _mender(type_)  # type: ignore[arg-type]
    return text if mend is None else mend(text)


def is_mended(type_: type[Any]) -> bool:
    """Whether there are such lists in the stored objects of a type."""
    return _mender(type_) is not None  # type: ignore[arg-type]


@cache
def _mender(type_: type[Any]) -> Callable[[bytes], bytes] | None:
    home = type_.__module__.split(".")
    if len(home) < 4 or home[2] in _NOT_STORED or type_.__name__.endswith("List"):
        return None
    names, free = _reachable(type_)  # type: ignore[arg-type]
    if not names:
        return None
    pattern = re.compile(f'("(?:{"|".join(sorted(map(re.escape, names)))})":)\\[\\]'.encode())
    if not free:
        return lambda text: pattern.sub(rb"\1null", text)
    return lambda text: _mended_by_type(text, type_) if pattern.search(text) else text


def _mended_by_type(text: bytes, type_: type[Any]) -> bytes:
    document = msgspec.json.decode(text)
    _mend(document, type_)
    return msgspec.json.encode(document)


def _mend(value: Any, hint: Any) -> None:
    """Put null for such lists into a decoded value of a type, at any depth of what is typed."""
    if not value or not isinstance(value, list | dict):
        return
    if isinstance(value, list) or not _is_struct(hint):
        arguments = [each for each in get_args(hint) if each not in (NoneType, Ellipsis)]
        if get_origin(hint) in (Union, UnionType):
            inside = [value] if len(arguments) == 1 else []
        else:
            inside = value if isinstance(value, list) else [*value.values()]
        for each in inside if arguments else ():
            _mend(each, arguments[-1])
        return
    for name, inner, is_written in _parts(hint):
        found = value.get(name)
        if found == [] and is_written:
            value[name] = None
        elif found is not None:
            _mend(found, inner)


@cache
def _parts(type_: type[Any]) -> tuple[tuple[str, Any, bool], ...]:
    """Of each field but the metadata its name, its type, and whether it is such a list."""
    hints = get_type_hints(type_)
    return tuple(
        (field.encode_name, hints[field.name], field.default_factory is required_tuple)
        for field in structs.fields(type_)
        if field.name != "metadata"
    )


@cache
def _reachable(type_: type[Any]) -> tuple[Set[str], bool]:
    """The names of such lists in a type at any depth, and whether it has free JSON in it."""
    names: set[str] = set()
    free, seen, pending = False, {type_}, [type_]
    while pending:
        each = pending.pop()
        hints = get_type_hints(each)
        for field in structs.fields(each):
            if field.default_factory is required_tuple:
                names.add(field.encode_name)
            if field.name == "metadata":
                continue
            inner = set(_types(hints[field.name]))
            free = free or Any in inner
            new = {found for found in inner if _is_struct(found)} - seen
            seen |= new
            pending.extend(new)
    return names, free


@cache
def has_free_json(type_: type[Any]) -> bool:
    """Whether something in a type may be any JSON, of whatever keys."""
    return _is_struct(type_) and _reachable(type_)[1]  # type: ignore[arg-type]


def _types(hint: Any) -> Iterator[Any]:
    yield hint
    for each in get_args(hint):
        yield from _types(each)


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Struct)


class Said(tuple[Any, ...]):
    """An empty list that a document has; equal to all others."""

    __slots__ = ()


SAID: Final = Said()
# The same of one that is not written when it is empty, so that nobody owns it.
TOLD: Final = Said()


def is_said(items: Sequence[Any]) -> bool:
    """Whether a list has items, or somebody says that it has none."""
    return bool(items) or type(items) is Said


_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def mark_said(obj: Any, paths: Sequence[str]) -> None:
    """Mark the lists at these paths of an object that is new, and nobody else's yet."""
    for path in paths:
        steps = [(name, int(index or 0)) for name, index in _STEP.findall(path)]
        (last, _), inner = steps[-1], obj
        for name, index in steps[:-1]:
            inner = getattr(inner, _python_name(type(inner), name)) if name else inner[index]
            if isinstance(inner, Mapping):
                break  # names of such a map may have any form; none of them holds such a list
        else:
            field = _python_name(type(inner), last)
            written = field in _written(type(inner))  # type: ignore[arg-type]
            structs.force_setattr(inner, field, SAID if written else TOLD)


@cache
def _written(type_: type[Struct]) -> Set[str]:
    """The lists of a type that are written though nothing is in them."""
    fields = structs.fields(type_)
    return {each.name for each in fields if each.default_factory is required_tuple}


def _python_name(type_: type[Struct], wire: str) -> str:
    return type_.__struct_fields__[type_.__struct_encode_fields__.index(wire)]


def with_said(document: dict[str, Any], obj: Any) -> dict[str, Any]:
    """The document of an object with [] for the lists that are marked; it is changed in place."""
    if _has_any(type(obj)):  # type: ignore[arg-type]
        _restore(document, obj)
    return document


@cache
def _has_any(type_: type[Any]) -> bool:
    """Whether there are such lists in a type, at any depth."""
    return _is_struct(type_) and bool(_reachable(type_)[0])  # type: ignore[arg-type]


def _restore(document: Any, value: Any) -> None:
    if isinstance(value, tuple):
        for inner, each in zip(document or (), value, strict=False):
            _restore(inner, each)
    elif isinstance(value, Struct) and _has_any(type(value)):
        for name, wire in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            found = getattr(value, name)
            if found is SAID:
                document[wire] = []
            elif name != "metadata" and isinstance(found, Struct | tuple) and found:
                _restore(document.get(wire), found)
