"""Which of a service port's backends one node may use: traffic policies and topology hints.

Follows kube-proxy: a policy of Local leaves the node's own backends, ready ones or else those that drain. Under
Cluster, hints count only if all backends have them and one is for this node (or zone): so a table of hints
that is half written sends nobody astray.
"""

from msgspec import Struct

from orchestrator.proxy.table import Backend, ServicePort


class Place(Struct, frozen=True):
    """Where a proxy stands. An empty `node` is the host of all nodes: every backend is at home there."""

    node: str
    zone: str = ""


def eligible(port: ServicePort, place: Place, *, external: bool) -> tuple[Backend, ...]:
    """The backends for a connection that came in by a cluster IP, or from outside by another address."""
    if port.external_local if external else port.internal_local:
        return _local(port, place)
    first = port.backends[0] if port.backends else None
    if first is None or not (first.for_nodes or first.for_zones):
        return port.backends  # hints count only if all have them
    return _hinted(port.backends, place)


def _local(port: ServicePort, place: Place) -> tuple[Backend, ...]:
    if not place.node:
        return port.backends
    own = tuple(b for b in port.backends if b.node == place.node)
    return own or tuple(b for b in port.draining if b.node == place.node)


def _hinted(backends: tuple[Backend, ...], place: Place) -> tuple[Backend, ...]:
    if all(b.for_nodes for b in backends):
        own = tuple(b for b in backends if place.node in b.for_nodes)
        if own:
            return own
    if place.zone and all(b.for_zones for b in backends):
        own = tuple(b for b in backends if place.zone in b.for_zones)
        if own:
            return own
    return backends
