"""The fabric of namespaces: every node, and in it every pod, is a network namespace of its own, as on machines.

    this host   bridge orchestrator0, 172.16.0.1: the control plane
    a node      eth0 on that bridge, 172.16.0.2 and on; bridge pods, the first address of its pod network; its own
                nftables, so that node ports, policies of Local and masquerading are what they are on real nodes
    a pod       eth0 on its node's bridge

Nodes have routes to one another's pods; this host has routes to pods and Services, so that probes and `curl` arrive.
Nothing but that is changed on the host, nothing is forwarded out of it, and all of it is gone with the fabric; what a
program leaves that is killed, the next one sweeps away.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.apiserver.allocation import SERVICE_NETWORK
from orchestrator.cluster.fabrics.interface import DNS_ADDRESS, Unfit, host_resolver, ipv4_of
from orchestrator.controllers.load_balancer import NETWORK as BALANCER_NETWORK
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.networks import namespaces
from orchestrator.kubelet.networks.bridge import BRIDGE, BridgeNetwork
from orchestrator.kubelet.networks.interface import NetworkFault
from orchestrator.kubelet.networks.namespaces import NAMESPACES, Ownership
from orchestrator.proxy import Place
from orchestrator.proxy.planes.forwarding import Forwarder
from orchestrator.proxy.planes.interface import Plane
from orchestrator.proxy.planes.nftables import NftablesPlane, Surroundings
from orchestrator.proxy.policies.decisions import Isolation
from orchestrator.proxy.policies.gate import Gate

_HOST_BRIDGE: Final = "orchestrator0"
_PORT: Final = "orch-node-"  # and a number: the host's end of a node's cable
_NETWORK: Final = IPv4Network("172.16.0.0/16")
_ZONE: Final = "topology.kubernetes.io/zone"


class BridgeFabric:
    """As `Fabric`, for root; `log` hears what the kernel refuses. Raises NetworkFault."""

    mode = "nftables"
    carries = True
    lowest_port = 1
    balancer_network: IPv4Network = BALANCER_NETWORK
    host_plane: Plane | None = None
    control_plane = str(_NETWORK[1])

    def __init__(self, log: Any, service_network: IPv4Network = SERVICE_NETWORK) -> None:
        self.service_network = service_network
        lacks = namespaces.why_not()
        if lacks:
            raise NetworkFault(lacks)
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._owner = Ownership()
        self._nodes: dict[str, NodeSpec] = {}  # those that are plugged in, by name
        self._planes: dict[str, NftablesPlane] = {}
        self._gates: dict[str, Gate] = {}
        self._ports = 0
        self._forwarders: dict[tuple[str, int], Forwarder] = {}
        try:
            self._delete_bridge()
            namespaces.configure(
                (
                    f"link add {_HOST_BRIDGE} address {_hardware(_NETWORK[1])} type bridge",
                    f"address add {self.control_plane}/{_NETWORK.prefixlen} dev {_HOST_BRIDGE}",
                    f"link set {_HOST_BRIDGE} up",
                    "link set lo up",
                )
            )
        except NetworkFault:
            self._owner.release()
            raise

    def place(self, spec: NodeSpec) -> NodeSpec:
        """The spec's own addresses. Raises Unfit for one that is not in the nodes' network."""
        if ip_address(spec.address) not in _NETWORK:
            raise Unfit(f"a node's address is in {_NETWORK}, and {spec.address} is not")
        dns = str(self.service_network[DNS_ADDRESS])
        return replace(spec, cluster_dns=dns, resolv_conf=host_resolver())

    def namespace(self, node: str) -> str:
        """The name of a node's namespace."""
        return self._owner.name(f"node-{node}")

    def network(self, spec: NodeSpec) -> BridgeNetwork:
        """As `Fabric.network`."""
        name = self.namespace(spec.name)
        namespaces.delete(name)
        namespaces.add(name)
        try:
            self._attach(spec, name)
            self._lead_to(spec)
        except NetworkFault:
            namespaces.delete(name)
            raise
        self._nodes[spec.name] = spec
        self._gates[spec.name] = Gate(NAMESPACES / name, self.control_plane, self._log)
        return BridgeNetwork(self._owner, name, spec.address, spec.pod_cidr)

    def _attach(self, spec: NodeSpec, name: str) -> None:
        """Give a node its interfaces, and its routes to the other nodes' pods."""
        self._ports += 1
        port = f"{_PORT}{self._ports}"
        namespaces.configure(
            (
                f"link add {port} type veth peer name eth0 netns {name}",
                f"link set {port} master {_HOST_BRIDGE} up",
            )
        )
        gateway = IPv4Network(spec.pod_cidr)[1]
        namespaces.configure(
            (
                "link set lo up",
                f"address add {spec.address}/{_NETWORK.prefixlen} dev eth0",
                "link set eth0 up",
                f"link add {BRIDGE} address {_hardware(gateway)} type bridge",
                f"address add {gateway}/{IPv4Network(spec.pod_cidr).prefixlen} dev {BRIDGE}",
                f"link set {BRIDGE} up",
                f"route add default via {self.control_plane}",
                *(f"route add {each.pod_cidr} via {each.address}" for each in self._others(spec)),
            ),
            name,
        )
        # Pods are told of no shorter ways: what goes to another pod of the node passes by the node, too.
        namespaces.set_kernel(
            name,
            ip_forward=1,
            conf_of_all_of_route_localnet=1,  # host ports at loopback addresses lead out of them
            conf_of_all_of_send_redirects=0,
            conf_of_default_of_send_redirects=0,
            conf_of_pods_of_send_redirects=0,
        )

    def _lead_to(self, spec: NodeSpec) -> None:
        """Tell this host and the other nodes where the node's pods are; Services are at any node."""
        route = f"route replace {spec.pod_cidr} via {spec.address}"
        for each in self._others(spec):
            namespaces.configure((route,), self.namespace(each.name))
        namespaces.configure((route, *self._services_via(next(iter(self._nodes.values()), spec))))

    def _services_via(self, node: NodeSpec) -> tuple[str, ...]:
        """Lead what is for Services to a node, whose rules take it further."""
        networks = (self.service_network, self.balancer_network)
        return tuple(f"route replace {each} via {node.address}" for each in networks)

    def _others(self, spec: NodeSpec) -> list[NodeSpec]:
        return [each for each in self._nodes.values() if each.name != spec.name]

    def plane(self, spec: NodeSpec) -> NftablesPlane:
        """As `Fabric.plane`."""
        place = Place(spec.name, spec.labels.get(_ZONE, ""))
        node = Surroundings(place, spec.address, spec.pod_cidr, str(self.service_network))
        made = NftablesPlane(NAMESPACES / self.namespace(spec.name), node, self._log)
        self._planes[spec.name] = made
        return made

    def unplug(self, spec: NodeSpec) -> None:
        """As `Fabric.unplug`."""
        if self._nodes.pop(spec.name, None) is None:
            return
        self._planes.pop(spec.name).close()
        self._gates.pop(spec.name).close()
        namespaces.delete(self.namespace(spec.name))
        namespaces.configure((f"route flush {spec.pod_cidr}",))
        first = next(iter(self._nodes.values()), None)
        if first is not None:
            namespaces.configure(self._services_via(first))

    def advertised(self, host: str, port: int) -> str | None:
        """A server that listens at another address is reached at the control plane's, at the same port."""
        address = ipv4_of(host)
        if address is None:
            return None
        if (
            address not in ("0.0.0.0", self.control_plane)
            and (address, port) not in self._forwarders
        ):
            self._forwarders[address, port] = Forwarder(
                self._loop, (self.control_plane, port), (address, port)
            )
        return self.control_plane

    def enforcer(self) -> Callable[[Mapping[str, tuple[Isolation, ...]]], None]:
        """As `Fabric.enforcer`."""
        return self._enforce

    def _enforce(self, isolated: Mapping[str, tuple[Isolation, ...]]) -> None:
        for name in self._nodes:
            self._gates[name].sync(isolated.get(name, ()))

    async def settled(self) -> None:
        """Wait until all rules that were asked for are in the kernel, or refused."""
        for plane in self._planes.values():
            await plane.settled()
        for gate in self._gates.values():
            await gate.settled()

    def close(self) -> None:
        """Delete all namespaces, and the bridge."""
        for forwarder in self._forwarders.values():
            forwarder.close()
        for plane in self._planes.values():
            plane.close()
        for gate in self._gates.values():
            gate.close()
        self._delete_bridge()
        self._owner.release()

    def _delete_bridge(self) -> None:
        """The nodes' ports of it are other ends of what goes with their namespaces, but later."""
        ports = [name for _, name in socket.if_nameindex() if name.startswith(_PORT)]
        namespaces.delete_links((*ports, _HOST_BRIDGE))


def _hardware(address: IPv4Address) -> str:
    """The hardware address of a bridge: one that is not set changes with its ports, and neighbours lose it."""
    return ":".join(f"{byte:02x}" for byte in (0x0A, 0x58, *address.packed))
