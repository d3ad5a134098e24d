"""What Kubernetes refuses of the kinds of `discovery`."""

from collections.abc import Sequence
from typing import Final

from orchestrator.api.discovery.v1 import Endpoint, EndpointHints, EndpointSlice, ForNode, ForZone
from orchestrator.api.discovery.v1 import EndpointPort as SlicePort
from orchestrator.apiserver.kinds.core.services.endpoints_validation import (
    PROTOCOLS,
    app_protocol_errors,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    duplicate,
    immutable,
    required,
    too_many,
)
from orchestrator.apiserver.validation.formats import (
    address_errors,
    domain_name_errors,
    endpoint_address_errors,
    is_ipv6,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain, label_errors
from orchestrator.apiserver.validation.rules import WHOLE, Rules
from orchestrator.machinery.names import (
    Messages,
    dns1123_label_errors,
    label_value_errors,
)

_ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")


_MAX_ENDPOINTS: Final = 1000


_MAX_ADDRESSES: Final = 100


_MAX_PORTS: Final = 20_000


_MAX_LABELS: Final = 16


_MAX_HINTS: Final = 8


def _slice_errors(endpoint_slice: EndpointSlice) -> Errors:
    yield from chosen("addressType", endpoint_slice.address_type, _ADDRESS_TYPES)
    yield from _slice_port_errors("ports", endpoint_slice.ports)
    yield from _endpoint_list_errors(
        "endpoints", endpoint_slice.endpoints, endpoint_slice.address_type
    )


def _slice_port_errors(path: str, ports: Sequence[SlicePort]) -> Errors:
    if len(ports) > _MAX_PORTS:
        yield too_many(path, len(ports), _MAX_PORTS)
        return
    names = set()
    for i, port in enumerate(ports):
        here = f"{path}[{i}]"
        name = port.name or ""
        if name:
            yield from complaints(f"{here}.name", name, dns1123_label_errors(name))
        if name in names:
            yield duplicate(f"{here}.name", name)
        names.add(name)
        yield from chosen(f"{here}.protocol", port.protocol, PROTOCOLS)
        yield from app_protocol_errors(here, port.app_protocol)


def _endpoint_list_errors(path: str, endpoints: Sequence[Endpoint], kind: str) -> Errors:
    if len(endpoints) > _MAX_ENDPOINTS:
        yield too_many(path, len(endpoints), _MAX_ENDPOINTS)
        return
    for i, endpoint in enumerate(endpoints):
        yield from _endpoint_errors(f"{path}[{i}]", endpoint, kind)


def _endpoint_errors(path: str, endpoint: Endpoint, kind: str) -> Errors:
    addresses = endpoint.addresses
    if not addresses:
        yield required(f"{path}.addresses", "must contain at least 1 address")
    elif len(addresses) > _MAX_ADDRESSES:
        yield too_many(f"{path}.addresses", len(addresses), _MAX_ADDRESSES)
    for i, address in enumerate(addresses):
        if messages := _typed_address_errors(address, kind):
            yield from complaints(f"{path}.addresses[{i}]", address, messages)
    if endpoint.node_name is not None and (messages := dns_subdomain(endpoint.node_name)):
        yield from complaints(f"{path}.nodeName", endpoint.node_name, messages)
    topology = endpoint.deprecated_topology
    if topology:
        where = f"{path}.deprecatedTopology"
        if len(topology) > _MAX_LABELS:
            yield too_many(where, len(topology), _MAX_LABELS)
        yield from label_errors(topology, where)
    if endpoint.hostname is not None:
        messages = dns1123_label_errors(endpoint.hostname)
        yield from complaints(f"{path}.hostname", endpoint.hostname, messages)
    if endpoint.hints is not None:
        yield from _hint_errors(f"{path}.hints", endpoint.hints)


def _typed_address_errors(address: str, kind: str) -> Messages:
    match kind:
        case "IPv4" | "IPv6":
            wrong = address_errors(address) or is_ipv6(address) != (kind == "IPv6")
            first = (f"must be a valid {kind} address",) if wrong else ()
            return first + endpoint_address_errors(address)
        case "FQDN":
            return domain_name_errors(address)
    return ()


def _hint_errors(path: str, hints: EndpointHints) -> Errors:
    groups: tuple[tuple[str, tuple[ForZone | ForNode, ...]], ...] = (
        ("forZones", hints.for_zones),
        ("forNodes", hints.for_nodes),
    )
    for wire, targets in groups:
        here = f"{path}.{wire}"
        if len(targets) > _MAX_HINTS:
            yield too_many(here, len(targets), _MAX_HINTS)
            continue
        names = set()
        for i, target in enumerate(targets):
            where = f"{here}[{i}].name"
            if target.name in names:
                yield duplicate(where, target.name)
            names.add(target.name)
            rule = label_value_errors if wire == "forZones" else dns_subdomain
            yield from complaints(where, target.name, rule(target.name))


def _slice_change_errors(new: EndpointSlice, old: EndpointSlice) -> Errors:
    yield from immutable("addressType", new.address_type, old.address_type)


ENDPOINT_SLICE_RULES: Final = Rules(
    spec=_slice_errors, update=_slice_change_errors, metadata_again=WHOLE
)
