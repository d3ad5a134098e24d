"""The functions that Kubernetes adds to CEL: lists, regular expressions, URLs, addresses, quantities,
formats, semantic versions, sets.

Each function takes and answers plain values; what it raises becomes the expression's error. Opaque
values are maps: `{"@": "quantity", "v": ...}`.
"""

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import re2
from cel_expr_python import cel

from orchestrator.machinery.cel import authorization, values
from orchestrator.machinery.cel.limits import COST_EXCEEDED
from orchestrator.machinery.cel.names import opaque

T: Final = cel.Type
_O: Final = T.Map(T.STRING, T.DYN)
_STRINGS: Final = T.List(T.STRING)
_LIST: Final = T.List(T.DYN)
_MOST_ITEMS: Final = 1_000_000
"""How long a list may be that an expression makes of nothing: an item costs 1, a call may cost a million."""


# --- lists ---------------------------------------------------------------------------------


def _is_sorted(items: Sequence[Any]) -> bool:
    return all(items[n - 1] <= items[n] for n in range(1, len(items)))


def _range(count: int) -> list[int]:
    if count > _MOST_ITEMS:
        raise ValueError(COST_EXCEEDED)
    return list(range(count))


def _sum(items: Sequence[Any]) -> Any:
    if not items:
        return 0
    total = items[0]
    for each in items[1:]:
        total = total + each
    return total


def _least(items: Sequence[Any]) -> Any:
    if not items:
        raise ValueError("min called on empty list")
    return min(items)


def _most(items: Sequence[Any]) -> Any:
    if not items:
        raise ValueError("max called on empty list")
    return max(items)


def _index_of(items: Sequence[Any], wanted: Any) -> int:
    return next((n for n, each in enumerate(items) if each == wanted), -1)


def _last_index_of(items: Sequence[Any], wanted: Any) -> int:
    return next((n for n in range(len(items) - 1, -1, -1) if items[n] == wanted), -1)


def _flatten(items: Sequence[Any]) -> list[Any]:
    return [part for each in items for part in (each if isinstance(each, list) else [each])]


