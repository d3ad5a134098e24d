"""Services of type LoadBalancer: a simulated provider gives each an address of its own.

The addresses are of 198.18.0.0/15, the network that is set aside for tests, unless the cluster's network has others. A service keeps a finalizer as long
as it has one. Services that name a `loadBalancerClass` are somebody else's.
"""

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServiceStatus,
)
from orchestrator.client import Key, Wiring, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.objects import with_finalizer, without_finalizer

NETWORK: Final = IPv4Network("198.18.0.0/15")
FINALIZER: Final = "service.kubernetes.io/load-balancer-cleanup"
_FULL = "Error syncing load balancer: failed to ensure load balancer: no address is free"


def wants_address(service: Service) -> bool:
    """Whether the service is to have an address of this provider."""
    spec = service.spec
    return (
        spec is not None
        and spec.type == "LoadBalancer"
        and not spec.load_balancer_class
        and service.metadata.deletion_timestamp is None
    )


def addresses_of(service: Service) -> tuple[str, ...]:
    """The addresses that the service's status shows."""
    balancer = service.status.load_balancer if service.status is not None else None
    return tuple(each.ip for each in balancer.ingress if each.ip) if balancer is not None else ()


class LoadBalancerController(KubernetesController):
    """Gives addresses of `network` and takes them back. One at a time: two services never get the same."""

    name = "service-lb"
    event_source = "service-controller"
    account = "service-controller"
    kind = Service
    workers = 1

    def __init__(self, wiring: Wiring, network: IPv4Network = NETWORK) -> None:
        super().__init__(wiring)
        self._network = network

    def prepare(self) -> None:
        """Nothing is given beyond what services show."""
        self._given: dict[Key, str] = {}
        self._next = 1

    async def reconcile(self, key: Key) -> float | None:
        """One step of a service."""
        service = self.cache(Service).get(*key)
        if service is None:
            self._given.pop(key, None)
        elif wants_address(service):
            await self._ensure(key, service)
        elif FINALIZER in service.metadata.finalizers:
            await self._release(key, service)
        return None

    async def _ensure(self, key: Key, service: Service) -> None:
        spec = service.spec
        assert spec is not None
        have = addresses_of(service)
        if have and FINALIZER in service.metadata.finalizers:
            self._given[key] = have[0]
            return
        self.events.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
        service = await self._held(service)
        address = have[0] if have else self._given.get(key) or self._choose(spec.load_balancer_ip)
        if not address:
            self.events.event(service, "Warning", "SyncLoadBalancerFailed", _FULL)
            return
        self._given[key] = address
        await self._show(service, (LoadBalancerIngress(ip=address, ip_mode="VIP"),))
        self.events.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")

    async def _held(self, service: Service) -> Service:
        held = with_finalizer(service, FINALIZER)
        return service if held is service else await self.client.update_status(held)

    async def _release(self, key: Key, service: Service) -> None:
        self.events.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        if addresses_of(service):
            service = await self._show(service, ())
        await self.client.update_status(without_finalizer(service, FINALIZER))
        self._given.pop(key, None)
        self.events.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")

    async def _show(self, service: Service, ingress: tuple[LoadBalancerIngress, ...]) -> Service:
        status = service.status or ServiceStatus()
        balancer = LoadBalancerStatus(ingress=ingress)
        return await self.client.update_status(
            replace(service, status=replace(status, load_balancer=balancer))
        )

    def _choose(self, wished: str) -> str:
        """A free address, the one that is wished for if it can be; empty when there is none."""
        taken = set(self._taken())
        if wished:
            return wished if wished not in taken and _is_in(self._network, wished) else ""
        size = self._network.num_addresses
        for number in range(size):
            offset = (self._next + number) % size
            address = str(self._network[offset])
            if 0 < offset < size - 1 and address not in taken:
                self._next = offset + 1
                return address
        return ""

    def _taken(self) -> Iterator[str]:
        yield from self._given.values()
        for service in self.cache(Service).list():
            if key_of(service) not in self._given:
                yield from addresses_of(service)


def _is_in(network: IPv4Network, address: str) -> bool:
    try:
        return IPv4Address(address) in network
    except AddressValueError:
        return False
