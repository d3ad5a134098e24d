"""What Kubernetes refuses of the kinds of `services`."""

from typing import Final

from orchestrator.api.core.v1 import EndpointAddress, EndpointPort, Endpoints
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    required,
)
from orchestrator.apiserver.validation.formats import (
    address_errors,
    endpoint_address_errors,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.names import (
    dns1123_label_errors,
    port_number_errors,
    qualified_name_errors,
)

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")


def _endpoints_errors(endpoints: Endpoints) -> Errors:
    for i, subset in enumerate(endpoints.subsets):
        path = f"subsets[{i}]"
        if not subset.addresses and not subset.not_ready_addresses:
            yield required(path, "must specify `addresses` or `notReadyAddresses`")
        for j, address in enumerate(subset.addresses):
            yield from _address_errors(f"{path}.addresses[{j}]", address)
        for j, address in enumerate(subset.not_ready_addresses):
            yield from _address_errors(f"{path}.notReadyAddresses[{j}]", address)
        for j, port in enumerate(subset.ports):
            yield from _port_errors(f"{path}.ports[{j}]", port, len(subset.ports) > 1)


def _address_errors(path: str, address: EndpointAddress) -> Errors:
    yield from complaints(f"{path}.ip", address.ip, address_errors(address.ip))
    if address.hostname:
        messages = dns1123_label_errors(address.hostname)
        yield from complaints(f"{path}.hostname", address.hostname, messages)
    if address.node_name is not None:
        messages = dns_subdomain(address.node_name)
        yield from complaints(f"{path}.nodeName", address.node_name, messages)
    yield from complaints(f"{path}.ip", address.ip, endpoint_address_errors(address.ip))


def _port_errors(path: str, port: EndpointPort, need_name: bool) -> Errors:
    if port.name:
        yield from complaints(f"{path}.name", port.name, dns1123_label_errors(port.name))
    elif need_name:
        yield required(f"{path}.name")
    yield from complaints(f"{path}.port", port.port, port_number_errors(port.port))
    yield from chosen(f"{path}.protocol", port.protocol, PROTOCOLS)
    yield from app_protocol_errors(path, port.app_protocol)


def app_protocol_errors(path: str, protocol: str | None) -> Errors:
    """What is wrong with an `appProtocol`, which is a qualified name."""
    if protocol is not None:
        messages = qualified_name_errors(protocol)
        yield from complaints(f"{path}.appProtocol", protocol, messages)


ENDPOINTS_RULES: Final = Rules(spec=_endpoints_errors, metadata_again=CHANGE_AND_WHOLE)
