"""The loopback network: pods share the host's network, each at an address of its own out of 127.0.0.0/8.

On Linux every address of 127.0.0.0/8 is the host's own, and anybody may listen there. So pods that each
listen at their own address do not disturb one another, and no rights are needed. The price: a process that
listens at all addresses takes the port for all pods, and what a pod sends comes from 127.0.0.1 unless it
binds its address.
"""

from ipaddress import IPv4Network
from typing import Final

from orchestrator.kubelet.networks.interface import NetworkFault
from orchestrator.kubelet.networks.simulated import SimulatedNetwork

_LOOPBACK: Final = IPv4Network("127.0.0.0/8")


class LoopbackNetwork(SimulatedNetwork):
    """Pods at addresses of the host's loopback interface.

    Raises NetworkFault for a `pod_cidr` that is not within 127.0.0.0/8.
    """

    shares_host = True

    def __init__(self, node_address: str, pod_cidr: str) -> None:
        if not IPv4Network(pod_cidr).subnet_of(_LOOPBACK):
            raise NetworkFault(f"a loopback network is within {_LOOPBACK}, and {pod_cidr} is not")
        super().__init__(node_address, pod_cidr)
