"""Endpoint slices: their labels say whose endpoints they are, so that they count as content.

What v1beta1 kept of the topology is content, too, but v1 does not keep it: whoever says it changes the slice each time.
"""

from orchestrator.api.discovery.v1 import Endpoint, EndpointSlice
from orchestrator.api.scalars import EMPTY
from orchestrator.apiserver.defaults.change import each, put
from orchestrator.apiserver.kinds.strategy import Strategy


class EndpointSliceStrategy(Strategy):
    """What is special about endpoint slices."""

    def has_changed(self, new: EndpointSlice, old: EndpointSlice) -> bool:
        """Endpoints, ports or labels."""
        return super().has_changed(new, old) or new.metadata.labels != old.metadata.labels


def without_topology(piece: EndpointSlice) -> EndpointSlice:
    """The slice as it is stored."""
    return put(piece, endpoints=each(piece.endpoints, _forgetful))


def _forgetful(endpoint: Endpoint) -> Endpoint:
    return put(endpoint, deprecated_topology=EMPTY) if endpoint.deprecated_topology else endpoint
