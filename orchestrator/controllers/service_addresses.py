"""Ranges of Services' addresses, and who has which address.

Follows kube-controller-manager's controller of ServiceCIDRs, and the API server's repair of IPAddresses. Each
Service with an address of its own has an IPAddress, which says so; a ServiceCIDR that is deleted stays while
an address would be left in no range.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Service
from orchestrator.api.meta.v1 import Condition, ObjectMeta
from orchestrator.api.networking.v1 import (
    IPAddress,
    IPAddressSpec,
    ParentReference,
    ServiceCIDR,
    ServiceCIDRSpec,
    ServiceCIDRStatus,
)
from orchestrator.client import (
    Change,
    Key,
    KeyFunction,
    Source,
    add_finalizer,
    key_of,
    remove_finalizer,
    write_status,
)
from orchestrator.controllers.base import API_SERVER, KubernetesController
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.protocol import AlreadyExists, NotFound

FINALIZER: Final = "networking.k8s.io/service-cidr-finalizer"
FAMILY: Final = "ipaddress.kubernetes.io/ip-family"
MANAGED_BY: Final = "ipaddress.kubernetes.io/managed-by"
ALLOCATOR: Final = "ipallocator.k8s.io"
# A deleted range is kept so long after it is free: who gives addresses out must have heard of it.
_GRACE_SECONDS: Final = 10.0
_BLOCKED: Final = (
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new "
    "ServiceCIDR"
)
_READY: Final = Condition(
    type="Ready", status="True", reason="", message="Kubernetes Service CIDR is ready"
)
_TERMINATING: Final = Condition(
    type="Ready", status="False", reason="Terminating", message=_BLOCKED
)

_Network = IPv4Network | IPv6Network


class ServiceCidrController(KubernetesController):
    """Says which ranges are ready, and lets go of those that nobody needs."""

    name = "service-cidr"
    account = "service-cidrs-controller"
    kind = ServiceCIDR

    def watches(self) -> Mapping[Any, Source]:
        """Addresses that come and go concern the ranges that they are in."""
        return {IPAddress: self._of_address}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A range that comes or goes may free others from being needed."""
        key = key_of(change.latest)
        if change.old is not None and change.new is not None:
            return (key,)
        mine = _networks(change.latest)
        others = self.cache(ServiceCIDR).list()
        return (key, *(key_of(each) for each in others if _overlap(mine, _networks(each))))

    def _of_address(self, change: Change[IPAddress]) -> Iterable[Key]:
        if change.old is not None and change.new is not None:
            return ()
        return [key_of(each) for each in self._containing(change.latest)]

    def _containing(self, address: IPAddress) -> list[ServiceCIDR]:
        if address.metadata.labels.get(MANAGED_BY) != ALLOCATOR:
            return []
        number = ip_address(address.metadata.name)
        ranges = self.cache(ServiceCIDR).list()
        return [each for each in ranges if any(number in network for network in _networks(each))]

    async def reconcile(self, key: Key) -> float | None:
        """One step of a range."""
        found = self.cache(ServiceCIDR).get(*key)
        if found is None:
            return None
        deleted_at = found.metadata.deletion_timestamp
        if deleted_at is None:
            await self._say(await add_finalizer(self.client, found, FINALIZER), _READY)
            return None
        if self._is_needed(found):
            await self._say(found, _TERMINATING)
            return None
        left = parse_time(deleted_at) + _GRACE_SECONDS - self.ctx.clock.now()
        if left > 0:
            return left
        await remove_finalizer(self.client, found, FINALIZER)
        return None

    def _is_needed(self, found: ServiceCIDR) -> bool:
        """Whether an address would be left without a range."""
        others = [
            network
            for each in self.cache(ServiceCIDR).list()
            if each.metadata.name != found.metadata.name
            for network in _networks(each)
        ]
        mine = _networks(found)
        if all(any(_is_within(network, other) for other in others) for network in mine):
            return False
        return any(
            [each.metadata.name for each in self._containing(address)] == [found.metadata.name]
            for address in self.cache(IPAddress).list()
        )

    async def _say(self, found: ServiceCIDR, condition: Condition) -> None:
        status = found.status or ServiceCIDRStatus()
        at = format_time(self.ctx.clock.now())
        conditions = with_condition(status.conditions, condition, at)
        await write_status(self.client, found, replace(status, conditions=conditions))


