"""The functions that Kubernetes adds to CEL: lists, regular expressions, URLs, addresses, quantities,
formats, semantic versions, sets.

Each function takes and answers plain values; what it raises becomes the expression's error. Opaque
values are maps: `{"@": "quantity", "v": ...}`.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import re2
from cel_expr_python import cel

from orchestrator.machinery import names
from orchestrator.machinery.cel import authorization
from orchestrator.machinery.cel.limits import COST_EXCEEDED
from orchestrator.machinery.cel.names import opaque
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.formats import is_base64, is_date, is_date_time, is_uri
from orchestrator.machinery.quantities import canonical, nano

Opaque: TypeAlias = Mapping[str, Any]

T: Final = cel.Type
_O: Final = T.Map(T.STRING, T.DYN)
_STRINGS: Final = T.List(T.STRING)
_LIST: Final = T.List(T.DYN)
_NANO: Final = 10**9
_MOST_ITEMS: Final = 1_000_000
"""How long a list may be that an expression makes of nothing: an item costs 1, a call may cost a million."""


def _value(of: Opaque, kind: str) -> Any:
    if of.get("@") != kind:
        raise ValueError("no such overload")
    return of["v"]


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


# --- URLs ----------------------------------------------------------------------------------


def _url(text: str) -> dict[str, Any]:
    if not _is_url(text):
        raise ValueError(
            f'URL parse error during conversion from string: parse "{text}": invalid URI for request'
        )
    return opaque("url", text)


def _is_url(text: str) -> bool:
    return is_uri(text) and urlsplit(text).fragment == "" and "#" not in text


def _of_url(part: Callable[[Any], str]) -> Callable[[Opaque], str]:
    return lambda url: part(urlsplit(_value(url, "url")))


def _host(parts: Any) -> str:
    return str(parts.netloc.rpartition("@")[2])


def _query(url: Opaque) -> dict[str, list[str]]:
    return parse_qs(urlsplit(_value(url, "url")).query, keep_blank_values=True)


# --- addresses -----------------------------------------------------------------------------


def _ip(text: str) -> dict[str, Any]:
    if not _is_ip(text):
        raise ValueError(
            f'IP Address "{text}" parse error during conversion from string: ParseAddr("{text}"): unable to parse IP'
        )
    return opaque("ip", str(ipaddress.ip_address(text)))


def _is_ip(text: str) -> bool:
    if "%" in text:
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None)


def _of_ip(look: Callable[[Any], Any]) -> Callable[[Opaque], Any]:
    return lambda ip: look(ipaddress.ip_address(_value(ip, "ip")))


def _cidr(text: str) -> dict[str, Any]:
    if not _is_cidr(text):
        failed = "network address parse error during conversion from string: "
        raise ValueError(f"{failed}{failed}{_prefix_fault(text)}")
    return opaque("cidr", str(ipaddress.ip_interface(text)))


def _prefix_fault(text: str) -> str:
    """What Go says of a prefix that is none."""
    address, slash, bits = text.rpartition("/")
    why = "no '/'"
    if slash and not _is_ip(address):
        why = f"ParseAddr({quote(address)}): unable to parse IP"
    elif slash:
        why = (
            "prefix length out of range"
            if bits.isdecimal()
            else f"bad bits after slash: {quote(bits)}"
        )
    return f"netip.ParsePrefix({quote(text)}): {why}"


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text and "%" not in text


def _network(cidr: Opaque) -> Any:
    return ipaddress.ip_interface(_value(cidr, "cidr")).network


def _contains_ip(cidr: Opaque, ip: Any) -> bool:
    text = ip if isinstance(ip, str) else _value(ip, "ip")
    return ipaddress.ip_address(text) in _network(cidr)


def _contains_cidr(cidr: Opaque, other: Any) -> bool:
    inner = ipaddress.ip_interface(other).network if isinstance(other, str) else _network(other)
    outer = _network(cidr)
    return bool(inner.version == outer.version and inner.subnet_of(outer))


# --- quantities and versions ---------------------------------------------------------------


def _quantity(text: str) -> dict[str, Any]:
    try:
        return opaque("quantity", str(nano(text)))
    except QuantityError as error:
        raise ValueError(str(error)) from None


def _is_quantity(text: str) -> bool:
    try:
        canonical(text)
    except QuantityError:
        return False
    return True


def _amount(quantity: Opaque) -> int:
    return int(_value(quantity, "quantity"))


def _whole(quantity: Opaque) -> int:
    amount = _amount(quantity)
    if amount % _NANO:
        raise ValueError("cannot convert value to integer")
    return amount // _NANO


def _other_amount(other: Any) -> int:
    return other * _NANO if isinstance(other, int) else _amount(other)


_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)


def _semver(text: str) -> dict[str, Any]:
    if not _SEMVER.fullmatch(text):
        raise ValueError(_version_fault(text))
    return opaque("semver", text)


def _version_fault(text: str) -> str:
    """What the original's library says of a version that is none."""
    if not text:
        return "Version string empty"
    parts = text.split(".", 2)
    if len(parts) != 3:
        return "No Major.Minor.Patch elements found"
    numbers = (*parts[:2], re.split(r"[-+]", parts[2], maxsplit=1)[0])
    for name, number in zip(("Major", "Minor", "Patch"), numbers, strict=True):
        if not re.fullmatch("[0-9]*", number):
            return f"Invalid character(s) found in {name.lower()} number {quote(number)}"
        if len(number) > 1 and number.startswith("0"):
            return f"{name} number must not contain leading zeroes {quote(number)}"
    return f"Invalid character(s) found in prerelease {quote(parts[2])}"


