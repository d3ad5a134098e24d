"""The plane that is asked: where would a connection go? It carries nothing."""

from collections.abc import Mapping
from typing import Final

from orchestrator.proxy.balancer import Balancer, Destination
from orchestrator.proxy.eligibility import Place, eligible
from orchestrator.proxy.errors import NoEndpoints, NoRoute
from orchestrator.proxy.table import EMPTY_TABLE, Backend, Frontend, NodePort, ServicePort, Table


class TablePlane:
    """Answers for a proxy at `place`. `nodes` are the places of the nodes by their address: their node ports
    are open there.
    """

    sync_seconds: Final = 1.0

    def __init__(self, place: Place, nodes: Mapping[str, Place]) -> None:
        self._place = place
        self._nodes = nodes
        self._balancer = Balancer()
        self.table: Table = EMPTY_TABLE

    def sync(self, table: Table) -> None:
        """As `Plane.sync`."""
        self.table = table

    def backends(
        self, ip: str, port: int, protocol: str
    ) -> tuple[ServicePort | None, tuple[Backend, ...], str]:
        """The service port at an address, who may take its connections, and the node of which they must be."""
        entry = self.table.frontends.get(Frontend(ip, port, protocol))
        place, external = self._place, False
        if entry is not None:
            external = ip not in entry.cluster_ips
        elif ip in self._nodes:
            entry = self.table.node_ports.get(NodePort(port, protocol))
            place, external = self._nodes[ip], True
        if entry is None:
            return None, (), ""
        local = entry.external_local if external else entry.internal_local
        return entry, eligible(entry, place, external=external), place.node if local else ""

    def choose(
        self, ip: str, port: int, protocol: str, *, client_ip: str, now: float
    ) -> Destination:
        """An endpoint for a new connection of `client_ip`. Raises NoRoute and NoEndpoints."""
        entry, backends, node = self.backends(ip, port, protocol)
        if entry is None:
            raise NoRoute(f"no service has {protocol} {ip}:{port}")
        if not backends:
            where = f" on node {node}" if node else ""
            service = f"{entry.service.namespace}/{entry.service.name}"
            raise NoEndpoints(f"service {service} has no ready endpoints{where}")
        return self._balancer.choose(entry, backends, client_ip, now)

    def forget_idle(self, now: float) -> None:
        """As `Plane.forget_idle`."""
        entries = (*self.table.frontends.values(), *self.table.node_ports.values())
        ports = {(e.service, e.name, e.protocol): e.affinity_seconds or 0 for e in entries}
        self._balancer.forget_idle(ports, now)

    def close(self) -> None:
        """There is nothing to end."""
