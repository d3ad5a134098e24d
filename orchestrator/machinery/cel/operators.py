"""Operators: equality and order, arithmetic, and steps into lists and maps.

They answer a Fault where the original has no value, in its words.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.machinery.cel.data import (
    NO_OVERLOAD,
    Duration,
    Fault,
    MapList,
    Opaque,
    Overspent,
    Perhaps,
    SetList,
    Timestamp,
    UInt,
    is_list,
    type_name,
)

_INTS: Final = (-(2**63), 2**63 - 1)
_MOST_UINT: Final = 2**64 - 1
# From the year 1 to the end of the year 9999.
_MOMENTS: Final = (-62135596800 * 10**9, 253402300800 * 10**9 - 1)
_MOST_ITEMS: Final = 1_000_000
_LONGEST: Final = 10_000_000
_NUMBERS: Final = (int, UInt, float)
_SAME: Final = frozenset({bool, int, str, type(None), Timestamp, Duration, UInt})


# --- equality and order ------------------------------------------------------------------------


def equal(one: Any, other: Any) -> bool:
    """Whether two values are equal: numbers of any type by their value, all else within its type."""
    kind = type(one)
    if kind is type(other) and kind in _SAME:
        return bool(one == other)
    if kind in _NUMBERS:
        return type(other) in _NUMBERS and bool(one == other)
    if is_list(one):
        return is_list(other) and len(one) == len(other) and _same_list(one, other)
    if isinstance(one, Mapping):
        return _same_map(one, other)
    if isinstance(one, bytes | bytearray):
        return isinstance(other, bytes | bytearray) and one == other
    if isinstance(one, Perhaps):
        return (
            isinstance(other, Perhaps)
            and len(one.held) == len(other.held)
            and all(map(equal, one.held, other.held))
        )
    if isinstance(one, Opaque) and one.kind == "semver" and isinstance(other, Opaque):
        # What it was built from does not tell versions apart.
        return one.kind == other.kind and _bare(one) == _bare(other)
    return kind is type(other) and bool(one == other)


def _bare(version: Opaque) -> str:
    return str(version.value).partition("+")[0]


def _same_list(one: Any, other: Any) -> bool:
    if isinstance(one, SetList):
        return all(is_in(each, one) for each in other)
    if isinstance(one, MapList):
        mine = {one.key(each): each for each in one}
        return all((key := one.key(each)) in mine and equal(mine[key], each) for each in other)
    return all(map(equal, one, other))


def _same_map(one: Mapping[Any, Any], other: Any) -> bool:
    if not isinstance(other, Mapping) or len(one) != len(other):
        return False
    return all(key in other and equal(each, other[key]) for key, each in one.items())


def equals(one: Any, other: Any) -> Any:
    """`==`. Values of Kubernetes' types are compared with their like only."""
    alike = not isinstance(one, Opaque) or (isinstance(other, Opaque) and one.kind == other.kind)
    return equal(one, other) if alike or other is None else Fault(NO_OVERLOAD)


def differs(one: Any, other: Any) -> Any:
    """`!=`."""
    found = equals(one, other)
    return True if type(found) is Fault else not found


def order(one: Any, other: Any) -> int | Fault:
    """-1, 0 or 1: how two values stand to each other."""
    if type(one) in _NUMBERS and type(other) in _NUMBERS:
        if one != one or other != other:
            return Fault("NaN values cannot be ordered")
    elif type(one) is not type(other) or type(one) not in (str, bool, bytes, Timestamp, Duration):
        return Fault(NO_OVERLOAD)
    return int(one > other) - int(one < other)


def _ordered(
    holds: Callable[[int], bool], direct: Callable[[Any, Any], bool]
) -> Callable[[Any, Any], Any]:
    def compare(one: Any, other: Any) -> Any:
        if type(one) is type(other) and type(one) in (int, str):
            return direct(one, other)
        found = order(one, other)
        return found if isinstance(found, Fault) else holds(found)

    return compare


