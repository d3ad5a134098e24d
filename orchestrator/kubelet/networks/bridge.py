"""The bridge network: a network namespace a pod, joined by a bridge in the namespace of its node.

A pod's address is a /32 with nothing but the gateway beside it, so that also pods of one node meet at the node's
routing, where services are translated (answers, too) and policies hold; the bridge alone would pass them by.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.networks import namespaces
from orchestrator.kubelet.networks.addresses import PodAddresses
from orchestrator.kubelet.networks.host_ports import HostPort, host_ports, rules
from orchestrator.kubelet.networks.interface import NetworkFault, PodLink
from orchestrator.kubelet.networks.namespaces import Ownership

BRIDGE: Final = "pods"


class _Made(NamedTuple):
    """A namespace that is being made for a pod, which will have the address."""

    address: str
    work: Future[Path]


class BridgeNetwork:
    """The pods of the node `address`, whose own namespace is `node` and has the bridge already."""

    shares_host = False

    def __init__(self, owner: Ownership, node: str, address: str, pod_cidr: str) -> None:
        self._owner = owner
        self._node = node
        self._own = PodLink(address, namespaces.NAMESPACES / node)
        self._gateway = str(IPv4Network(pod_cidr)[1])
        self._addresses = PodAddresses(pod_cidr)
        self._links: dict[str, PodLink] = {}  # by the pod's uid
        self._ports: dict[str, tuple[HostPort, ...]] = {}
        # The kernel takes its time to make interfaces and to let go of them, and nobody has to wait for that.
        self._maker = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pods-join")
        self._made: dict[str, _Made] = {}  # for pods that have not joined, by uid
        self._remover = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pods-leave")
        self._leaving: dict[str, Future[None]] = {}  # by the address

    def prepare(self, pod: Pod) -> Future[Path] | None:
        """As `PodNetwork.prepare`."""
        uid = pod.metadata.uid
        if uid in self._links or (pod.spec is not None and pod.spec.host_network):
            return None
        made = self._made.get(uid)
        if made is None:
            address = self._addresses.take(pod)
            if not address:
                return None
            leaving = self._leaving.pop(address, None)
            work = self._maker.submit(self._connect, uid, address, leaving)
            made = self._made[uid] = _Made(address, work)
        return None if made.work.done() else made.work

    def join(self, pod: Pod) -> PodLink:
        """As `PodNetwork.join`."""
        if pod.spec is not None and pod.spec.host_network:
            return self._own
        uid = pod.metadata.uid
        known = self._links.get(uid)
        if known is not None:
            return known
        self.prepare(pod)
        made = self._made.pop(uid, None)
        if made is None:
            return PodLink("")
        try:
            link = PodLink(made.address, made.work.result())
            self._open(uid, host_ports(pod, made.address))
        except NetworkFault:
            namespaces.delete(self._name(uid))
            self._addresses.release(uid)
            raise
        self._links[uid] = link
        return link

    def _open(self, uid: str, ports: tuple[HostPort, ...]) -> None:
        """The pod has these host ports from now on."""
        if self._ports.get(uid, ()) != ports:
            self._ports[uid] = ports
            namespaces.give_rules(self._node, rules(self._ports, BRIDGE))

    def _name(self, uid: str) -> str:
        return self._owner.name(f"pod-{uid}")

    def _connect(self, uid: str, address: str, leaving: Future[None] | None) -> Path:
        if leaving is not None:
            leaving.result()
        name, port = self._name(uid), _port(address)
        path = namespaces.add(name)
        namespaces.configure(
            (
                f"link add {port} type veth peer name eth0 netns {name}",
                f"link set {port} master {BRIDGE} up",
                f"link set {port} type bridge_slave hairpin on",
            ),
            self._node,
        )
        namespaces.configure_pod(
            (
                "link set lo up",
                "link set eth0 up",
                f"address add {address}/32 dev eth0",
                f"route add {self._gateway} dev eth0",
                f"route add default via {self._gateway} dev eth0",
            ),
            name,
        )
        return path

    def leave(self, pod_uid: str) -> None:
        """As `PodNetwork.leave`."""
        link = self._links.pop(pod_uid, None)
        made = self._made.pop(pod_uid, None)
        if link is not None:
            self._open(pod_uid, ())
            self._ports.pop(pod_uid, None)
            address = link.address
            self._leaving[address] = self._remover.submit(self._disconnect, pod_uid, address)
        elif made is not None:
            self._leaving[made.address] = self._remover.submit(self._undo, pod_uid, made)
        self._addresses.release(pod_uid)

    def _undo(self, uid: str, made: _Made) -> None:
        with suppress(NetworkFault):  # then there is less to take away
            made.work.result()
            self._disconnect(uid, made.address)
        namespaces.delete(self._name(uid))

    def _disconnect(self, uid: str, address: str) -> None:
        # The kernel takes a namespace apart later, and the port's name may be wanted at once.
        try:
            namespaces.configure((f"link delete {_port(address)}",), self._node)
        finally:
            namespaces.delete(self._name(uid))

    def joined(self) -> tuple[str, ...]:
        """As `PodNetwork.joined`."""
        return (*self._links, *self._made)

    def close(self) -> None:
        """Delete the namespaces of the pods that are left."""
        for uid in self.joined():
            self.leave(uid)
        self._maker.shutdown()
        self._remover.shutdown()


def _port(address: str) -> str:
    """The pod's port of the bridge: interfaces have short names."""
    low = address.split(".")[2:]
    return f"pod-{low[0]}-{low[1]}"
