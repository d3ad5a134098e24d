"""Nodes without a network of pods get one, where this controller is named: each that comes without `podCIDR`.

The cluster's own kubelets bring theirs along, from the beginning of the pods' network. What is given here (to
Nodes that somebody makes by hand, say) is of its second half, the next network that no node has, as Kubernetes
goes on from the one that it gave last.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, ip_network
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, NodeSpec
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.protocol import Conflict, NotFound

CLUSTER: Final = IPv4Network("10.192.0.0/10")
MASK: Final = 24  # --node-cidr-mask-size
_MANY: Final = 1 << (MASK - CLUSTER.prefixlen)


def next_network(taken: Iterable[int], after: int) -> int | None:
    """The number of the network that a node gets after the one numbered `after`; None when all are taken."""
    known = set(taken)
    turn = ((after + 1 + step) % _MANY for step in range(_MANY))
    return next((number for number in turn if number not in known), None)


def network_of(number: int) -> IPv4Network:
    """The network with a number, counted from 0."""
    return IPv4Network((int(CLUSTER.network_address) + (number << (32 - MASK)), MASK))


def numbers_of(cidrs: Iterable[str]) -> Iterable[int]:
    """The numbers of the networks that overlap with these; a text that is no network has none."""
    for text in cidrs:
        try:
            found = ip_network(text, strict=False)
        except ValueError:
            continue
        if isinstance(found, IPv4Network) and found.overlaps(CLUSTER):
            first = max(int(found[0]), int(CLUSTER[0])) - int(CLUSTER[0])
            last = min(int(found[-1]), int(CLUSTER[-1])) - int(CLUSTER[0])
            yield from range(first >> (32 - MASK), (last >> (32 - MASK)) + 1)


class NodeIpamController(KubernetesController):
    """Gives networks to nodes, one node at a time."""

    name = "node-ipam"
    event_source = "cidrAllocator"
    account = "node-controller"
    kind = Node
    workers = 1
    by_default = furnishes = False  # as --allocate-node-cidrs is

    def prepare(self) -> None:
        """None was given yet."""
        self._last = -1

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A node that has none."""
        node = change.new
        return () if node is None or has_network(node) else (key_of(node),)

    def initial_keys(self) -> Iterable[Key]:
        """Those that have none."""
        return [key_of(node) for node in self.cache(Node).list() if not has_network(node)]

    async def reconcile(self, key: Key) -> float | None:
        """Give one node its network, or say that there is none left, and try again."""
        node = self.cache(Node).get("", key.name)
        if node is None or has_network(node) or node.metadata.deletion_timestamp is not None:
            return None
        taken = {
            number
            for each in self.cache(Node).list()
            if each.spec is not None
            for number in numbers_of(each.spec.pod_cidrs)
        }
        number = next_network(taken, self._last)
        if number is None:
            message = f"Node {key.name} status is now: CIDRNotAvailable"
            self.events.event(node, "Normal", "CIDRNotAvailable", message)
            return 0.0
        text = str(network_of(number))
        spec = replace(node.spec or NodeSpec(), pod_cidr=text, pod_cidrs=(text,))
        try:
            await self.client.update(replace(node, spec=spec))
        except (Conflict, NotFound):  # the change is heard of, and looked at
            return None
        self._last = number
        return None


def has_network(node: Node) -> bool:
    """Whether a node says which network its pods are in."""
    return node.spec is not None and bool(node.spec.pod_cidrs)