# --- arithmetic --------------------------------------------------------------------------------


def checked(number: int, kind: type) -> Any:
    """A whole number of a type, if there is such a one."""
    if kind is UInt:
        return UInt(number) if 0 <= number <= _MOST_UINT else Fault("unsigned integer overflow")
    if _INTS[0] <= number <= _INTS[1]:
        return int(number)
    return Fault("integer overflow")


def moment(nanos: int) -> Any:
    """A moment, if the calendar has it."""
    return Timestamp(nanos) if _MOMENTS[0] <= nanos <= _MOMENTS[1] else Fault("timestamp overflow")


def lasting(nanos: int) -> Any:
    """A duration, if it is not too long."""
    return Duration(nanos) if _INTS[0] <= nanos <= _INTS[1] else Fault("duration overflow")


def _bounded(made: Any, most: int) -> Any:
    if len(made) > most:
        raise Overspent  # a sum of lists costs 1, and doubles what it is made of
    return made


def add(one: Any, other: Any) -> Any:
    """`+`."""
    kind = type(one)
    if kind is type(other):
        if kind is int or kind is UInt:
            return checked(int(one) + int(other), kind)
        if kind is str or kind is bytes:
            return _bounded(one + other, _LONGEST)
        if kind is float:
            return one + other
        if kind is Duration:
            return lasting(one.nanos + other.nanos)
    if is_list(one) and is_list(other):
        return _bounded(_joined(one, other), _MOST_ITEMS)
    if (kind, type(other)) in ((Timestamp, Duration), (Duration, Timestamp)):
        return moment(one.nanos + other.nanos)
    return Fault(NO_OVERLOAD)


def _joined(one: Any, other: Any) -> Any:
    """Both lists. Of a set each item once, of a map each key once, with the other's value."""
    if isinstance(one, SetList):
        return SetList([*one, *(each for each in other if not is_in(each, one))])
    if isinstance(one, MapList):
        merged = {one.key(each): each for each in one}
        merged.update((one.key(each), each) for each in other)
        return MapList(merged.values(), one.keys)
    if not one or not other:
        return one or other
    return [*one, *other]


def subtract(one: Any, other: Any) -> Any:
    """`-` between two values."""
    kind = type(one)
    if kind is type(other):
        if kind is int or kind is UInt:
            return checked(int(one) - int(other), kind)
        if kind is float:
            return one - other
        if kind in (Duration, Timestamp):
            return lasting(one.nanos - other.nanos)
    if kind is Timestamp and type(other) is Duration:
        return moment(one.nanos - other.nanos)
    return Fault(NO_OVERLOAD)


def multiply(one: Any, other: Any) -> Any:
    """`*`."""
    if type(one) is type(other):
        if type(one) in (int, UInt):
            return checked(int(one) * int(other), type(one))
        if type(one) is float:
            return one * other
    return Fault(NO_OVERLOAD)


def divide(one: Any, other: Any) -> Any:
    """`/`: of whole numbers towards zero."""
    if type(one) is type(other):
        if type(one) in (int, UInt):
            if other == 0:
                return Fault("division by zero")
            whole = abs(int(one)) // abs(int(other))
            return checked(whole if (one < 0) == (other < 0) else -whole, type(one))
        if type(one) is float:
            return _quotient(one, other)
    return Fault(NO_OVERLOAD)


def _quotient(one: float, other: float) -> float:
    if other != 0:
        return one / other
    if one == 0 or one != one:
        return float("nan")
    negative = (one < 0) != (str(other)[0] == "-")
    return float("-inf") if negative else float("inf")


def remainder(one: Any, other: Any) -> Any:
    """`%`: with the sign of the first."""
    if type(one) is type(other) and type(one) in (int, UInt):
        if other == 0:
            return Fault("modulus by zero")
        if one == _INTS[0] and other == -1:
            return Fault("integer overflow")
        rest = abs(int(one)) % abs(int(other))
        return checked(-rest if one < 0 else rest, type(one))
    return Fault(NO_OVERLOAD)


