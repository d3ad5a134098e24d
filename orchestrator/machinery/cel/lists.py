"""Functions of lists, of sets, and of what is perhaps there."""

from collections.abc import Callable, Mapping, Sequence
from functools import cmp_to_key
from itertools import pairwise
from typing import Any, Final

from orchestrator.machinery.cel.data import (
    NO_OVERLOAD,
    NOTHING,
    Duration,
    Fault,
    Overspent,
    Perhaps,
    UInt,
    is_list,
    type_name,
)
from orchestrator.machinery.cel.operators import add, equal, is_in, is_zero, order
from orchestrator.machinery.cel.texts import index_of, last_index_of

_MOST_ITEMS: Final = 1_000_000
"""How long a list may be that an expression makes of nothing: an item costs 1, a call may cost a million."""


def _is_sorted(items: Sequence[Any]) -> Any:
    return all(order(one, other) != 1 for one, other in pairwise(items))


def _sum(items: Sequence[Any], zero: Any = 0) -> Any:
    total = zero
    for each in items:
        total = add(total, each)
        if type(total) is Fault:
            return Fault(NO_OVERLOAD)
    return total


def _extreme(name: str, replaced_when: int) -> Callable[[Sequence[Any]], Any]:
    def extreme(items: Sequence[Any]) -> Any:
        if not items:
            return Fault(f"{name} called on empty list")
        found = items[0]
        for each in items[1:]:
            if order(found, each) == replaced_when:
                found = each
        return found

    return extreme


def _index_of(items: Any, wanted: Any, *start: int) -> Any:
    if isinstance(items, str):
        return index_of(items, wanted, *start)
    return next((n for n, each in enumerate(items) if equal(each, wanted)), -1)


def _last_index_of(items: Any, wanted: Any, *start: int) -> Any:
    if isinstance(items, str):
        return last_index_of(items, wanted, *start)
    return next((n for n in range(len(items) - 1, -1, -1) if equal(items[n], wanted)), -1)


def _flatten(items: Sequence[Any], depth: int = 1) -> Any:
    if depth < 0:
        return Fault("level must be non-negative")
    made: list[Any] = []
    for each in items:
        if is_list(each) and depth:
            made.extend(_flatten(each, depth - 1))
        else:
            made.append(each)
    return made


def _distinct(items: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for each in items:
        if not any(equal(each, other) for other in found):
            found.append(each)
    return found


def _slice(items: Sequence[Any], start: int, end: int) -> Any:
    what = f"cannot slice({start}, {end})"
    if start < 0 or end < 0:
        return Fault(f"{what}, negative indexes not supported")
    if start > end:
        return Fault(f"{what}, start index must be less than or equal to end index")
    if end > len(items):
        return Fault(f"{what}, list is length {len(items)}")
    return list(items[start:end])


def _sort(items: Sequence[Any]) -> Any:
    if items and type(order(items[0], items[0])) is Fault:
        return Fault("list elements must be comparable")
    if any(type_name(each) != type_name(items[0]) for each in items):
        return Fault("list elements must have the same type")

    def compare(one: Any, other: Any) -> int:
        found = order(one, other)
        return found if isinstance(found, int) else 0

    return sorted(items, key=cmp_to_key(compare))


def _range(count: int) -> list[int]:
    if count > _MOST_ITEMS:
        raise Overspent
    return list(range(count))


def _all_in(items: Sequence[Any], others: Sequence[Any]) -> bool:
    return all(is_in(each, others) for each in items)


def _value(optional: Perhaps) -> Any:
    return optional.held[0] if optional.held else Fault("optional.none() dereference")


def _unwrap(items: Sequence[Any]) -> Any:
    made: list[Any] = []
    for each in items:
        if not isinstance(each, Perhaps):
            return Fault(f"value {each} is not optional")
        made.extend(each.held)
    return made


ZEROES: Final[Mapping[str, Any]] = {
    "int": 0,
    "uint": UInt(0),
    "double": 0.0,
    "duration": Duration(0),
}
"""What `sum` begins with, by the type of the list's items."""

FUNCTIONS_OF_LISTS: Final[Mapping[str, Callable[..., Any]]] = {
    "isSorted": _is_sorted,
    "sum": _sum,
    "min": _extreme("min", 1),
    "max": _extreme("max", -1),
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "first": lambda items: Perhaps((items[0],)) if items else NOTHING,
    "last": lambda items: Perhaps((items[-1],)) if items else NOTHING,
    "slice": _slice,
    "flatten": _flatten,
    "sort": _sort,
    "lists.range": _range,
    "distinct": _distinct,
    "reverse": lambda items: list(reversed(items)),
    "sets.contains": lambda one, other: _all_in(other, one),
    "sets.intersects": lambda one, other: any(is_in(each, other) for each in one),
    "sets.equivalent": lambda one, other: _all_in(one, other) and _all_in(other, one),
    "optional.of": lambda value: Perhaps((value,)),
    "optional.ofNonZeroValue": lambda value: NOTHING if is_zero(value) else Perhaps((value,)),
    "optional.none": lambda: NOTHING,
    "optional.unwrap": _unwrap,
    "unwrapOpt": _unwrap,
    "hasValue": lambda optional: bool(optional.held),
    "value": _value,
}
