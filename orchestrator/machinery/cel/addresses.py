"""Addresses and networks: read as Go's `netip` reads them, refused in its words, and what can be asked of them.

A function raises ValueError for what has no value, which becomes the expression's error.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final

from orchestrator.machinery.cel.data import Opaque
from orchestrator.machinery.field_errors import quote

_BITS: Final = re.compile(r"0|[1-9]\d{0,2}")
_MOST_DIGITS: Final = 4


class _Misread(Exception):
    """Why a text is no address, and from where on."""

    def __init__(self, why: str, rest: str = "") -> None:
        super().__init__(f"{why} (at {quote(rest)})" if rest else why)


def _fault(text: str) -> str:
    """Why Go takes a text for no address; "" if it does."""
    first = next((each for each in text if each in ".:%"), "")
    try:
        if first == ".":
            _read_dotted(text)
        elif first == ":":
            _read_colons(text)
        else:
            raise _Misread("missing IPv6 address" if first else "unable to parse IP")
    except _Misread as error:
        return f"ParseAddr({quote(text)}): {error}"
    return ""


def _read_dotted(text: str) -> None:
    fields, digits = 0, ""
    for at, char in enumerate(text):
        if char in "0123456789":
            if digits == "0":
                raise _Misread("IPv4 field has octet with leading zero")
            digits += char
            if int(digits) > 255:
                raise _Misread("IPv4 field has value >255")
        elif char == ".":
            if not digits or at == len(text) - 1:
                raise _Misread("IPv4 field must have at least one digit", text[at:])
            if fields == 3:
                raise _Misread("IPv4 address too long")
            fields, digits = fields + 1, ""
        else:
            raise _Misread("unexpected character", text[at:])
    if fields < 3:
        raise _Misread("IPv4 address too short")


def _read_colons(text: str) -> None:
    rest, percent, zone = text.partition("%")
    if percent and not zone:
        raise _Misread("zone must be a non-empty string")
    read, ellipsis = 0, rest.startswith("::")
    rest = rest[2:] if ellipsis else rest
    while read < 8 and rest:
        digits = re.match("[0-9a-fA-F]*", rest)
        assert digits is not None
        if len(digits[0]) > _MOST_DIGITS:
            raise _Misread("each group must have 4 or less digits", rest)
        if not digits[0]:
            raise _Misread("each colon-separated field must have at least one digit", rest)
        if rest[digits.end() : digits.end() + 1] == ".":
            if not ellipsis and read != 6:
                raise _Misread(
                    "embedded IPv4 address must replace the final 2 fields of the address", rest
                )
            if read > 6:
                raise _Misread(
                    "too many hex fields to fit an embedded IPv4 at the end of the address", rest
                )
            _read_dotted(rest)
            read, rest = read + 2, ""
            break
        read, rest = read + 1, rest[digits.end() :]
        if not rest:
            break
        if not rest.startswith(":"):
            raise _Misread("unexpected character, want colon", rest)
        if len(rest) == 1:
            raise _Misread("colon must be followed by more characters", rest)
        rest = rest[1:]
        if rest.startswith(":"):
            if ellipsis:
                raise _Misread("multiple :: in address", rest)
            ellipsis, rest = True, rest[1:]
    if rest:
        raise _Misread("trailing garbage after address", rest)
    if read < 8 and not ellipsis:
        raise _Misread("address string too short")
    if read == 8 and ellipsis:
        raise _Misread("the :: must expand to at least one field of zeros")


def ip_of(text: str) -> Opaque:
    """The address that a text is. Raises ValueError for one that is none."""
    if why := _fault(text):
        raise ValueError(
            f"IP Address {quote(text)} parse error during conversion from string: {why}"
        )
    if "%" in text:
        raise ValueError(f"IP address {quote(text)} with zone value is not allowed")
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError(f"IPv4-mapped IPv6 address {quote(text)} is not allowed")
    return Opaque("ip", str(address))


def is_ip(text: str) -> bool:
    """Whether a text is an address."""
    return _is(ip_of, text)


def _is(read: Callable[[str], Any], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def of_ip(look: Callable[[Any], Any]) -> Callable[[Opaque], Any]:
    """A function of addresses that tells something of them."""
    return lambda ip: look(ipaddress.ip_address(ip.value))


def cidr_of(text: str) -> Opaque:
    """The network that a text is. Raises ValueError for one that is none."""
    failed = "network address parse error during conversion from string: "
    if why := _prefix_fault(text):
        raise ValueError(f"{failed}{failed}netip.ParsePrefix({quote(text)}): {why}")
    network = ipaddress.ip_interface(text)
    if isinstance(network, ipaddress.IPv6Interface) and network.ipv4_mapped is not None:
        raise ValueError(f"{failed}IPv4-mapped IPv6 address {quote(text)} is not allowed")
    return Opaque("cidr", str(network))


def _prefix_fault(text: str) -> str:
    """Why Go takes a text for no prefix; "" if it does."""
    address, slash, bits = text.rpartition("/")
    if not slash:
        return "no '/'"
    if fault := _fault(address):
        return fault
    if "%" in address:
        return "IPv6 zones cannot be present in a prefix"
    if not _BITS.fullmatch(bits):
        return f"bad bits after slash: {quote(bits)}"
    return "prefix length out of range" if int(bits) > (128 if ":" in address else 32) else ""


def is_cidr(text: str) -> bool:
    """Whether a text is a network."""
    return _is(cidr_of, text)


def network(cidr: Opaque) -> Any:
    """The network itself."""
    return ipaddress.ip_interface(cidr.value).network


def contains_ip(cidr: Opaque, ip: Any) -> bool:
    """Whether an address, or the text of one, is in a network. Raises ValueError."""
    if isinstance(ip, str):
        if not is_ip(ip):
            raise ValueError("no such overload")
        ip = ip_of(ip)
    return ipaddress.ip_address(ip.value) in network(cidr)


def contains_cidr(cidr: Opaque, other: Any) -> bool:
    """Whether all of a network, or of the text of one, is in another. Raises ValueError."""
    inner = network(cidr_of(other) if isinstance(other, str) else other)
    outer = network(cidr)
    return bool(inner.version == outer.version and inner.subnet_of(outer))
