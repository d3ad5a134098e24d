"""Which of a node's pod addresses are taken."""

from ipaddress import IPv4Network


class PodAddresses:
    """Hands out the host addresses of a network, the longest unused first, gateway excepted."""

    def __init__(self, cidr: str) -> None:
        network = IPv4Network(cidr)
        self._first = int(network.network_address) + 2  # .0 is the network, .1 the gateway
        self._size = max(0, network.num_addresses - 3)
        self._next = 0
        self._taken: set[int] = set()

    def take(self) -> str:
        """A free address; empty when the network is exhausted."""
        for step in range(self._size):
            offset = (self._next + step) % self._size
            if offset not in self._taken:
                self._taken.add(offset)
                self._next = offset + 1
                return _dotted(self._first + offset)
        return ""

    def claim(self, address: str) -> None:
        """Mark an address that a pod already has, after a restart."""
        offset = _number(address) - self._first
        if 0 <= offset < self._size:
            self._taken.add(offset)

    def release(self, address: str) -> None:
        """Give an address back; one that was not taken is ignored."""
        self._taken.discard(_number(address) - self._first)


def _dotted(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _number(address: str) -> int:
    a, b, c, d = address.split(".")
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
