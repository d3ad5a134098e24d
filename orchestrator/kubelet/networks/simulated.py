"""The simulated network: pods have addresses that exist nowhere."""

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.networks.addresses import PodAddresses
from orchestrator.kubelet.networks.interface import PodLink


class SimulatedNetwork:
    """Gives the pods of a node addresses of `pod_cidr`, and nothing else.

    `node_address` is what pods have that use the node's own network.
    """

    shares_host = False

    def __init__(self, node_address: str, pod_cidr: str) -> None:
        self._node = PodLink(node_address)
        self._addresses = PodAddresses(pod_cidr)

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
