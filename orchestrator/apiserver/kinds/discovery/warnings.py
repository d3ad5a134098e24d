"""What whoever writes an endpoint slice is told, though it is accepted."""

from typing import Final

from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.apiserver.validation.warnings import Warnings, address_warnings

_MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS: Final = (
    "endpointslice-controller.k8s.io",
    "endpointslicemirroring-controller.k8s.io",
)


def slice_warnings(new: EndpointSlice, old: EndpointSlice | None) -> Warnings:
    """Of host names, and of addresses that are written oddly."""
    if old is None and new.address_type == "FQDN":
        yield "spec.addressType: FQDN endpoints are deprecated"
    if new.metadata.labels.get(_MANAGED_BY) in _CONTROLLERS:
        return
    for i, endpoint in enumerate(new.endpoints):
        for j, address in enumerate(endpoint.addresses):
            yield from address_warnings(f"endpoints[{i}].addresses[{j}]", address)
