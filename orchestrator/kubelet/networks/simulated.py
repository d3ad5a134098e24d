"""The simulated network: pods have addresses that exist nowhere."""

from collections.abc import Callable
from ipaddress import IPv4Network

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.networks.addresses import PodAddresses
from orchestrator.kubelet.networks.interface import PodLink
from orchestrator.kubelet.networks.wires import Answer, Outside, Wires


class SimulatedNetwork:
    """Gives the pods of a node addresses of `pod_cidr`, and nothing else.

    `node_address` is what pods have that use the node's own network; `wires` pass on what pods send to one another.
    """

    shares_host = False

    def __init__(self, node_address: str, pod_cidr: str, wires: Wires | None = None) -> None:
        self._node = PodLink(node_address)
        self._pods = pod_cidr
        self._addresses = PodAddresses(pod_cidr)
        self._wires = wires

    def plug(self, answer: Answer) -> None:
        """Have the node's pods answered for, where the network passes requests on."""
        if self._wires is not None:
            self._wires.plug(self._node.address, IPv4Network(self._pods, strict=False), answer)

    def outside(self, pod: Pod, clock: Callable[[], float]) -> Outside | None:
        """The network as a pod sees it; None where nothing is passed on. `clock` is the monotonic one."""
        if self._wires is None:
            return None
        address = self.join(pod).address
        return self._wires.seen_from(self._node.address, address, pod.metadata.namespace, clock)

    def holder(self, address: str) -> str | None:
        """The uid of the pod that has an address; "" for the node's own, None where nobody has it."""
        return "" if address == self._node.address else self._addresses.holder(address)

    def prepare(self, pod: Pod) -> None:
        """There is nothing to make."""

    def join(self, pod: Pod) -> PodLink:
        """As `PodNetwork.join`."""
        if pod.spec is not None and pod.spec.host_network:
            return self._node
        return PodLink(self._addresses.take(pod))

    def leave(self, pod_uid: str) -> None:
        """As `PodNetwork.leave`."""
        self._addresses.release(pod_uid)

    def joined(self) -> tuple[str, ...]:
        """As `PodNetwork.joined`."""
        return self._addresses.holders()

    def close(self) -> None:
        """Nothing was made."""
