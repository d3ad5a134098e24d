"""Whether this node can take a pod: the check that a kubelet makes again after the scheduler."""

from itertools import chain
from typing import Final

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.machinery.host_ports import HostPort, host_ports, ports_conflict
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.node_affinity import required
from orchestrator.machinery.resources import NO_NEEDS, Needs, node_offers, pod_needs

_NODE_AFFINITY: Final = "NodeAffinity"
_NO_FREE_PORTS: Final = (
    "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
)
_NAMES = ("milli_cpu", "memory_bytes", "ephemeral_storage_bytes")
_RESOURCES = {
    "milli_cpu": "cpu",
    "memory_bytes": "memory",
    "ephemeral_storage_bytes": "ephemeral-storage",
}


class NodeAdmission:
    """What the node has to give and what its pods have taken."""

    def __init__(self, node: Node) -> None:
        self._name = node.metadata.name
        self.renew(node)
        self._used: dict[str, int] = {}
        self._pods: dict[str, Needs] = {}
        self._ports: dict[str, tuple[HostPort, ...]] = {}  # of the pods that take any

    def renew(self, node: Node) -> None:
        """The node has been read again: somebody may have given it labels, or resources of their own."""
        self._labels = node.metadata.labels
        offers = node_offers(node.status.allocatable) if node.status is not None else NO_NEEDS
        self._offers = _amounts(offers)

    def reject(self, pod: Pod) -> tuple[str, str] | None:
        """Reason and message when the node cannot take the pod; None when it can."""
        if pod.spec is None:
            return None
        if not required(pod.spec)(self._labels, self._name):
            text = (
                "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
            )
            return _NODE_AFFINITY, text
        offers, used = self._offers, self._used
        for resource, amount in _AMOUNTS(pod_needs(pod)).items():
            if used.get(resource, 0) + amount > offers.get(resource, 0):
                if "/" in resource and resource not in offers:
                    continue  # an extended resource of which devices may stand in the place
                return self._out_of(resource, amount, used.get(resource, 0))
        if len(self._pods) >= offers.get("pods", 0):
            return self._out_of("pods", 1, len(self._pods))
        if (wanted := host_ports(pod)) and ports_conflict(self._taken(), wanted):
            return "NodePorts", _NO_FREE_PORTS
        return None

    def _taken(self) -> list[HostPort]:
        return list(chain.from_iterable(self._ports.values()))

    def _out_of(self, resource: str, amount: int, used: int) -> tuple[str, str]:
        return (
            f"OutOf{resource}",
            f"Node didn't have enough resource: {resource}, requested: {amount}, "
            f"used: {used}, capacity: {self._offers.get(resource, 0)}",
        )

    def add(self, pod: Pod) -> None:
        """Count a pod that runs here."""
        needs = self._pods[pod.metadata.uid] = pod_needs(pod)
        for resource, amount in _AMOUNTS(needs).items():
            self._used[resource] = self._used.get(resource, 0) + amount
        if ports := host_ports(pod):
            self._ports[pod.metadata.uid] = ports

    def resize(self, pod: Pod) -> tuple[str, str] | None:
        """Count what a pod that runs here needs now; reason and message when there is not so much."""
        known = self._pods.get(pod.metadata.uid)
        needs = pod_needs(pod)
        if known is None or needs == known:
            return None
        before, offers = _AMOUNTS(known), self._offers
        for resource, amount in _AMOUNTS(needs).items():
            capacity = offers.get(resource, 0)
            used = self._used.get(resource, 0) - before.get(resource, 0)
            if amount > capacity:
                told = f"{resource}, requested: {amount}, capacity: {capacity}"
                return "Infeasible", f"Node didn't have enough capacity: {told}"
            if used + amount > capacity:
                return "Deferred", self._out_of(resource, amount, used)[1]
        self.remove(pod)
        self.add(pod)
        return None

    def remove(self, pod: Pod) -> None:
        """A pod is gone; one that was not counted is ignored."""
        self._ports.pop(pod.metadata.uid, None)
        needs = self._pods.pop(pod.metadata.uid, None)
        if needs is not None:
            for resource, amount in _AMOUNTS(needs).items():
                self._used[resource] -= amount


def _amounts(needs: Needs) -> dict[str, int]:
    """What there is of each resource; CPU in thousandths."""
    amounts = {_RESOURCES[name]: getattr(needs, name) for name in _NAMES}
    return {name: amount for name, amount in {**amounts, **needs.extended}.items() if amount}


# Pods of one template have the very same needs. Nobody changes what is remembered.
_AMOUNTS: Final = IdentityMemo(_amounts, 1 << 11)
