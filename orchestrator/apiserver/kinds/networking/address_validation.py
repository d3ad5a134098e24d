"""Addresses and ranges of Services."""

from typing import Final

from orchestrator.api.networking.v1 import (
    IPAddress,
    ServiceCIDR,
    ServiceCIDRSpec,
)
from orchestrator.apiserver.validation.field import (
    IMMUTABLE,
    Errors,
    complaints,
    immutable,
    invalid,
    named,
    required,
)
from orchestrator.apiserver.validation.formats import strict_address_errors, strict_network_errors
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.addresses import parse_network
from orchestrator.machinery.names import dns1123_subdomain_errors, path_segment_errors

_CIDRS: Final = "spec.cidrs"


def _parent_errors(address: IPAddress) -> Errors:
    parent, path = address.spec.parent_ref, "spec.parentRef"
    if parent is None:
        yield required(path)
        return
    if parent.group:
        messages = dns1123_subdomain_errors(parent.group)
        yield from complaints(f"{path}.group", parent.group, messages)
    yield from named(f"{path}.resource", parent.resource, path_segment_errors)
    yield from named(f"{path}.name", parent.name, path_segment_errors)
    if parent.namespace:
        messages = path_segment_errors(parent.namespace)
        yield from complaints(f"{path}.namespace", parent.namespace, messages)


def _parent_change_errors(new: IPAddress, old: IPAddress) -> Errors:
    yield from immutable("spec.parentRef", new.spec.parent_ref, old.spec.parent_ref)


def _range_errors(service_range: ServiceCIDR) -> Errors:
    cidrs = (service_range.spec or ServiceCIDRSpec()).cidrs
    if not cidrs:
        yield required(_CIDRS, "at least one CIDR required")
        return
    if len(cidrs) > 2:
        yield invalid(_CIDRS, {"CIDRs": cidrs}, "may only hold up to 2 values")
        return
    for i, cidr in enumerate(cidrs):
        yield from complaints(f"{_CIDRS}[{i}]", cidr, strict_network_errors(cidr))
    versions = [network.version for network in map(parse_network, cidrs) if network]
    if versions in ([4, 4], [6, 6]):
        detail = (
            "may specify no more than one IP for each IP family, "
            "i.e 192.168.0.0/24 and 2001:db8::/64"
        )
        yield invalid(_CIDRS, cidrs, detail)


def _range_change_errors(new: ServiceCIDR, old: ServiceCIDR) -> Errors:
    """A range stays; one family may be joined by the other."""
    after, before = (new.spec or ServiceCIDRSpec()).cidrs, (old.spec or ServiceCIDRSpec()).cidrs
    if len(after) != len(before) and (len(before), len(after)) != (1, 2):
        yield invalid(_CIDRS, as_go(after), IMMUTABLE)
        return
    for i, cidr in enumerate(before):
        if after[i] != cidr:
            yield invalid(f"{_CIDRS}[{i}]", after[i], IMMUTABLE)
    if len(after) > len(before):
        yield from _range_errors(new)


ADDRESS_RULES: Final = Rules(
    name=strict_address_errors,
    spec=_parent_errors,
    update=_parent_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
)

SERVICE_RANGE_RULES: Final = Rules(spec=_range_errors, update=_range_change_errors, recheck="never")
