"""Which of a node's pod addresses are taken, and by which pod."""

from ipaddress import IPv4Network

from orchestrator.api.core.v1 import Pod


class PodAddresses:
    """Hands out the host addresses of a network, the longest unused first, gateway excepted.

    An address is one pod's from `take` to `release`: nobody else gets it meanwhile.
    """

    def __init__(self, cidr: str) -> None:
        network = IPv4Network(cidr)
        self._first = int(network.network_address) + 2  # .0 is the network, .1 the gateway
        self._size = max(0, network.num_addresses - 3)
        self._next = 0
        self._taken: set[int] = set()
        self._of: dict[str, str] = {}  # by the pod's uid

    def take(self, pod: Pod) -> str:
        """The pod's address; empty when the network is exhausted.

        That is the one which it has already, or which its status names, or a free one.
        """
        uid = pod.metadata.uid
        known = self._of.get(uid)
        if known is not None:
            return known
        status = pod.status
        address = ""
        if status is not None and status.pod_ip:
            address = self._claim(status.pod_ip)
        address = address or self._free()
        if address:
            self._of[uid] = address
        return address

    def release(self, uid: str) -> None:
        """Give a pod's address back; that of one that has none is ignored."""
        address = self._of.pop(uid, None)
        if address is not None:
            self._taken.discard(_number(address) - self._first)

    def holders(self) -> tuple[str, ...]:
        """The uids of the pods that have an address, the oldest first."""
        return tuple(self._of)

    def holder(self, address: str) -> str | None:
        """The uid of the pod that has an address; None if nobody has it."""
        return next((uid for uid, its in self._of.items() if its == address), None)

    def _free(self) -> str:
        for step in range(self._size):
            offset = (self._next + step) % self._size
            if offset not in self._taken:
                self._taken.add(offset)
                self._next = offset + 1
                return _dotted(self._first + offset)
        return ""

    def _claim(self, address: str) -> str:
        """The address, if it is of this network and nobody has it; else empty."""
        offset = _number(address) - self._first
        if offset in self._taken or not 0 <= offset < self._size:
            return ""
        self._taken.add(offset)
        return address


def _dotted(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _number(address: str) -> int:
    """The address as a number; -1 if it is no IPv4 address."""
    parts = address.split(".")
    if len(parts) != 4:
        return -1
    a, b, c, d = parts
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