def negate(value: Any) -> Any:
    """`-` before a value."""
    if type(value) is int:
        return checked(-value, int)
    if type(value) is float:
        return -value
    return lasting(-value.nanos) if type(value) is Duration else Fault(NO_OVERLOAD)


# --- lists and maps ----------------------------------------------------------------------------


def _key(key: Any) -> Any:
    """A key by which a map finds what it holds: a double that is whole is the whole number."""
    return int(key) if type(key) is float and key.is_integer() else key


def found_in(items: Any, step: Any) -> tuple[Any, bool]:
    """What a list or map holds at a step, and whether it holds anything."""
    if isinstance(items, Mapping):
        kind = type(step)
        if kind is str:
            return (items[step], True) if step in items else (None, False)
        if kind in (int, UInt, float):
            key = _key(step)
            there = key in items and not isinstance(
                next((k for k in items if k == key), None), bool
            )
            return (items[key], True) if there else (None, False)
        if kind is bool:
            there = any(each is step for each in items)
            return (items[step], True) if there else (None, False)
        return None, False
    if is_list(items) and type(step) in _NUMBERS:
        index = _key(step)
        if type(index) is not float and 0 <= index < len(items):
            return items[index], True
    return None, False


def missing(items: Any, step: Any) -> Fault:
    """Why there is nothing at a step."""
    if (
        is_list(items)
        and type(step) in _NUMBERS
        and not (type(step) is float and not step.is_integer())
    ):
        return Fault(f"index out of bounds: {_shown(step)}")
    if is_list(items):
        return Fault(f"unsupported index type '{type_name(step)}' in list")
    return Fault(f"no such key: {_shown(step)}")


def _shown(step: Any) -> str:
    if type(step) is bool:
        return "true" if step else "false"
    return f"{step:g}" if type(step) is float else str(step)


def is_in(value: Any, items: Any) -> Any:
    """`in`."""
    if isinstance(items, Mapping):
        return found_in(items, value)[1]
    if is_list(items):
        return any(equal(value, each) for each in items)
    return Fault(NO_OVERLOAD)


def inserted(into: Mapping[Any, Any], *what: Any) -> Any:
    """A map with an entry, or with all of another map, more."""
    new = {what[0]: what[1]} if len(what) == 2 else what[0]
    for key in new:
        if key in into:
            return Fault(f"insert failed: key {_shown(key)} already exists")
    return {**into, **new}


def size(of: Any) -> Any:
    """How many characters, bytes, items or entries there are."""
    return (
        len(of)
        if isinstance(of, str | bytes | bytearray | list | tuple | Mapping)
        else Fault(f"{NO_OVERLOAD}: size")
    )


def is_zero(value: Any) -> bool:
    """Whether a value is what its type has for nothing."""
    if isinstance(value, Timestamp):
        return value.nanos == _MOMENTS[0]
    if isinstance(value, Duration):
        return value.nanos == 0
    if isinstance(value, Perhaps):
        return not value.held or is_zero(value.held[0])
    return not isinstance(value, Opaque) and not value


def _not(value: Any) -> Any:
    return (not value) if type(value) is bool else Fault(NO_OVERLOAD)


OPERATORS: Final[Mapping[str, Callable[..., Any]]] = {
    "_==_": equals,
    "_!=_": differs,
    "_<_": _ordered(lambda found: found < 0, lambda one, other: one < other),
    "_<=_": _ordered(lambda found: found <= 0, lambda one, other: one <= other),
    "_>_": _ordered(lambda found: found > 0, lambda one, other: one > other),
    "_>=_": _ordered(lambda found: found >= 0, lambda one, other: one >= other),
    "_+_": add,
    "_-_": subtract,
    "_*_": multiply,
    "_/_": divide,
    "_%_": remainder,
    "-_": negate,
    "!_": _not,
    "@in": is_in,
    "size": size,
}
