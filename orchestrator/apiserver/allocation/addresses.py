"""The addresses that Services may have: those of all ServiceCIDRs that are ready and not being deleted.

Addresses for which somebody else has written an IPAddress are left alone. Those that the cluster writes for
its Services (labelled as managed by the allocator) follow the Services, and count for nothing here.
"""

from ipaddress import AddressValueError, IPv4Address, IPv4Network, ip_network
from random import Random
from typing import Final

from orchestrator.api.networking.v1 import IPAddress, ServiceCIDR, ServiceCIDRSpec
from orchestrator.apiserver.allocation.pool import Exhausted, Pool
from orchestrator.machinery.conditions import is_true
from orchestrator.store import Change

ALLOCATOR: Final = "ipallocator.k8s.io"
MANAGED_BY: Final = "ipaddress.kubernetes.io/managed-by"


class AddressPools:
    """The pool of the network that the server was started with, and those that were added to it."""

    def __init__(self, network: IPv4Network) -> None:
        self._owners: dict[int, str] = {}
        self.first = self._pool(network)
        self._network = str(network)
        self._ranges: dict[str, tuple[str, ...]] = {"": (self._network,)}  # ready: name -> networks
        self._pools = [self.first]
        self._others: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return any(number in pool for pool in self._pools)

    def owner(self, number: int) -> str | None:
        """Who owns the address; None: it is free."""
        found = self._owners.get(number)
        return MANAGED_BY if found is None and number in self._others else found

    def take(self, number: int, owner: str) -> None:
        """Write an owner down, of an address within any range or none."""
        self.first.take(number, owner)

    def release(self, number: int, owner: str) -> None:
        """Free the address, unless it is somebody else's."""
        self.first.release(number, owner)

    def draw(self, random: Random) -> int:
        """A free address, of the first network as long as it has one. Raises Exhausted."""
        for pool in self._pools:
            try:
                return pool.draw(random, self._others)
            except Exhausted:
                continue
        raise Exhausted

    # --- what is written of them -----------------------------------------------------------

    def follow_range(self, before: ServiceCIDR | None, after: ServiceCIDR | None) -> None:
        """A ServiceCIDR has come, changed or gone."""
        self._ranges.pop("", None)  # from the first one on, they alone say what there is
        if before is not None:
            self._ranges.pop(before.metadata.name, None)
        if after is not None and _is_ready(after):
            self._ranges[after.metadata.name] = (after.spec or ServiceCIDRSpec()).cidrs
        networks = dict.fromkeys(cidr for cidrs in self._ranges.values() for cidr in cidrs)
        self._pools = [self.first] if self._network in networks else []
        self._pools += [
            self._pool(IPv4Network(cidr))
            for cidr in networks
            if cidr != self._network and ip_network(cidr).version == 4
        ]

    def follow_address(self, change: Change) -> None:
        """An IPAddress has come, changed or gone."""
        number = _number_of(change.object)
        if number is None:
            return
        self._others.discard(number)
        if change.type != "DELETED":
            self.note(change.object)

    def note(self, address: IPAddress) -> None:
        """There is this IPAddress."""
        number = _number_of(address)
        if number is not None and address.metadata.labels.get(MANAGED_BY) != ALLOCATOR:
            self._others.add(number)

    def _pool(self, network: IPv4Network) -> Pool:
        first, last = int(network.network_address) + 1, int(network.broadcast_address) - 1
        if network.num_addresses <= 2:  # without addresses of the network itself
            first, last = first - 1, last + 1
        # As large as Kubernetes keeps it: the lower part is for those who choose an address.
        size = network.num_addresses
        reserved = 0 if size < 16 * 16 else min(max(16, size // 16), 256)
        return Pool(first, last, reserved=reserved, owners=self._owners)


def _is_ready(service_range: ServiceCIDR) -> bool:
    if service_range.metadata.deletion_timestamp is not None:
        return False
    status = service_range.status
    return status is not None and is_true(status.conditions, "Ready")


def _number_of(address: IPAddress) -> int | None:
    """The address as a number; None of one of IPv6, and of a name that is no address."""
    try:
        return int(IPv4Address(address.metadata.name))
    except AddressValueError:
        return None