def _parts(version: Opaque) -> tuple[Any, ...]:
    found = _SEMVER.fullmatch(_value(version, "semver"))
    assert found is not None
    numbers = tuple(int(each) for each in found.groups()[:3])
    pre = found[4]
    if pre is None:
        return (*numbers, (1,))
    words = tuple((0, int(w), "") if w.isdecimal() else (1, 0, w) for w in pre.split("."))
    return (*numbers, (0, *words))


def _comparable(value: Opaque) -> Any:
    return _amount(value) if value.get("@") == "quantity" else _parts(value)


def _compare(one: Opaque, other: Opaque) -> int:
    if one.get("@") != other.get("@"):
        raise ValueError("no such overload")
    mine, theirs = _comparable(one), _comparable(other)
    return int(mine > theirs) - int(mine < theirs)


def _added(quantity: Opaque, other: Any, sign: int) -> dict[str, Any]:
    return opaque("quantity", str(_amount(quantity) + sign * _other_amount(other)))


# --- formats -------------------------------------------------------------------------------

_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"
)


def _said(fits: Callable[[str], bool], fault: str) -> Callable[[str], Sequence[str]]:
    return lambda text: () if fits(text) else (fault,)


def _prefix(errors: Callable[[str], Sequence[str]]) -> Callable[[str], Sequence[str]]:
    return lambda text: errors(f"{text}a" if text.endswith("-") else text)


_FORMATS: Final[Mapping[str, Callable[[str], Sequence[str]]]] = {
    "dns1123Label": names.dns1123_label_errors,
    "dns1123Subdomain": names.dns1123_subdomain_errors,
    "dns1035Label": names.dns1035_label_errors,
    "qualifiedName": names.qualified_name_errors,
    "dns1123LabelPrefix": _prefix(names.dns1123_label_errors),
    "dns1123SubdomainPrefix": _prefix(names.dns1123_subdomain_errors),
    "dns1035LabelPrefix": _prefix(names.dns1035_label_errors),
    "labelValue": names.label_value_errors,
    "uri": _said(is_uri, "invalid URI"),
    "uuid": _said(lambda text: _UUID.fullmatch(text) is not None, "does not match the UUID format"),
    "byte": _said(is_base64, "invalid base64"),
    "date": _said(is_date, "invalid date"),
    "datetime": _said(is_date_time, "invalid datetime"),
}


def _validated(format_: Opaque, text: str) -> dict[str, Any]:
    faults = list(_FORMATS[_value(format_, "format")](text))
    return opaque("optional", [faults] if faults else [])


def _named_format(name: str) -> dict[str, Any]:
    if name not in _FORMATS:
        return opaque("optional", [])
    return opaque("optional", [opaque("format", name)])


def _present(optional: Opaque) -> Any:
    held = _value(optional, "optional")
    if not held:
        raise ValueError("optional.none() dereference")
    return held[0]


