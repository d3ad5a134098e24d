"""The simulated fabric: addresses are numbers, and proxies can be asked where a connection would go."""

from ipaddress import IPv4Network

from orchestrator.apiserver.allocation import SERVICE_NETWORK
from orchestrator.controllers.load_balancer import NETWORK as BALANCER_NETWORK
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from orchestrator.proxy.planes.interface import Plane


class SimulatedFabric:
    """As `Fabric`, for any number of nodes."""

    mode = "table"
    carries = False
    control_plane = ""
    service_network: IPv4Network = SERVICE_NETWORK
    balancer_network: IPv4Network = BALANCER_NETWORK
    host_plane: Plane | None = None

    def place(self, spec: NodeSpec) -> NodeSpec:
        """The addresses are those of the spec."""
        return spec

    def network(self, spec: NodeSpec) -> SimulatedNetwork:
        """As `Fabric.network`."""
        return SimulatedNetwork(spec.address, spec.pod_cidr)

    def plane(self, spec: NodeSpec) -> None:
        """Proxies are only asked."""

    def unplug(self, spec: NodeSpec) -> None:
        """There is no plug."""

    def advertised(self, host: str, port: int) -> None:
        """No pod could reach it."""

    def enforcer(self) -> None:
        """Nothing passes by anybody who could."""

    def close(self) -> None:
        """Nothing was made."""
