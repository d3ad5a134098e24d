"""The loopback fabric: nodes, pods and services at addresses of the host's own 127.0.0.0/8.

No rights are needed. A cluster takes a block of 2^18 addresses for itself, so that several can be on one host:

    127.4k.0.0/17     nodes, from .2 on; .1 is the control plane
    127.4k.128.0/17   load balancers
    127.4k+1.0.0/16   Services
    127.4k+2.0.0/15   pods, a /24 a node

Who has a block holds an abstract socket of its name, which goes with the process, however that ends. The block of
127.0.0.0 is nobody's: there is what else listens on the host.
"""

import socket
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.cluster.fabrics.interface import DNS_ADDRESS, Unfit, host_resolver, ipv4_of
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.networks.interface import NetworkFault
from orchestrator.kubelet.networks.loopback import LoopbackNetwork
from orchestrator.proxy import Place
from orchestrator.proxy.planes.interface import Plane
from orchestrator.proxy.planes.userspace import UserspacePlane

_BLOCKS: Final = 64
_NODES: Final = 512
_FIRST_PORT: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_ZONE: Final = "topology.kubernetes.io/zone"


class LoopbackFabric:
    """As `Fabric`, for up to 512 nodes; `log` hears what the plane cannot serve.

    Raises NetworkFault when all blocks of addresses are taken.
    """

    mode = "userspace"
    carries = True

    def __init__(self, log: Any) -> None:
        self._claim, self._first = _claim_block()
        self.lowest_port = _lowest_port()
        self.control_plane = str(self._first + 1)
        self.service_network = IPv4Network((int(self._first) + (1 << 16), 16))
        self.balancer_network = IPv4Network((int(self._first) + (1 << 15), 17))
        self._numbers: dict[str, int] = {}  # of the nodes, by name
        self._places: dict[str, Place] = {}  # of those that are plugged in, by address
        self._plane = UserspacePlane(self._places, log)
        self.host_plane: Plane | None = self._plane

    def place(self, spec: NodeSpec) -> NodeSpec:
        """As `Fabric.place`. Raises Unfit."""
        number = self._numbers.setdefault(spec.name, len(self._numbers))
        if number >= _NODES:
            raise Unfit(f"a cluster on loopback addresses has room for {_NODES} nodes")
        pods = self._first + (2 << 16) + (number << 8)
        return replace(
            spec,
            address=str(self._first + 2 + number),
            pod_cidr=f"{pods}/24",
            cluster_dns=str(self.service_network[DNS_ADDRESS]),
            resolv_conf=host_resolver(),
        )

    def network(self, spec: NodeSpec) -> LoopbackNetwork:
        """As `Fabric.network`; the node's ports are open from now on."""
        self._places[spec.address] = Place(spec.name, spec.labels.get(_ZONE, ""))
        self._plane.refresh()
        return LoopbackNetwork(spec.address, spec.pod_cidr)

    def plane(self, spec: NodeSpec) -> None:
        """One plane serves all nodes."""

    def unplug(self, spec: NodeSpec) -> None:
        """The node's ports are closed."""
        self._places.pop(spec.address, None)
        self._plane.refresh()

    def advertised(self, host: str, port: int) -> str | None:
        """Pods share the host's network."""
        address = ipv4_of(host)
        return "127.0.0.1" if address == "0.0.0.0" else address

    def enforcer(self) -> None:
        """Nothing passes by anybody who could."""

    def close(self) -> None:
        """Close all ports, and give the block back."""
        self._plane.close()
        self._claim.close()


def _lowest_port() -> int:
    """From which port on this program may listen."""
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", 1))
        except PermissionError:
            return int(_FIRST_PORT.read_text())
        except OSError:
            return 1  # somebody listens there: that is not for want of rights
    return 1


def _claim_block() -> tuple[socket.socket, IPv4Address]:
    """The first block that is free, and what holds it."""
    for number in range(1, _BLOCKS):
        first = IPv4Address((127 << 24) + (number << 18))
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0orchestrator/{first}/14")
        except OSError:
            claim.close()
        else:
            return claim, first
    raise NetworkFault("all blocks of loopback addresses are taken: too many clusters on this host")