def _as_text(value: Opaque) -> str:
    kind = value.get("@")
    if kind in ("ip", "cidr", "semver", "url"):
        return str(value["v"])
    raise ValueError("no such overload")


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
        _plain("url", _O, [T.STRING], _url),
        _plain("isURL", T.BOOL, [T.STRING], _is_url),
        _member("getScheme", T.STRING, [_O], _of_url(lambda parts: parts.scheme)),
        _member("getHost", T.STRING, [_O], _of_url(_host)),
        _member("getHostname", T.STRING, [_O], _of_url(lambda parts: parts.hostname or "")),
        _member(
            "getPort", T.STRING, [_O], _of_url(lambda p: "" if p.port is None else str(p.port))
        ),
        _member("getEscapedPath", T.STRING, [_O], _of_url(lambda parts: parts.path)),
        _member("getQuery", T.Map(T.STRING, _STRINGS), [_O], _query),
    ]


def _address_rows() -> list[_Row]:
    """Of addresses and networks."""
    ip = ipaddress
    return [
        _plain("ip", _O, [T.STRING], _ip),
        _plain("isIP", T.BOOL, [T.STRING], _is_ip),
        _plain("ip.isCanonical", T.BOOL, [T.STRING], lambda text: _ip(text)["v"] == text),
        _member("family", T.INT, [_O], _of_ip(lambda address: address.version)),
        _member("isUnspecified", T.BOOL, [_O], _of_ip(lambda address: address.is_unspecified)),
        _member("isLoopback", T.BOOL, [_O], _of_ip(lambda address: address.is_loopback)),
        _member(
            "isLinkLocalMulticast",
            T.BOOL,
            [_O],
            _of_ip(lambda a: a in ip.ip_network("224.0.0.0/24" if a.version == 4 else "ff02::/16")),
        ),
        _member("isLinkLocalUnicast", T.BOOL, [_O], _of_ip(lambda address: address.is_link_local)),
        _member(
            "isGlobalUnicast",
            T.BOOL,
            [_O],
            _of_ip(
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
        _plain("cidr", _O, [T.STRING], _cidr),
        _plain("isCIDR", T.BOOL, [T.STRING], _is_cidr),
        _member("containsIP", T.BOOL, [_O, T.DYN], _contains_ip),
        _member("containsCIDR", T.BOOL, [_O, T.DYN], _contains_cidr),
        _member("ip", _O, [_O], lambda c: opaque("ip", _value(c, "cidr").partition("/")[0])),
        _member("prefixLength", T.INT, [_O], lambda cidr: _network(cidr).prefixlen),
        _member("masked", _O, [_O], lambda cidr: opaque("cidr", str(_network(cidr)))),
        _plain("string", T.STRING, [_O], _as_text),
    ]


def _amount_rows() -> list[_Row]:
    """Of quantities and versions."""
    return [
        _plain("quantity", _O, [T.STRING], _quantity),
        _plain("isQuantity", T.BOOL, [T.STRING], _is_quantity),
        _member("sign", T.INT, [_O], lambda q: (_amount(q) > 0) - (_amount(q) < 0)),
        _member("isGreaterThan", T.BOOL, [_O, _O], lambda a, b: _compare(a, b) > 0),
        _member("isLessThan", T.BOOL, [_O, _O], lambda a, b: _compare(a, b) < 0),
        _member("compareTo", T.INT, [_O, _O], _compare),
        _member("asApproximateFloat", T.DOUBLE, [_O], lambda q: _amount(q) / _NANO),
        _member("asInteger", T.INT, [_O], _whole),
        _member("isInteger", T.BOOL, [_O], lambda q: _amount(q) % _NANO == 0),
        _member("add", _O, [_O, T.DYN], lambda q, other: _added(q, other, 1)),
        _member("sub", _O, [_O, T.DYN], lambda q, other: _added(q, other, -1)),
        _plain("semver", _O, [T.STRING], _semver),
        _plain("isSemver", T.BOOL, [T.STRING], lambda text: _SEMVER.fullmatch(text) is not None),
        _member("major", T.INT, [_O], lambda version: _parts(version)[0]),
        _member("minor", T.INT, [_O], lambda version: _parts(version)[1]),
        _member("patch", T.INT, [_O], lambda version: _parts(version)[2]),
    ]


def _format_rows() -> list[_Row]:
    """Of named formats."""
    rows = [
        _plain("format.named", _O, [T.STRING], _named_format),
        _member("validate", _O, [_O, T.STRING], _validated),
        _member("hasValue", T.BOOL, [_O], lambda optional: bool(_value(optional, "optional"))),
        _member("value", T.DYN, [_O], _present),
    ]
    for name in _FORMATS:
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
