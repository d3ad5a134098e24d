"""Texts of other standards inside objects: addresses, networks, percentages, paths.

Like machinery's name rules, each answers the tuple of Kubernetes' messages, empty when the text
is right. Addresses are read as lenient as Kubernetes' parser reads them, for which leading zeros in an
IPv4 address mean nothing; what an address or a network may not have in any field is told then. Only newer
fields take nothing but the canonical form.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from orchestrator.machinery.addresses import (
    Address,
    has_leading_zeros,
    parse_address,
    parse_network,
)
from orchestrator.machinery.digits import whole
from orchestrator.machinery.memo import remembered
from orchestrator.machinery.names import Messages, dns1123_label_errors, dns1123_subdomain_errors

_PERCENT: Final = re.compile("[0-9]+%")
_HTTP_PATH: Final = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
_UNDERSCORED: Final = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORED_SUBDOMAIN: Final = rf"{_UNDERSCORED}(\.{_UNDERSCORED})*"
_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")

NOT_AN_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_A_NETWORK: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

# Every pod has an address, and its endpoints name it again: most are told right by this alone, and
# remembering verdicts on them would only fill the memory.
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_plain_ipv4: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}").fullmatch
_SPECIAL: Final = ("0.", "127.", "169.254.", "224.0.0.")  # where traffic may not be sent, and more

_cached: Final = remembered(1 << 12)


def address_errors(text: str) -> Messages:
    """An IP address of either family."""
    if _plain_ipv4(text):
        return ()
    address = parse_address(text)
    if address is None:
        return (NOT_AN_ADDRESS,)
    if has_leading_zeros(text):
        return ("must not have leading 0s",)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return ("must not be an IPv4-mapped IPv6 address",)
    return ()


def strict_address_errors(text: str) -> Messages:
    """An IP address as newer fields take it: in its one canonical form."""
    if messages := address_errors(text):
        return messages
    address = parse_address(text)
    return () if text == str(address) else (f'must be in canonical form ("{address}")',)


def strict_network_errors(text: str) -> Messages:
    """A CIDR as newer fields take it: in its one canonical form."""
    if messages := network_errors(text):
        return messages
    network = parse_network(text)
    return () if text == str(network) else (f'must be in canonical form ("{network}")',)


def network_errors(text: str) -> Messages:
    """A CIDR of either family, with no bits beyond its prefix."""
    network = parse_network(text)
    if network is None:
        return (NOT_A_NETWORK,)
    address, _, length = text.partition("/")
    if has_leading_zeros(address) or length != str(whole(length)):
        return ("must not have leading 0s in IP or prefix length",)
    first = network.network_address
    parsed = first if address == str(first) else ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return ("must not have an IPv4-mapped IPv6 address",)
    if parsed != first:
        return ("must not have bits set beyond the prefix length",)
    return ()


def is_ipv6(text: str) -> bool:
    """Whether the text is an IPv6 address."""
    return ":" in text and isinstance(parse_address(text), IPv6Address)


LOOPBACK: Final = "may not be in the loopback range (127.0.0.0/8, ::1/128)"


def endpoint_address_errors(text: str) -> Messages:
    """An address that traffic may be sent to: not this host's own, nor the link's."""
    if _plain_ipv4(text) and not text.startswith(_SPECIAL):
        return ()
    return _endpoint_address_errors(text)


@_cached
def _endpoint_address_errors(text: str) -> Messages:
    address = parse_address(text)
    if address is None:
        return ("must be a valid IP address",)
    errors = []
    if address.is_unspecified:
        errors.append(f"may not be unspecified ({text})")
    if address.is_loopback:
        errors.append(LOOPBACK)
    if address.is_link_local:
        errors.append("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if _is_link_local_multicast(address):
        errors.append("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    return tuple(errors)


def _is_link_local_multicast(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.packed[:3] == b"\xe0\x00\x00"
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def percent_errors(text: str) -> Messages:
    """A percentage like `25%`."""
    if _PERCENT.fullmatch(text):
        return ()
    return (
        "a valid percent string must be a numeric string followed by an ending '%' "
        "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    )


def underscored_subdomain_errors(text: str) -> Messages:
    """A DNS subdomain whose labels may begin with an underscore: search domains."""
    errors = ["must be no more than 253 characters"] if len(text) > 253 else []
    if re.fullmatch(_UNDERSCORED_SUBDOMAIN, text) is None:
        errors.append(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'_', '-' or '.', and must start and end with an alphanumeric character (e.g. "
            f"'example.com', regex used for validation is '{_UNDERSCORED_SUBDOMAIN}')"
        )
    return tuple(errors)


def domain_name_errors(text: str) -> Messages:
    """A fully qualified domain name of at least two labels; a trailing dot is allowed."""
    name = text.removesuffix(".")
    if errors := dns1123_subdomain_errors(name):
        return (",".join(errors),)
    labels = name.split(".")
    if len(labels) < 2:
        return ("should be a domain with at least two segments separated by dots",)
    wrong = next(filter(None, map(dns1123_label_errors, labels)), ())
    return (",".join(wrong),) if wrong else ()


def domain_path_errors(text: str) -> Iterator[tuple[str, str]]:
    """A path after a domain, `example.com/controller`: which part is wrong, and why."""
    host, _, path = text.partition("/")
    if not host or not path:
        yield text, 'must be a domain-prefixed path (such as "acme.io/foo")'
        return
    for error in dns1123_subdomain_errors(host):
        yield host, error
    if not _HTTP_PATH.fullmatch(path):
        yield path, f"Invalid path (regex used for validation is '{_HTTP_PATH.pattern}')"


def sysctl_errors(name: str) -> Messages:
    """A kernel parameter: `net.ipv4.ip_forward` or with slashes."""
    if len(name) <= 253 and _SYSCTL.fullmatch(name):
        return ()
    return (f"must have at most 253 characters and match regex ^{_SYSCTL.pattern}$",)


def relative_path_errors(text: str) -> Messages:
    """A path that stays below where it starts."""
    errors = ("must be a relative path",) if text.startswith("/") else ()
    return errors + backstep_errors(text)


def backstep_errors(text: str) -> Messages:
    """A path without `..` as one of its elements."""
    return ("must not contain '..'",) if ".." in text.split("/") else ()


def local_path_errors(text: str) -> Messages:
    """A file's path inside a volume; names that begin with `..` are the kubelet's own."""
    errors = relative_path_errors(text)
    if text.startswith("..") and not text.startswith("../"):
        errors += ("must not start with '..'",)
    return errors
