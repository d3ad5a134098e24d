"""What operators and functions give of plain values (texts, numbers, lists, maps) and of what is perhaps there.

Only what an evaluation calls at each turn; for all else, and where types differ, they answer NotImplemented, and the
library is asked.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from orchestrator.machinery.cel.macros import MAP_INSERT
from orchestrator.machinery.cel.names import opaque

NO_OVERLOAD: Final = "no such overload"
_LEAST_INT, _MOST_INT = -(2**63), 2**63 - 1
_MOST_ITEMS: Final = 1_000_000
# What the library takes: the names of types, which it gives, are not among it.
_VALUES: Final = (
    str,
    int,
    float,
    bytes,
    bytearray,
    list,
    tuple,
    Mapping,
    datetime,
    timedelta,
    type(None),
)
_PLAIN: Final = (str, int, float, bool, type(None))


class Overspent(Exception):
    """The evaluation costs more than it may."""


class Fault:
    """What is wrong, in place of a value."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _of_like(function: Callable[[Any, Any], Any], *types: type) -> Callable[[Any, Any], Any]:
    def both(one: Any, other: Any) -> Any:
        return (
            function(one, other)
            if type(one) is type(other) and type(one) in types
            else NotImplemented
        )

    return both


def _arithmetic(function: Callable[[Any, Any], Any], *types: type) -> Callable[[Any, Any], Any]:
    def both(one: Any, other: Any) -> Any:
        if type(one) is not type(other) or type(one) not in (int, *types):
            return NotImplemented
        found = function(one, other)
        if type(found) is int and not _LEAST_INT <= found <= _MOST_INT:
            return Fault("integer overflow")
        if type(found) is list and len(found) > _MOST_ITEMS:
            raise Overspent  # such a sum costs 1, and doubles what it is made of
        return found

    return both


def _equal(one: Any, other: Any) -> Any:
    if type(one) is type(other) and type(one) in _PLAIN:
        return one == other
    types = [each for each in (one, other) if not isinstance(each, _VALUES)]
    return one == other if types else NotImplemented


def _differ(one: Any, other: Any) -> Any:
    found = _equal(one, other)
    return found if found is NotImplemented else not found


def _in(one: Any, items: Any) -> Any:
    if isinstance(items, Mapping) and type(one) is str:
        return one in items
    if type(one) in _PLAIN and isinstance(items, list | tuple):
        kind = type(one)
        if all(type(each) is kind for each in items):
            return one in items
    return NotImplemented


def _at(items: Any, index: Any) -> Any:
    if isinstance(items, list | tuple) and type(index) is int:
        if 0 <= index < len(items):
            return items[index]
        return Fault(f"index out of bounds: {index}")
    if isinstance(items, Mapping) and type(index) is str:
        return items[index] if index in items else Fault(f"no such key: {index}")
    return NotImplemented


def _perhaps(items: Any, index: Any) -> Any:
    """`a.?b` and `a[?b]`: also of what is perhaps there itself."""
    if _is_optional(items):
        return _perhaps(items["v"][0], index) if items["v"] else _NONE
    found = _at(items, index)
    return _NONE if found is NotImplemented or type(found) is Fault else opaque("optional", [found])


def _size(of: Any) -> Any:
    return len(of) if isinstance(of, str | list | tuple | dict) else NotImplemented


def _not(value: Any) -> Any:
    return (not value) if type(value) is bool else Fault(NO_OVERLOAD)


def _inserted(into: Mapping[Any, Any], *what: Any) -> Any:
    new = {what[0]: what[1]} if len(what) == 2 else what[0]
    for key in new:
        if key in into:
            return Fault(f"insert failed: key {key} already exists")
    return {**into, **new}


def _is_optional(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("@") == "optional"


_NONE: Final = opaque("optional", [])


def _end(index: int) -> Callable[[Any], Any]:
    def perhaps(items: Any) -> Any:
        if not isinstance(items, list | tuple):
            return NotImplemented
        return opaque("optional", [items[index]]) if items else _NONE

    return perhaps


def _of_optional(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda of, *rest: function(of["v"], *rest) if _is_optional(of) else NotImplemented


OWN: Final[Mapping[str, Callable[..., Any]]] = {
    "_+_": _arithmetic(lambda one, other: one + other, float, str, list),
    "_-_": _arithmetic(lambda one, other: one - other, float),
    "_*_": _arithmetic(lambda one, other: one * other, float),
    "_<_": _of_like(lambda one, other: one < other, int, float, str),
    "_<=_": _of_like(lambda one, other: one <= other, int, float, str),
    "_>_": _of_like(lambda one, other: one > other, int, float, str),
    "_>=_": _of_like(lambda one, other: one >= other, int, float, str),
    "_==_": _equal,
    "_!=_": _differ,
    "@in": _in,
    "_[_]": _at,
    "_?._": _perhaps,
    "_[?_]": _perhaps,
    "size": _size,
    "!_": _not,
    MAP_INSERT: _inserted,
    "optional.of": lambda value: opaque("optional", [value]),
    "optional.none": lambda: _NONE,
    "optional.ofNonZeroValue": lambda value: opaque("optional", [value] if value else []),
    "first": _end(0),
    "last": _end(-1),
    "hasValue": _of_optional(bool),
    "value": _of_optional(
        lambda held: held[0] if held else Fault("optional.none() dereference"),
    ),
    "orValue": _of_optional(lambda held, other: held[0] if held else other),
    "or": _of_optional(lambda held, other: opaque("optional", held) if held else other),
}
