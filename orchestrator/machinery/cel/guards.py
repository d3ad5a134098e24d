"""Whether a function takes the values that it is called with, which nobody knows before where types are not known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from orchestrator.machinery.cel.data import (
    NO_OVERLOAD,
    Duration,
    Fault,
    MapList,
    Opaque,
    Perhaps,
    SetList,
    Timestamp,
    TypeValue,
    UInt,
    type_name,
)
from orchestrator.machinery.cel.declarations import FUNCTIONS, Overload
from orchestrator.machinery.cel.types import Type

_Takes: TypeAlias = tuple[frozenset[type] | str | None, ...]
"""Of each argument the types that it may be of, or the name of Kubernetes' type; None: any."""

_TYPES: Final[Mapping[str, frozenset[type]]] = {
    "bool": frozenset({bool}),
    "int": frozenset({int}),
    "uint": frozenset({UInt}),
    "double": frozenset({float}),
    "string": frozenset({str}),
    "bytes": frozenset({bytes, bytearray}),
    "timestamp": frozenset({Timestamp}),
    "duration": frozenset({Duration}),
    "null_type": frozenset({type(None)}),
    "list": frozenset({list, tuple, SetList, MapList}),
    "optional_type": frozenset({Perhaps}),
    "type": frozenset({TypeValue}),
}
# Operators look at their values themselves, and say less of what they do not take.
_OWN: Final = frozenset({"size", "dyn", "type"})
# What says no more than that there is no such overload.
_TERSE: Final = frozenset({"contains", "endsWith", "startsWith", "matches", "find", "findAll"})


def _taken(type_: Type) -> frozenset[type] | str | None:
    if type_.kind in ("struct", "opaque") and type_.name != "optional_type":
        return type_.name
    return "map" if type_.name == "map" else _TYPES.get(type_.name)


def _fits(value: Any, taken: frozenset[type] | str | None) -> bool:
    if taken is None:
        return True
    if isinstance(taken, frozenset):
        return type(value) in taken
    if taken == "map":
        return isinstance(value, Mapping)
    return isinstance(value, Opaque) and type_name(value) == taken


def guarded(
    name: str, count: int, function: Callable[..., Any], *, is_member: bool
) -> Callable[..., Any]:
    """The function, which answers a Fault for values that none of its overloads takes, and for what it raises."""
    overloads = _overloads(name, count, is_member=is_member)
    if name.startswith(("_", "@", "!", "-", "cel.")) or name in _OWN or not overloads:
        return function

    def checked(*values: Any) -> Any:
        for takes in overloads:
            for value, taken in zip(values, takes, strict=True):
                if not (type(value) in taken if type(taken) is frozenset else _fits(value, taken)):
                    break
            else:
                try:
                    return function(*values)
                except ValueError as error:
                    return Fault(str(error))
        return Fault(_words(name, [type_name(each) for each in values]))

    return checked


def _words(name: str, types: Sequence[str]) -> str:
    if name in _TERSE:
        return NO_OVERLOAD
    if name == "sort":
        return f"{NO_OVERLOAD}: sort"
    if name == "flatten":
        return f"{NO_OVERLOAD}: {types[0]}.flatten({', '.join(types[1:])})"
    return f"{NO_OVERLOAD}: {name}({', '.join(types)})"


def _overloads(name: str, count: int, *, is_member: bool) -> Sequence[_Takes]:
    known: Sequence[Overload] = FUNCTIONS.get(name, ())
    return [
        tuple(map(_taken, each.takes))
        for each in known
        if len(each.takes) == count and each.member == is_member
    ]
