"""What Services own: addresses of the service network and ports of the nodes."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from orchestrator.api.core.v1 import Service
from orchestrator.apiserver.allocation.addresses import AddressPools
from orchestrator.apiserver.allocation.pool import Pool
from orchestrator.store import Change

SERVICE_NETWORK: Final = IPv4Network("10.96.0.0/12")
NODE_PORTS: Final = (30000, 32767)
_HEADLESS: Final = "None"


class ServiceAllocations:
    """Derived from the Services that are stored, and from nothing else.

    It follows the store's changes, so a request that fails later leaves nothing allocated, and a
    restarted server counts again.
    """

    def __init__(
        self,
        services: Iterable[Service] = (),
        *,
        network: IPv4Network = SERVICE_NETWORK,
        node_ports: tuple[int, int] = NODE_PORTS,
    ) -> None:
        self.network = network
        self.addresses = AddressPools(network)
        self.drawn = {"dynamic": 0, "static": 0}  # addresses, since the server began
        lowest, highest = node_ports
        reserved = min(max(16, (highest - lowest + 1) // 32), 128)
        self.ports = Pool(lowest, highest, reserved=reserved)
        for service in services:
            self._take(service)

    @property
    def port_range(self) -> str:
        """`30000-32767`."""
        return f"{self.ports.first}-{self.ports.last}"

    def observe(self, change: Change) -> None:
        """Follow a committed change of a Service."""
        if change.previous is not None:
            self._release(change.previous)
        if change.type != "DELETED":
            self._take(change.object)

    def _take(self, service: Service) -> None:
        owner = service.metadata.uid
        for pool, number in self._owned(service):
            pool.take(number, owner)

    def _release(self, service: Service) -> None:
        owner = service.metadata.uid
        for pool, number in self._owned(service):
            pool.release(number, owner)

    def _owned(self, service: Service) -> Iterator[tuple[AddressPools | Pool, int]]:
        spec = service.spec
        if spec is None:
            return
        if spec.type != "ExternalName":
            for address in addresses_of(service):
                yield self.addresses, int(IPv4Address(address))
        for port in spec.ports:
            if port.node_port:
                yield self.ports, port.node_port
        if spec.health_check_node_port:
            yield self.ports, spec.health_check_node_port


def addresses_of(service: Service) -> tuple[str, ...]:
    """The IPv4 addresses that a Service has of its own; none for a headless one."""
    spec = service.spec
    if spec is None:
        return ()
    written = spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ())
    return tuple(each for each in written if each != _HEADLESS and ":" not in each)
