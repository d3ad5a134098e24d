"""What Kubernetes fills in of the kinds of `discovery`."""

from typing import Any

from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.apiserver.defaults.change import each, fill, put


def default_endpoint_slice(endpoint_slice: EndpointSlice) -> EndpointSlice:
    """Ports are TCP and their names are given, if as nothing.

    What v1beta1 kept of the topology is forgotten in v1.
    """
    return put(
        endpoint_slice,
        endpoints=each(endpoint_slice.endpoints, _without_topology),
        ports=each(endpoint_slice.ports, _default_slice_port),
    )


def _without_topology(endpoint: Any) -> Any:
    return (
        put(endpoint, deprecated_topology=type(endpoint)().deprecated_topology)
        if endpoint.deprecated_topology
        else endpoint
    )


def _default_slice_port(port: Any) -> Any:
    name = port.name if port.name is not None else ""
    return fill(put(port, name=name), protocol="TCP")
