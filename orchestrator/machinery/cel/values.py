"""What Kubernetes' values in CEL are, and what can be asked of them: URLs, addresses, quantities, versions, formats.

Such a value is a map to the library: `{"@": "quantity", "v": ...}`. A function raises ValueError for what has no
value, which becomes the expression's error.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

from orchestrator.machinery import names
from orchestrator.machinery.cel.names import opaque
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.formats import is_base64, is_date, is_date_time, is_uri
from orchestrator.machinery.quantities import canonical, nano

Opaque: TypeAlias = Mapping[str, Any]

NANO: Final = 10**9


def value_of(of: Opaque, kind: str) -> Any:
    """What is in a value of a kind. Raises ValueError for one of another kind."""
    if of.get("@") != kind:
        raise ValueError("no such overload")
    return of["v"]


# --- URLs ----------------------------------------------------------------------------------


def url(text: str) -> dict[str, Any]:
    """The URL that a text is. Raises ValueError for one that is none."""
    if not is_url(text):
        raise ValueError(
            f'URL parse error during conversion from string: parse "{text}": invalid URI for request'
        )
    return opaque("url", text)


def is_url(text: str) -> bool:
    """Whether a text is a URL, absolute or a path."""
    return is_uri(text) and urlsplit(text).fragment == "" and "#" not in text


def of_url(part: Callable[[Any], str]) -> Callable[[Opaque], str]:
    """A function of URLs that tells a part of them."""
    return lambda url: part(urlsplit(value_of(url, "url")))


def host(parts: Any) -> str:
    """A URL's host with its port."""
    return str(parts.netloc.rpartition("@")[2])


def query(url: Opaque) -> dict[str, list[str]]:
    """The parameters of a URL's query, each with all its values."""
    return parse_qs(urlsplit(value_of(url, "url")).query, keep_blank_values=True)


# --- addresses -----------------------------------------------------------------------------


def ip_of(text: str) -> dict[str, Any]:
    """The address that a text is. Raises ValueError for one that is none."""
    if not is_ip(text):
        raise ValueError(
            f'IP Address "{text}" parse error during conversion from string: ParseAddr("{text}"): unable to parse IP'
        )
    return opaque("ip", str(ipaddress.ip_address(text)))


def is_ip(text: str) -> bool:
    """Whether a text is an address."""
    if "%" in text:
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None)


def of_ip(look: Callable[[Any], Any]) -> Callable[[Opaque], Any]:
    """A function of addresses that tells something of them."""
    return lambda ip: look(ipaddress.ip_address(value_of(ip, "ip")))


def cidr_of(text: str) -> dict[str, Any]:
    """The network that a text is. Raises ValueError for one that is none."""
    if not is_cidr(text):
        failed = "network address parse error during conversion from string: "
        raise ValueError(f"{failed}{failed}{_prefix_fault(text)}")
    return opaque("cidr", str(ipaddress.ip_interface(text)))


def _prefix_fault(text: str) -> str:
    """What Go says of a prefix that is none."""
    address, slash, bits = text.rpartition("/")
    why = "no '/'"
    if slash and not is_ip(address):
        why = f"ParseAddr({quote(address)}): unable to parse IP"
    elif slash:
        why = (
            "prefix length out of range"
            if bits.isdecimal()
            else f"bad bits after slash: {quote(bits)}"
        )
    return f"netip.ParsePrefix({quote(text)}): {why}"


def is_cidr(text: str) -> bool:
    """Whether a text is a network."""
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text and "%" not in text


def network(cidr: Opaque) -> Any:
    """The network itself. Raises ValueError for another value."""
    return ipaddress.ip_interface(value_of(cidr, "cidr")).network


def contains_ip(cidr: Opaque, ip: Any) -> bool:
    """Whether an address, or the text of one, is in a network."""
    text = ip if isinstance(ip, str) else value_of(ip, "ip")
    return ipaddress.ip_address(text) in network(cidr)


def contains_cidr(cidr: Opaque, other: Any) -> bool:
    """Whether all of a network, or of the text of one, is in another."""
    inner = ipaddress.ip_interface(other).network if isinstance(other, str) else network(other)
    outer = network(cidr)
    return bool(inner.version == outer.version and inner.subnet_of(outer))


# --- quantities and versions ---------------------------------------------------------------


def quantity(text: str) -> dict[str, Any]:
    """The quantity that a text is. Raises ValueError for one that is none."""
    try:
        return opaque("quantity", str(nano(text)))
    except QuantityError as error:
        raise ValueError(str(error)) from None


