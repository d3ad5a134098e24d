"""The simulated fabric: addresses are numbers, and proxies can be asked where a connection would go.

So do the commands of simulated pods: what they send to one another is a call (`kubelet/networks/wires.py`).
"""

from ipaddress import IPv4Network
from typing import Final

from msgspec.structs import replace

from orchestrator.apiserver.allocation import SERVICE_NETWORK
from orchestrator.cluster.fabrics.interface import DNS_ADDRESS
from orchestrator.controllers.load_balancer import NETWORK as BALANCER_NETWORK
from orchestrator.dns.records import Zone
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from orchestrator.kubelet.networks.wires import Record, Segment, Wires
from orchestrator.proxy import NoEndpoints, NoRoute, Place
from orchestrator.proxy.planes.interface import Plane
from orchestrator.proxy.planes.table import TablePlane
from orchestrator.proxy.table import EMPTY_TABLE, Table

_ZONE: Final = "topology.kubernetes.io/zone"
_CHAIN: Final = 8  # aliases that are followed


class _Proxies:
    """As `Proxies`: the tables of the nodes' proxies, by the nodes' addresses."""

    def __init__(self) -> None:
        self.planes: dict[str, TablePlane] = {}
        self._zone: tuple[Table, Zone] | None = None

    def lead(self, node: str, segment: Segment, now: float) -> tuple[str, int] | None:
        """As `Proxies.lead`; a port of another node is that one's business."""
        plane = self.planes.get(segment.at) or self.planes.get(node)
        if plane is None:
            return None
        try:
            found = plane.choose(
                segment.at, segment.port, segment.protocol, client_ip=segment.source, now=now
            )
        except NoRoute:
            return None
        except NoEndpoints as error:
            raise ConnectionRefusedError from error
        return found.ip, found.port

    def lookup(self, name: str, kind: str) -> tuple[Record, ...]:
        """As `Proxies.lookup`: what cluster DNS would say by what the proxies know."""
        zone, found = self._names(), []
        for _ in range(_CHAIN):
            there = zone.find(name)
            records = there.records if there is not None else ()
            found += [Record(*each) for each in records if each.type in (kind, "CNAME")]
            aliases = [each.data.rstrip(".") for each in records if each.type == "CNAME"]
            if not aliases or kind == "CNAME":
                break
            name = aliases[0]
        return tuple(found)

    def _names(self) -> Zone:
        table = next((plane.table for plane in self.planes.values()), EMPTY_TABLE)
        if self._zone is None or self._zone[0] is not table:
            zone = Zone()
            for key, service in table.services.items():
                zone.put_service((key.namespace, key.name), service)
            for key, slices in table.slices.items():
                for name, slice_ in slices.items():
                    zone.put_slice((key.namespace, name), slice_)
            self._zone = (table, zone)
        return self._zone[1]


class SimulatedFabric:
    """As `Fabric`, for any number of nodes."""

    mode = "table"
    carries = False
    control_plane = ""
    lowest_port = 1
    balancer_network: IPv4Network = BALANCER_NETWORK
    host_plane: Plane | None = None

    def __init__(self, service_network: IPv4Network = SERVICE_NETWORK) -> None:
        self.service_network = service_network
        self._proxies = _Proxies()
        self._wires = Wires(self._proxies)

    def place(self, spec: NodeSpec) -> NodeSpec:
        """The addresses are those of the spec."""
        if self.service_network is SERVICE_NETWORK:
            return spec
        return replace(spec, cluster_dns=str(self.service_network[DNS_ADDRESS]))

    def network(self, spec: NodeSpec) -> SimulatedNetwork:
        """As `Fabric.network`."""
        return SimulatedNetwork(spec.address, spec.pod_cidr, self._wires)

    def plane(self, spec: NodeSpec) -> TablePlane:
        """Proxies are only asked: by those who use the cluster, and for what pods send."""
        place = Place(spec.name, spec.labels.get(_ZONE, ""))
        return self._proxies.planes.setdefault(
            spec.address, TablePlane(place, {spec.address: place})
        )

    def unplug(self, spec: NodeSpec) -> None:
        """As `Fabric.unplug`."""
        self._proxies.planes.pop(spec.address, None)
        self._wires.unplug(spec.address)

    def advertised(self, host: str, port: int) -> None:
        """No pod could reach it."""

    def enforcer(self) -> None:
        """Nothing passes by anybody who could."""

    def close(self) -> None:
        """Nothing was made."""
