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
    invalid,
    required,
    too_many,
)
from orchestrator.apiserver.validation.formats import (
    address_errors,
    domain_name_errors,
    endpoint_address_errors,
    is_ipv6,
    strict_address_errors,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import WHOLE, Rules
from orchestrator.machinery.names import (
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
    yield from _endpoints_errors(endpoint_slice)


def _endpoints_errors(endpoint_slice: EndpointSlice) -> Errors:
    endpoints, kind = endpoint_slice.endpoints, endpoint_slice.address_type
    yield from _endpoint_list_errors("endpoints", endpoints, kind)


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
        yield from _address_errors(f"{path}.addresses", i, address, kind)
    if endpoint.node_name is not None and (messages := dns_subdomain(endpoint.node_name)):
        yield from complaints(f"{path}.nodeName", endpoint.node_name, messages)
    if endpoint.hostname is not None:
        messages = dns1123_label_errors(endpoint.hostname)
        yield from complaints(f"{path}.hostname", endpoint.hostname, messages)
    if endpoint.hints is not None:
        yield from _hint_errors(f"{path}.hints", endpoint.hints)


def _address_errors(path: str, i: int, address: str, kind: str) -> Errors:
    where = f"{path}[{i}]"
    if kind == "FQDN":
        yield from complaints(where, address, domain_name_errors(address))
    elif kind in ("IPv4", "IPv6"):
        # IPv6 addresses were always read strictly.
        judge = address_errors if kind == "IPv4" else strict_address_errors
        if messages := judge(address):
            yield from complaints(where, address, messages)
            return
        if is_ipv6(address) != (kind == "IPv6"):
            yield invalid(path, address, f"must be an {kind} address")
        yield from complaints(where, address, endpoint_address_errors(address))


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
    if new.address_type is not old.address_type:
        yield from chosen("addressType", new.address_type, _ADDRESS_TYPES)
    if new.ports is not old.ports:
        yield from _slice_port_errors("ports", new.ports)
    # Endpoints that were accepted once, by whatever rule, may stay.
    if new.endpoints is not old.endpoints and new.endpoints != old.endpoints:
        yield from _endpoints_errors(new)
    yield from immutable("addressType", new.address_type, old.address_type)


ENDPOINT_SLICE_RULES: Final = Rules(
    spec=_slice_errors, update=_slice_change_errors, recheck="never", metadata_again=WHOLE
)