def _distinct(items: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for each in items:
        if each not in found:
            found.append(each)
    return found


def _slice(items: Sequence[Any], start: int, end: int) -> list[Any]:
    if not 0 <= start <= end <= len(items):
        raise ValueError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return list(items[start:end])


# --- regular expressions -------------------------------------------------------------------


def _find(text: str, pattern: str) -> str:
    found = re2.search(pattern, text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return [found[0] for found in re2.finditer(pattern, text)]


def _find_some(text: str, pattern: str, most: int) -> list[str]:
    found = _find_all(text, pattern)
    return found if most < 0 else found[:most]


# --- the table -----------------------------------------------------------------------------

_Row: TypeAlias = tuple[str, str, Any, list[Any], bool, Callable[..., Any]]


def _member(name: str, answers: Any, takes: list[Any], function: Callable[..., Any]) -> _Row:
    return name, f"k8s_{name}_{len(takes)}_{id(function)}", answers, takes, True, function


def _plain(name: str, answers: Any, takes: list[Any], function: Callable[..., Any]) -> _Row:
    return name, f"k8s_{name}_{len(takes)}_{id(function)}", answers, takes, False, function


def _list_rows() -> list[_Row]:
    """Of lists and sets."""
    return [
        _member("isSorted", T.BOOL, [_LIST], _is_sorted),
        _member("sum", T.DYN, [_LIST], _sum),
        _member("min", T.DYN, [_LIST], _least),
        _member("max", T.DYN, [_LIST], _most),
        _member("indexOf", T.INT, [_LIST, T.DYN], _index_of),
        _member("lastIndexOf", T.INT, [_LIST, T.DYN], _last_index_of),
        _member("flatten", _LIST, [_LIST], _flatten),
        _member("distinct", _LIST, [_LIST], _distinct),
        _member("slice", _LIST, [_LIST, T.INT, T.INT], _slice),
        _member("sort", _LIST, [_LIST], sorted),
        _member("reverse", _LIST, [_LIST], lambda items: list(reversed(items))),
        _plain("lists.range", T.List(T.INT), [T.INT], _range),
        _plain("sets.contains", T.BOOL, [_LIST, _LIST], lambda a, b: all(x in a for x in b)),
        _plain("sets.intersects", T.BOOL, [_LIST, _LIST], lambda a, b: any(x in a for x in b)),
        _plain(
            "sets.equivalent",
            T.BOOL,
            [_LIST, _LIST],
            lambda a, b: all(x in a for x in b) and all(x in b for x in a),
        ),
    ]


def _text_rows() -> list[_Row]:
    """Of text and URLs."""
    return [
        _member("find", T.STRING, [T.STRING, T.STRING], _find),
        _member("findAll", _STRINGS, [T.STRING, T.STRING], _find_all),
        _member("findAll", _STRINGS, [T.STRING, T.STRING, T.INT], _find_some),
        _plain("url", _O, [T.STRING], values.url),
        _plain("isURL", T.BOOL, [T.STRING], values.is_url),
        _member("getScheme", T.STRING, [_O], values.of_url(lambda parts: parts.scheme)),
        _member("getHost", T.STRING, [_O], values.of_url(values.host)),
        _member("getHostname", T.STRING, [_O], values.of_url(lambda parts: parts.hostname or "")),
        _member(
            "getPort",
            T.STRING,
            [_O],
            values.of_url(lambda p: "" if p.port is None else str(p.port)),
        ),
        _member("getEscapedPath", T.STRING, [_O], values.of_url(lambda parts: parts.path)),
        _member("getQuery", T.Map(T.STRING, _STRINGS), [_O], values.query),
    ]


def _address_rows() -> list[_Row]:
    """Of addresses and networks."""
    ip = ipaddress
    return [
        _plain("ip", _O, [T.STRING], values.ip_of),
        _plain("isIP", T.BOOL, [T.STRING], values.is_ip),
        _plain("ip.isCanonical", T.BOOL, [T.STRING], lambda text: values.ip_of(text)["v"] == text),
        _member("family", T.INT, [_O], values.of_ip(lambda address: address.version)),
        _member(
            "isUnspecified", T.BOOL, [_O], values.of_ip(lambda address: address.is_unspecified)
        ),
        _member("isLoopback", T.BOOL, [_O], values.of_ip(lambda address: address.is_loopback)),
        _member(
            "isLinkLocalMulticast",
            T.BOOL,
            [_O],
            values.of_ip(
                lambda a: a in ip.ip_network("224.0.0.0/24" if a.version == 4 else "ff02::/16")
            ),
        ),
        _member(
            "isLinkLocalUnicast", T.BOOL, [_O], values.of_ip(lambda address: address.is_link_local)
        ),
        _member(
            "isGlobalUnicast",
            T.BOOL,
            [_O],
            values.of_ip(
                lambda a: (
                    not (
                        a.is_unspecified
                        or a.is_loopback
                        or a.is_multicast
                        or a.is_link_local
                        or str(a) == "255.255.255.255"
                    )
                )
            ),
        ),
        _plain("cidr", _O, [T.STRING], values.cidr_of),
        _plain("isCIDR", T.BOOL, [T.STRING], values.is_cidr),
        _member("containsIP", T.BOOL, [_O, T.DYN], values.contains_ip),
        _member("containsCIDR", T.BOOL, [_O, T.DYN], values.contains_cidr),
        _member(
            "ip", _O, [_O], lambda c: opaque("ip", values.value_of(c, "cidr").partition("/")[0])
        ),
        _member("prefixLength", T.INT, [_O], lambda cidr: values.network(cidr).prefixlen),
        _member("masked", _O, [_O], lambda cidr: opaque("cidr", str(values.network(cidr)))),
        _plain("string", T.STRING, [_O], values.as_text),
    ]


def _amount_rows() -> list[_Row]:
    """Of quantities and versions."""
    return [
        _plain("quantity", _O, [T.STRING], values.quantity),
        _plain("isQuantity", T.BOOL, [T.STRING], values.is_quantity),
        _member(
            "sign", T.INT, [_O], lambda q: (values.amount_of(q) > 0) - (values.amount_of(q) < 0)
        ),
        _member("isGreaterThan", T.BOOL, [_O, _O], lambda a, b: values.compared(a, b) > 0),
        _member("isLessThan", T.BOOL, [_O, _O], lambda a, b: values.compared(a, b) < 0),
        _member("compareTo", T.INT, [_O, _O], values.compared),
        _member("asApproximateFloat", T.DOUBLE, [_O], lambda q: values.amount_of(q) / values.NANO),
        _member("asInteger", T.INT, [_O], values.whole),
        _member("isInteger", T.BOOL, [_O], lambda q: values.amount_of(q) % values.NANO == 0),
        _member("add", _O, [_O, T.DYN], lambda q, other: values.added(q, other, 1)),
        _member("sub", _O, [_O, T.DYN], lambda q, other: values.added(q, other, -1)),
        _plain("semver", _O, [T.STRING], values.semver),
        _plain("semver", _O, [T.STRING, T.BOOL], values.semver),
        _plain("isSemver", T.BOOL, [T.STRING], values.is_semver),
        _plain("isSemver", T.BOOL, [T.STRING, T.BOOL], values.is_semver),
        _member("major", T.INT, [_O], lambda version: values.version_parts(version)[0]),
        _member("minor", T.INT, [_O], lambda version: values.version_parts(version)[1]),
        _member("patch", T.INT, [_O], lambda version: values.version_parts(version)[2]),
    ]


def _format_rows() -> list[_Row]:
    """Of named formats."""
    rows = [
        _plain("format.named", _O, [T.STRING], values.named_format),
        _member("validate", _O, [_O, T.STRING], values.validated),
        _member(
            "hasValue", T.BOOL, [_O], lambda optional: bool(values.value_of(optional, "optional"))
        ),
        _member("value", T.DYN, [_O], values.present),
    ]
    for name in values.FORMATS:
        made = opaque("format", name)
        rows.append(_plain(f"format.{name}", _O, [], lambda made=made: made))
    return rows


def _authorizer_rows() -> list[_Row]:
    of = authorization
    root, group, resource = ("authorizer",), ("group check",), ("resource check",)
    path = _member("path", _O, [_O, T.STRING], of.narrowed(root, "path check", "path"))
    return [
        path,
        _member("serviceAccount", _O, [_O, T.STRING, T.STRING], of.account),
        _member("group", _O, [_O, T.STRING], of.narrowed(root, "group check", "group")),
        _member("resource", _O, [_O, T.STRING], of.narrowed(group, "resource check", "resource")),
        *(
            _member(name, _O, [_O, T.STRING], of.narrowed(resource, "resource check", name))
            for name in ("subresource", "namespace", "name")
        ),
        _member("check", _O, [_O, T.STRING], of.checked),
        _member("allowed", T.BOOL, [_O], of.decided("allowed", False)),
        _member("reason", T.STRING, [_O], of.decided("reason", "")),
        _member("errored", T.BOOL, [_O], of.decided("errored", False)),
        _member("error", T.STRING, [_O], of.decided("error", "")),
    ]


def _rows() -> Iterator[_Row]:
    for family in (
        _list_rows,
        _text_rows,
        _address_rows,
        _amount_rows,
        _format_rows,
        _authorizer_rows,
    ):
        yield from family()


def kubernetes_functions() -> Any:
    """The functions as an extension of the library's: one declaration a name, with its overloads."""
    overloads: dict[str, list[Any]] = {}
    for name, id_, answers, takes, member, function in _rows():
        # Opaque values are maps to the library, which would not compare one with null: types were checked before.
        gives = cel.Type.DYN if answers is _O else answers
        overloads.setdefault(name, []).append(cel.Overload(id_, gives, takes, member, function))
    declared = [cel.FunctionDecl(name, found) for name, found in overloads.items()]
    return cel.CelExtension("kubernetes", declared)
