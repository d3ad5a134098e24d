"""Endpoint slices: their labels say whose endpoints they are, so that they count as content."""

from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.apiserver.kinds.strategy import Strategy


class EndpointSliceStrategy(Strategy):
    """What is special about endpoint slices."""

    def has_changed(self, new: EndpointSlice, old: EndpointSlice) -> bool:
        """Endpoints, ports or labels."""
        return super().has_changed(new, old) or new.metadata.labels != old.metadata.labels