def is_quantity(text: str) -> bool:
    """Whether a text is a quantity."""
    try:
        canonical(text)
    except QuantityError:
        return False
    return True


def amount_of(quantity: Opaque) -> int:
    """A quantity in billionths."""
    return int(value_of(quantity, "quantity"))


def whole(quantity: Opaque) -> int:
    """A quantity as an integer. Raises ValueError for one that is none."""
    amount = amount_of(quantity)
    if amount % NANO:
        raise ValueError("cannot convert value to integer")
    return amount // NANO


def _other_amount(other: Any) -> int:
    return other * NANO if isinstance(other, int) else amount_of(other)


SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)


def semver(text: str, normalize: bool = False) -> dict[str, Any]:
    """The semantic version that a text is. Raises ValueError for one that is none.

    `normalize`: with a `v` before it, zeros before its numbers, or fewer of these, it is one, too.
    """
    if normalize:
        text = _normal_version(text)
    if not SEMVER.fullmatch(text):
        raise ValueError(_version_fault(text))
    return opaque("semver", text)


def is_semver(text: str, normalize: bool = False) -> bool:
    """Whether a text is a semantic version."""
    try:
        semver(text, normalize)
    except ValueError:
        return False
    return True


def _normal_version(text: str) -> str:
    parts = [_without_zeros(each) for each in text.removeprefix("v").split(".", 2)]
    if len(parts) < _PARTS and re.search("[-+]", parts[-1]):
        raise ValueError("short version cannot contain PreRelease/Build meta data")
    return ".".join((*parts, "0", "0")[:_PARTS])


_PARTS: Final = 3  # of a version: major, minor, and patch with what follows


def _without_zeros(part: str) -> str:
    if len(part) <= 1:
        return part
    bare = part.lstrip("0")
    return bare if re.match("[0-9]", bare) else f"0{bare}"


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


def version_parts(version: Opaque) -> tuple[Any, ...]:
    """Major, minor and patch number of a version, and what they are compared by behind."""
    found = SEMVER.fullmatch(value_of(version, "semver"))
    assert found is not None
    numbers = tuple(int(each) for each in found.groups()[:3])
    pre = found[4]
    if pre is None:
        return (*numbers, (1,))
    words = tuple((0, int(w), "") if w.isdecimal() else (1, 0, w) for w in pre.split("."))
    return (*numbers, (0, *words))


def _comparable(value: Opaque) -> Any:
    return amount_of(value) if value.get("@") == "quantity" else version_parts(value)


def compared(one: Opaque, other: Opaque) -> int:
    """-1, 0 or 1: how two quantities, or two versions, stand to each other."""
    if one.get("@") != other.get("@"):
        raise ValueError("no such overload")
    mine, theirs = _comparable(one), _comparable(other)
    return int(mine > theirs) - int(mine < theirs)


def added(quantity: Opaque, other: Any, sign: int) -> dict[str, Any]:
    """A quantity and another one, or an integer, together; `sign` -1 takes the other away."""
    return opaque("quantity", str(amount_of(quantity) + sign * _other_amount(other)))


# --- formats -------------------------------------------------------------------------------

_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"
)


def _said(fits: Callable[[str], bool], fault: str) -> Callable[[str], Sequence[str]]:
    return lambda text: () if fits(text) else (fault,)


def _prefix(errors: Callable[[str], Sequence[str]]) -> Callable[[str], Sequence[str]]:
    return lambda text: errors(f"{text}a" if text.endswith("-") else text)


FORMATS: Final[Mapping[str, Callable[[str], Sequence[str]]]] = {
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


def validated(format_: Opaque, text: str) -> dict[str, Any]:
    """What is wrong with a text by a format: an optional list of sentences."""
    faults = list(FORMATS[value_of(format_, "format")](text))
    return opaque("optional", [faults] if faults else [])


def named_format(name: str) -> dict[str, Any]:
    """The format of a name, if there is one: an optional."""
    if name not in FORMATS:
        return opaque("optional", [])
    return opaque("optional", [opaque("format", name)])


def present(optional: Opaque) -> Any:
    """What an optional holds."""
    held = value_of(optional, "optional")
    if not held:
        raise ValueError("optional.none() dereference")
    return held[0]


def as_text(value: Opaque) -> str:
    """A value as `string()` writes it."""
    kind = value.get("@")
    if kind in ("ip", "cidr", "semver", "url"):
        return str(value["v"])
    raise ValueError("no such overload")
