"""All functions that expressions may call, by their names: CEL's own, and those that Kubernetes adds.

A function takes values of the types that `declarations` gives it: who calls looks at that before. It answers a value
or a Fault, or raises ValueError with what is wrong.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from orchestrator.machinery.cel import addresses, authorization, values
from orchestrator.machinery.cel.conversions import CONVERSIONS
from orchestrator.machinery.cel.data import Opaque
from orchestrator.machinery.cel.lists import FUNCTIONS_OF_LISTS
from orchestrator.machinery.cel.macros import MAP_INSERT
from orchestrator.machinery.cel.operators import OPERATORS, inserted
from orchestrator.machinery.cel.texts import FUNCTIONS_OF_TEXTS
from orchestrator.machinery.cel.times import FUNCTIONS_OF_TIME

_MULTICAST: Final = {4: ipaddress.ip_network("224.0.0.0/24"), 6: ipaddress.ip_network("ff02::/16")}
_UNIVERSAL: Final = "255.255.255.255"


def _is_global_unicast(address: Any) -> bool:
    special = address.is_unspecified or address.is_loopback or address.is_multicast
    return not (special or address.is_link_local or str(address) == _UNIVERSAL)


def _ip(of: Any) -> Any:
    """Of a text, or of a network."""
    return addresses.ip_of(of) if isinstance(of, str) else Opaque("ip", of.value.partition("/")[0])


_OF_URLS: Final[Mapping[str, Callable[..., Any]]] = {
    "url": values.url,
    "isURL": values.is_url,
    "getScheme": values.of_url(lambda parts: parts.scheme),
    "getHost": values.of_url(values.host),
    "getHostname": values.of_url(lambda parts: parts.hostname or ""),
    "getPort": values.of_url(lambda parts: "" if parts.port is None else str(parts.port)),
    "getEscapedPath": values.of_url(lambda parts: parts.path),
    "getQuery": values.query,
}
_OF_ADDRESSES: Final[Mapping[str, Callable[..., Any]]] = {
    "ip": _ip,
    "isIP": addresses.is_ip,
    "ip.isCanonical": lambda text: addresses.ip_of(text).value == text,
    "family": addresses.of_ip(lambda address: address.version),
    "isUnspecified": addresses.of_ip(lambda address: address.is_unspecified),
    "isLoopback": addresses.of_ip(lambda address: address.is_loopback),
    "isLinkLocalMulticast": addresses.of_ip(lambda address: address in _MULTICAST[address.version]),
    "isLinkLocalUnicast": addresses.of_ip(lambda address: address.is_link_local),
    "isGlobalUnicast": addresses.of_ip(_is_global_unicast),
    "cidr": addresses.cidr_of,
    "isCIDR": addresses.is_cidr,
    "containsIP": addresses.contains_ip,
    "containsCIDR": addresses.contains_cidr,
    "prefixLength": lambda cidr: addresses.network(cidr).prefixlen,
    "masked": lambda cidr: Opaque("cidr", str(addresses.network(cidr))),
}
_OF_AMOUNTS: Final[Mapping[str, Callable[..., Any]]] = {
    "quantity": values.quantity,
    "isQuantity": values.is_quantity,
    "sign": lambda of: (values.amount_of(of) > 0) - (values.amount_of(of) < 0),
    "isGreaterThan": lambda one, other: values.compared(one, other) > 0,
    "isLessThan": lambda one, other: values.compared(one, other) < 0,
    "compareTo": values.compared,
    "asApproximateFloat": lambda of: values.amount_of(of) / values.NANO,
    "asInteger": values.whole,
    "isInteger": values.is_whole,
    "add": lambda of, other: values.added(of, other, 1),
    "sub": lambda of, other: values.added(of, other, -1),
    "semver": values.semver,
    "isSemver": values.is_semver,
    "major": lambda version: values.version_parts(version)[0],
    "minor": lambda version: values.version_parts(version)[1],
    "patch": lambda version: values.version_parts(version)[2],
}
_OF_AUTHORIZERS: Final[Mapping[str, Callable[..., Any]]] = {
    "path": authorization.narrowed("path check", "path"),
    "serviceAccount": authorization.account,
    "group": authorization.narrowed("group check", "group"),
    "resource": authorization.narrowed("resource check", "resource"),
    "subresource": authorization.narrowed("resource check", "subresource"),
    "namespace": authorization.narrowed("resource check", "namespace"),
    "name": authorization.narrowed("resource check", "name"),
    # What roles grant does not depend on selectors.
    "fieldSelector": lambda on, selector: on,
    "labelSelector": lambda on, selector: on,
    "check": authorization.checked,
    "allowed": authorization.decided("allowed", False),
    "reason": authorization.decided("reason", ""),
    "errored": authorization.decided("errored", False),
    "error": authorization.decided("error", ""),
}


def _of_formats() -> Iterator[tuple[str, Callable[..., Any]]]:
    yield "format.named", values.named_format
    yield "validate", values.validated
    for name in values.FORMATS:
        made = Opaque("format", name)
        yield f"format.{name}", lambda made=made: made


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **OPERATORS,
    MAP_INSERT: inserted,
    **CONVERSIONS,
    **FUNCTIONS_OF_TEXTS,
    **FUNCTIONS_OF_TIME,
    **FUNCTIONS_OF_LISTS,
    **_OF_URLS,
    **_OF_ADDRESSES,
    **_OF_AMOUNTS,
    **dict(_of_formats()),
    **_OF_AUTHORIZERS,
}