class ServiceAddressController(KubernetesController):
    """Keeps an IPAddress for each address of a Service. Its keys are the addresses, without a namespace."""

    name = "service-addresses"
    event_source = "ipallocator-repair-controller"
    account = ""
    identity = API_SERVER
    kind = Service

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """The addresses that a Service has got or lost; they seldom change."""
        old, new = change.old, change.new
        before = addresses_of(old) if old is not None else ()
        after = addresses_of(new) if new is not None else ()
        return () if before == after else [Key("", each) for each in {*before, *after}]

    def initial_keys(self) -> Iterable[Key]:
        """What Services have, and what is written to be theirs."""
        found = dict.fromkeys(
            address for service in self.cache(Service).list() for address in addresses_of(service)
        )
        found.update(dict.fromkeys(each.metadata.name for each in self.cache(IPAddress).list()))
        return [Key("", each) for each in found]

    def watches(self) -> Mapping[Any, Source]:
        """An IPAddress that is not as it was written is put right."""
        return {IPAddress: _of_itself, ServiceCIDR: lambda _: ()}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Services by address."""
        return {Service: {"address": addresses_of}}

    async def reconcile(self, key: Key) -> float | None:
        """Write, or take back, the IPAddress of one address."""
        services = list(self.cache(Service).by_index("address", key.name))
        written = self.cache(IPAddress).get("", key.name)
        if not services:
            if written is not None and written.metadata.labels.get(MANAGED_BY) == ALLOCATOR:
                await self._delete(written)
            return None
        service = min(services, key=lambda each: each.metadata.creation_timestamp or "")
        if not self._is_in_range(key.name):
            message = (
                f"Cluster IP [{_family(key.name)}]: {key.name} is not within any configured Service CIDR; "
                "please recreate service"
            )
            self.events.event(service, "Warning", "ClusterIPOutOfRange", message)
            return None
        wanted = _address(key.name, service)
        if written is not None and written.spec != wanted.spec:
            message = (
                f"the ClusterIP [{_family(key.name)}]: {key.name} for Service {'/'.join(key_of(service))} "
                "has a wrong reference; repairing"
            )
            self.events.event(service, "Warning", "ClusterIPNotAllocated", message)
            await self._delete(written)
            written = None
        if written is None:
            with suppress(AlreadyExists):  # the cache is behind
                await self.client.create(wanted)
        return None

    def _is_in_range(self, address: str) -> bool:
        number = ip_address(address)
        ranges = self.cache(ServiceCIDR).list()
        return any(number in network for each in ranges for network in _networks(each))

    async def _delete(self, written: IPAddress) -> None:
        metadata = written.metadata
        with suppress(NotFound):
            await self.client.delete(IPAddress, metadata.name, uid=metadata.uid)


def addresses_of(service: Service) -> tuple[str, ...]:
    """The addresses that a Service has of its own."""
    spec = service.spec
    if spec is None or spec.type == "ExternalName":
        return ()
    return tuple(each for each in spec.cluster_ips if each != "None")


def _of_itself(change: Change[IPAddress]) -> Iterable[Key]:
    return (Key("", change.latest.metadata.name),)


def _address(name: str, service: Service) -> IPAddress:
    metadata = service.metadata
    parent = ParentReference(resource="services", namespace=metadata.namespace, name=metadata.name)
    return IPAddress(
        metadata=ObjectMeta(name=name, labels={FAMILY: _family(name), MANAGED_BY: ALLOCATOR}),
        spec=IPAddressSpec(parent_ref=parent),
    )


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def _networks_of(found: ServiceCIDR) -> tuple[_Network, ...]:
    return tuple(ip_network(cidr) for cidr in (found.spec or ServiceCIDRSpec()).cidrs)


# Each address that comes is looked for in every range.
_networks: Final[IdentityMemo[ServiceCIDR, tuple[_Network, ...]]] = IdentityMemo(_networks_of)


def _overlap(some: Iterable[_Network], others: Iterable[_Network]) -> bool:
    return any(a.version == b.version and a.overlaps(b) for a, b in _pairs(some, others))


def _pairs(some: Iterable[_Network], others: Iterable[_Network]) -> Iterator[tuple[Any, Any]]:
    return ((a, b) for a in some for b in others)


def _is_within(network: Any, other: Any) -> bool:
    return network.version == other.version and bool(network.subnet_of(other))
