"""What Kubernetes fills in of the kinds of `discovery`."""

from typing import Any

from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.apiserver.defaults.change import each, fill, put


def default_endpoint_slice(endpoint_slice: EndpointSlice) -> EndpointSlice:
    """Ports are TCP and their names are given, if as nothing."""
    return put(endpoint_slice, ports=each(endpoint_slice.ports, _default_slice_port))


def _default_slice_port(port: Any) -> Any:
    name = port.name if port.name is not None else ""
    return fill(put(port, name=name), protocol="TCP")
