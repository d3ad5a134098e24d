"""Addresses and networks: read as Go's `netip` reads them, refused in its words, and what can be asked of them.

A function raises ValueError for what has no value, which becomes the expression's error.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final

from orchestrator.machinery.cel.data import Opaque
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.strict_addresses import address_fault

_BITS: Final = re.compile(r"0|[1-9]\d{0,2}")


def ip_of(text: str) -> Opaque:
    """The address that a text is. Raises ValueError for one that is none."""
    if why := address_fault(text):
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
    if fault := address_fault(address):
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
