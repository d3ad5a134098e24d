"""Where packets of simulated pods would go: a request goes to a server and its answer comes back, in no time.

Nobody listens at an address that exists nowhere. So the nodes of a simulated network tell who answers for the addresses of
their pods, and the network asks its proxies where an address of a Service leads to, as a connection would.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Final, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

_DOMAIN: Final = "cluster.local"


class Segment(Struct, frozen=True):
    """A request to `ip:port`, of a client at `source`; `at` is whose address that is: a loopback address is its own."""

    ip: str
    port: int
    protocol: str  # TCP or UDP
    data: bytes
    source: str
    at: str


class Record(NamedTuple):
    """A record of cluster DNS, its data as a zone file has it."""

    name: str
    type: str
    data: str


Answer: TypeAlias = Callable[[Segment], bytes | None]  # None: nobody listens there


class Outside(Protocol):
    """The network as a pod sees it."""

    def lookup(self, name: str, kind: str, *, search: bool = True) -> tuple[Record, ...]:
        """The records of a type that a name has, in the pod's search domains, too, and those that lead there."""
        ...

    def send(self, ip: str, port: int, protocol: str, data: bytes) -> bytes:
        """What is answered. Raises ConnectionRefusedError, and TimeoutError where nothing comes back."""
        ...


class Proxies(Protocol):
    """What the network asks of the cluster's proxies and names."""

    def lead(self, node: str, segment: Segment, now: float) -> tuple[str, int] | None:
        """Where the proxy of the node with this address leads a segment; None: the packet goes its own way.

        Raises ConnectionRefusedError for a Service without endpoints.
        """
        ...

    def lookup(self, name: str, kind: str) -> tuple[Record, ...]:
        """The records of a type that a whole name has, after the aliases that lead there."""
        ...


class Wires:
    """Joins the nodes of a simulated network."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._nodes: dict[str, tuple[IPv4Network, Answer]] = {}  # by their address

    def plug(self, node: str, pods: IPv4Network, answer: Answer) -> None:
        """A node's pods are answered for, and what is at its own address."""
        self._nodes[node] = (pods, answer)

    def unplug(self, node: str) -> None:
        """Nothing comes from the node any more."""
        self._nodes.pop(node, None)

    def seen_from(
        self, node: str, address: str, namespace: str, clock: Callable[[], float]
    ) -> Outside:
        """The network as a pod at this address sees it; `clock` is the monotonic one."""
        return _View(self, self._proxies, node, address, namespace, clock)

    def send(self, segment: Segment) -> bytes:
        """As `Outside.send`, to an address that is no Service's."""
        for node, (pods, answer) in self._nodes.items():
            if segment.at == node or IPv4Address(segment.at) in pods:
                said = answer(segment)
                if said is None:
                    raise ConnectionRefusedError
                return said
        raise TimeoutError


class _View(Struct, frozen=True):
    wires: Wires
    proxies: Proxies
    node: str
    address: str
    namespace: str
    clock: Callable[[], float]

    def lookup(self, name: str, kind: str, *, search: bool = True) -> tuple[Record, ...]:
        """As `Outside.lookup`."""
        name = name.rstrip(".").lower()
        domains = (f"{self.namespace}.svc.{_DOMAIN}", f"svc.{_DOMAIN}", _DOMAIN) if search else ()
        for whole in (name, *(f"{name}.{domain}" for domain in domains)):
            found = self.proxies.lookup(whole, kind)
            if found:
                return found
        return ()

    def send(self, ip: str, port: int, protocol: str, data: bytes) -> bytes:
        """As `Outside.send`."""
        at = self.address if ip.startswith("127.") else ip
        segment = Segment(ip, port, protocol, data, self.address, at)
        place = self.proxies.lead(self.node, segment, self.clock())
        if place is not None:
            segment = Segment(*place, protocol, data, self.address, place[0])
        return self.wires.send(segment)
