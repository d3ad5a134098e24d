"""What a call costs that was made, by the sizes of what it was given: cel-go's tariff, and Kubernetes'.

`prices` estimates the same before anybody evaluates, from what is known of the sizes then.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from orchestrator.machinery.cel.prices import NEW_LIST, NEW_MESSAGE, TRAVERSAL

_REGEX: Final = 0.25
_FORMAT_REGEX: Final = 128
_COMPARISONS: Final = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
CONVERSIONS: Final = frozenset({"bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"})  # fmt: skip


def size(value: Any) -> int:
    """The characters of a text, the items of a list or map; 1 of anything else."""
    if isinstance(value, Mapping):
        return _opaque_size(value) if "@" in value else len(value)
    return len(value) if isinstance(value, str | bytes | bytearray | list | tuple) else 1


def _opaque_size(value: Mapping[str, Any]) -> int:
    if value["@"] == "cidr":
        return math.ceil(int(str(value["v"]).rpartition("/")[2]) / 8)
    if value["@"] == "ip":
        return 16 if ":" in str(value["v"]) else 4
    return 1


def _traversed(value: Any) -> int:
    """One for each scalar in it, and a tenth for each byte of its texts."""
    if isinstance(value, str):
        return int(len(value.encode()) * TRAVERSAL)
    if isinstance(value, bytes | bytearray):
        return int(len(value) * TRAVERSAL)
    if isinstance(value, Mapping) and "@" not in value:
        return sum(_traversed(key) + _traversed(each) for key, each in value.items())
    return sum(map(_traversed, value)) if isinstance(value, list | tuple) else 1


def _scaled(count: int, factor: float = TRAVERSAL) -> int:
    return math.ceil(count * factor)


def call_cost(function: str, values: Sequence[Any], result: Any) -> int:
    """What a call costs beside its arguments; a target comes first among the values."""
    fixed = _FIXED.get(function)
    if fixed is not None:
        return fixed
    if function in ("_==_", "_!=_"):
        return _equality(values, function)
    if function in _COMPARISONS:
        text = isinstance(values[0], str | bytes | bytearray)
        return _scaled(min(map(size, values))) if text else 1
    known = _TARIFF.get(function)
    return 1 if known is None else known(values, result)


def _equality(values: Sequence[Any], function: str) -> int:
    if function == "_==_" and isinstance(values[0], Mapping) and "@" in values[0]:
        return 1
    return _scaled(min(map(size, values)))


def _added(values: Sequence[Any], _: Any) -> int:
    if isinstance(values[0], str | bytes | bytearray):
        return _scaled(size(values[0]) + size(values[1]))
    return 1


def _matched(values: Sequence[Any], _: Any) -> int:
    return _scaled(1 + size(values[0])) * _scaled(size(values[1]), _REGEX)


def _contained(values: Sequence[Any], _: Any) -> int:
    return _scaled(size(values[0])) * _scaled(size(values[1]))


def _validated(values: Sequence[Any], _: Any) -> int:
    return _scaled(1 + size(values[1])) * _scaled(_FORMAT_REGEX, _REGEX)


def _in_network(values: Sequence[Any], *, network: bool) -> int:
    own = size(values[0])
    cost = _scaled(own + own) + (_scaled(own) + 1 if network else 0)
    return cost + (_scaled(size(values[1])) if isinstance(values[1], str) else 0)


def _selected(values: Sequence[Any], _: Any) -> int:
    length = size(values[1])
    return NEW_LIST + _scaled(length) + _scaled(_scaled(length, 0.5), NEW_LIST + NEW_MESSAGE)


def _membership(factor: int) -> Callable[[Sequence[Any], Any], int]:
    return lambda values, _: 1 + factor * size(values[0]) * size(values[1])


def _made_list(values: Sequence[Any], result: Any) -> int:
    return NEW_LIST + 1 + size(result)


def _compared_all(values: Sequence[Any], _: Any) -> int:
    count = size(values[0])
    return NEW_LIST + 1 + 2 * count * count


def _of_first(factor: float, *, conversion: type | tuple[type, ...] | None = None) -> Any:
    """A price by the size of the first value; of a conversion only if that is of a type."""

    def cost(values: Sequence[Any], _: Any) -> int:
        if conversion is not None and not isinstance(values[0], conversion):
            return 1
        if isinstance(values[0], timedelta):
            return 1
        return _scaled(size(values[0]), factor)

    return cost


_FIXED: Final = {"check": 350_000, "orValue": 0, "or": 0, "_?._": 0, "_[?_]": 0}
_TARIFF: Final[Mapping[str, Callable[[Sequence[Any], Any], int]]] = {
    **dict.fromkeys(
        ("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"),
        lambda values, _: _traversed(values[0]),
    ),
    **dict.fromkeys(
        (
            *("url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey"),
            *("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"),
            *("startsWith", "endsWith", "format", "strings.quote"),
        ),
        _of_first(TRAVERSAL),
    ),
    **dict.fromkeys(("replace", "split", "ip.isCanonical"), _of_first(2 * TRAVERSAL)),
    "ip": _of_first(TRAVERSAL, conversion=str),
    "bytes": _of_first(TRAVERSAL, conversion=str),
    "string": _of_first(TRAVERSAL, conversion=(bytes, bytearray)),
    "join": lambda values, result: _scaled(size(result), 2 * TRAVERSAL),
    "find": _matched,
    "findAll": _matched,
    "matches": _matched,
    "contains": _contained,
    "validate": _validated,
    "_+_": _added,
    "@in": lambda values, _: size(values[1]) if isinstance(values[1], list | tuple) else 1,
    "containsIP": lambda values, _: _in_network(values, network=False),
    "containsCIDR": lambda values, _: _in_network(values, network=True),
    "fieldSelector": _selected,
    "labelSelector": _selected,
    "sets.contains": _membership(1),
    "sets.intersects": _membership(1),
    "sets.equivalent": _membership(2),
    **dict.fromkeys(("slice", "lists.range", "reverse", "flatten"), _made_list),
    "distinct": _compared_all,
    "sort": _compared_all,
}
