"""What a call costs that was made, by the sizes of what it was given: cel-go's tariff, and Kubernetes'.

Some prices are those of an overload: where the types do not say which one is meant, the call costs 1. `prices`
estimates the same before anybody evaluates, from what is known of the sizes then.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from orchestrator.machinery.cel.checking import Resolved
from orchestrator.machinery.cel.data import Opaque, Perhaps, is_list
from orchestrator.machinery.cel.prices import NEW_LIST, NEW_MESSAGE, TRAVERSAL
from orchestrator.machinery.cel.types import STRING

Tariff: TypeAlias = int | Callable[[Sequence[Any], Any], int]
"""What a call costs beside its arguments: always the same, or by its values (a target comes first) and what it gave."""

_REGEX: Final = 0.25


def size(value: Any) -> int:
    """The characters of a text, the items of a list or map; 1 of anything else."""
    if isinstance(value, Perhaps):
        return size(value.held[0]) if value.held else 1
    if isinstance(value, Opaque):
        return _opaque_size(value)
    return len(value) if isinstance(value, str | bytes | bytearray | list | tuple | Mapping) else 1


def _opaque_size(value: Opaque) -> int:
    if value.kind == "cidr":
        return math.ceil(int(str(value.value).rpartition("/")[2]) / 8)
    if value.kind == "ip":
        return 16 if ":" in str(value.value) else 4
    return 1


def _traversed(value: Any) -> int:
    """One for each scalar in it, and a tenth for each byte of its texts."""
    if isinstance(value, str):
        return int(len(value.encode()) * TRAVERSAL)
    if isinstance(value, bytes | bytearray):
        return int(len(value) * TRAVERSAL)
    if isinstance(value, Mapping):
        return sum(_traversed(key) + _traversed(each) for key, each in value.items())
    return sum(map(_traversed, value)) if is_list(value) else 1


def _scaled(count: int, factor: float = TRAVERSAL) -> int:
    return math.ceil(count * factor)


def tariff(function: str, resolved: Resolved | None) -> Tariff:
    """What calls of a function cost; `resolved`: which of its overloads the types allow."""
    takes = resolved.takes if resolved is not None else ()
    if function in ("containsIP", "containsCIDR"):
        read = len(takes) == 1 and takes[0][1] == STRING
        return _in_network(network=function == "containsCIDR", read=read)
    known = _BY_NAME.get(function)
    if known is not None:
        return known
    if len(takes) != 1:
        return 1
    if function == "matches":
        return _matched if resolved is not None and resolved.member else 1
    wanted, price = _BY_OVERLOAD.get(function, ((), 1))
    return price if not wanted or takes[0][-1 if function == "@in" else 0].name in wanted else 1


def _equality(values: Sequence[Any], _: Any) -> int:
    if isinstance(values[0], Opaque):
        return 1
    return _scaled(min(map(size, values)))


def _inequality(values: Sequence[Any], _: Any) -> int:
    return _scaled(min(map(size, values)))


def _added(values: Sequence[Any], _: Any) -> int:
    return _scaled(size(values[0]) + size(values[1]))


def _matched(values: Sequence[Any], _: Any) -> int:
    return _scaled(1 + size(values[0])) * _scaled(size(values[1]), _REGEX)


def _contained(values: Sequence[Any], _: Any) -> int:
    return _scaled(size(values[0])) * _scaled(size(values[1]))


# The sizes of the patterns by which formats are counted.
_FORMAT_SIZES: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        ("dns1123Label", "dns1123LabelPrefix", "dns1035Label", "dns1035LabelPrefix"), 30
    ),
    **dict.fromkeys(("dns1123Subdomain", "dns1123SubdomainPrefix", "qualifiedName"), 60),
    "labelValue": 40,
    **dict.fromkeys(("uuid", "date", "datetime"), 72),
    "uri": 1_104,
    "byte": 84,
}


def _validated(values: Sequence[Any], _: Any) -> int:
    if not isinstance(values[0], Opaque):
        return 1
    return _scaled(1 + size(values[1])) * _scaled(_FORMAT_SIZES[values[0].value], _REGEX)


def _in_network(*, network: bool, read: bool) -> Tariff:
    """`network`: whether it is another network that is looked for; `read`: in a text for sure."""

    def cost(values: Sequence[Any], _: Any) -> int:
        own = size(values[0])
        found = _scaled(own + own) + (_scaled(own) + 1 if network else 0)
        return found + (_scaled(size(values[1])) if read else 0)

    return cost


def _selected(values: Sequence[Any], _: Any) -> int:
    length = size(values[1])
    return NEW_LIST + _scaled(length) + _scaled(_scaled(length, 0.5), NEW_LIST + NEW_MESSAGE)


def _membership(factor: int) -> Callable[[Sequence[Any], Any], int]:
    return lambda values, _: 1 + factor * size(values[0]) * size(values[1])


def _made_list(values: Sequence[Any], result: Any) -> int:
    return NEW_LIST + 1 + size(result)


def _flattened(values: Sequence[Any], _: Any) -> int:
    depth = values[1] if len(values) == 2 and isinstance(values[1], int) else 1
    return NEW_LIST + 1 + max(size(values[0]) * depth, 0)


def _compared_all(values: Sequence[Any], _: Any) -> int:
    items = values[0]
    if not is_list(items) or not items:
        return NEW_LIST + 1
    factor = 2 + TRAVERSAL if isinstance(items[0], str | bytes | bytearray) else 2.0
    return NEW_LIST + 1 + int(len(items) ** 2 * factor)


def _of_first(factor: float) -> Callable[[Sequence[Any], Any], int]:
    return lambda values, _: _scaled(size(values[0]), factor)


def _of_ip(values: Sequence[Any], _: Any) -> int:
    return 1 if isinstance(values[0], Opaque) else _scaled(size(values[0]))


_ONE: Final = TRAVERSAL
_BY_NAME: Final[Mapping[str, Tariff]] = {
    "check": 350_000,
    "_==_": _equality,
    "_!=_": _inequality,
    **dict.fromkeys(
        ("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"),
        lambda values, _: _traversed(values[0]),
    ),
    **dict.fromkeys(
        (
            *("url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey"),
            *("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"),
        ),
        _of_first(TRAVERSAL),
    ),
    **dict.fromkeys(("replace", "split", "ip.isCanonical"), _of_first(2 * TRAVERSAL)),
    "ip": _of_ip,
    "join": lambda values, result: _scaled(size(result), 2 * TRAVERSAL),
    "validate": _validated,
    "find": _matched,
    "findAll": _matched,
    "fieldSelector": _selected,
    "labelSelector": _selected,
}
_TEXTS: Final = ("string", "bytes")
# The overload, by what it takes first (of `in`: in what), and its price.
_BY_OVERLOAD: Final[Mapping[str, tuple[tuple[str, ...], Tariff]]] = {
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), (_TEXTS, _inequality)),
    "_+_": (_TEXTS, _added),
    "@in": (("list",), lambda values, _: size(values[1])),
    **dict.fromkeys(("startsWith", "endsWith", "format", "strings.quote"), ((), _of_first(_ONE))),
    "bytes": (("string",), _of_first(_ONE)),
    "string": (("bytes",), _of_first(_ONE)),
    "contains": ((), _contained),
    "sets.contains": ((), _membership(1)),
    "sets.intersects": ((), _membership(1)),
    "sets.equivalent": ((), _membership(2)),
    **dict.fromkeys(("slice", "lists.range", "reverse"), ((), _made_list)),
    "flatten": ((), _flattened),
    "distinct": ((), _compared_all),
    "sort": ((), _compared_all),
}
