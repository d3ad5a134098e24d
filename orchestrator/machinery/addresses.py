"""IP addresses and networks, read as lenient as Kubernetes' parser reads them.

Leading zeros in an IPv4 address mean nothing to it.
"""

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

from orchestrator.machinery.memo import remembered

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# A number with zeros before it: after a colon one of an IPv4 address only if a dot follows. No digit is read twice.
_LEADING_ZEROS: Final = re.compile(r"(?<![0-9a-fA-F:])0[0-9]++(?=\.|/|$)|(?<=:)0[0-9]++(?=\.)")
_cached: Final = remembered(1 << 12)


@_cached
def parse_address(text: str) -> Address | None:
    """The address, or None when the text is none. Zones (`fe80::1%eth0`) are none."""
    if "%" in text:
        return None
    try:
        return ip_address(_bare(text))
    except ValueError:
        return None


@_cached
def parse_network(text: str) -> Network | None:
    """The network that a CIDR text names (host bits are cut off), or None."""
    if "%" in text or "/" not in text or not text.rpartition("/")[2].isdigit():
        return None
    try:
        return ip_network(_bare(text), strict=False)
    except ValueError:
        return None


def _bare(text: str) -> str:
    return _LEADING_ZEROS.sub(lambda found: found[0].lstrip("0") or "0", text)


def has_leading_zeros(text: str) -> bool:
    """Of an address or a network that was read without its zeros."""
    return _LEADING_ZEROS.search(text) is not None
