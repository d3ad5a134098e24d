"""EndpointSlices of Services without a selector, copied from the Endpoints that somebody wrote for them.

Follows kube-controller-manager's endpointslicemirroring controller: a slice for each set of ports, with at
most a thousand addresses, the labels and annotations of the Endpoints, and the Endpoints as its owner. Not
copied is what is labelled so, what a leader election keeps, and what stands behind a selector.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import EndpointAddress, Endpoints, Service
from orchestrator.api.core.v1 import EndpointPort as SubsetPort
from orchestrator.api.discovery.v1 import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.client import Backoff, Change, Key, KeyFunction, Source, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.endpoint_slice import service_index
from orchestrator.controllers.slice_plan import MANAGED_BY, SERVICE_NAME
from orchestrator.controllers.subsets import repacked
from orchestrator.machinery.owners import owner_reference
from orchestrator.protocol import NotFound

MANAGER: Final = "endpointslicemirroring-controller.k8s.io"
MAX_ADDRESSES: Final = 1000  # of a subset
_SKIP: Final = "endpointslice.kubernetes.io/skip-mirror"
_LEADER: Final = "control-plane.alpha.kubernetes.io/leader"
_NOT_COPIED: Final = (
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubectl.kubernetes.io/last-applied-configuration",
)

_Ports = tuple[EndpointPort, ...]
_Family = tuple[str, _Ports]  # an address type and ports: what a slice has one of


class Mirror(Struct, frozen=True):
    """The endpoints by address type and ports; how many addresses are invalid, and how many too many."""

    endpoints: Mapping[_Family, tuple[Endpoint, ...]]
    invalid: int = 0
    skipped: int = 0  # the invalid ones among them


def mirror_of(endpoints: Endpoints) -> Mirror:
    """What the slices of these Endpoints shall hold."""
    found: dict[_Family, list[Endpoint]] = {}
    invalid = skipped = 0
    for subset in repacked(endpoints.subsets):
        ports, taken = _slice_ports(subset.ports), 0
        addresses = [(each, True) for each in subset.addresses]
        addresses += [(each, False) for each in subset.not_ready_addresses]
        for address, ready in addresses:
            if taken >= MAX_ADDRESSES:
                break
            ip = _ip(address.ip)
            if ip is None:
                invalid += 1
                continue
            family = (f"IPv{ip.version}", ports)
            found.setdefault(family, []).append(_endpoint(address, str(ip), ready))
            taken += 1
        skipped += len(addresses) - taken
    return Mirror({k: tuple(v) for k, v in found.items()}, invalid, skipped)


def _slice_ports(ports: Iterable[SubsetPort]) -> _Ports:
    return tuple(
        EndpointPort(
            name=port.name or "",
            port=port.port,
            protocol=port.protocol,
            app_protocol=port.app_protocol,
        )
        for port in ports
    )


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is; one of IPv4 that is written as one of IPv6 is of IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _endpoint(address: EndpointAddress, ip: str, ready: bool) -> Endpoint:
    return Endpoint(
        addresses=(ip,),
        conditions=EndpointConditions(ready=ready),
        hostname=address.hostname or None,
        node_name=address.node_name,
        target_ref=address.target_ref,
    )


class EndpointSliceMirroringController(KubernetesController):
    """Keeps the copies."""

    name = "endpointslicemirroring"
    event_source = "endpoint-slice-mirroring-controller"
    account = "endpointslicemirroring-controller"
    kind = Endpoints
    backoff = Backoff(base_seconds=1.0, most_seconds=100.0)

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Endpoints that are copied, or were: not those behind a selector, which most are."""
        return self._if_copied(key_of(change.latest))

    def _if_copied(self, key: Key) -> Iterable[Key]:
        service = self.cache(Service).get(*key)
        if service is None or service.spec is None or service.spec.selector:
            return (key,) if self._slices(key) else ()
        return (key,)

    def watches(self) -> Mapping[Any, Source]:
        """A Service concerns its Endpoints, and so does a slice that is a copy."""
        return {Service: _namesake, EndpointSlice: _of_slice}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Slices by their service."""
        return {EndpointSlice: {"service": service_index}}

    def initial_keys(self) -> Iterable[Key]:
        """All that are copied."""
        return [key for obj in self.cache(Endpoints).list() for key in self._if_copied(key_of(obj))]

    def _slices(self, key: Key) -> list[EndpointSlice]:
        """The copies that there are, by name."""
        found = self.cache(EndpointSlice).by_index("service", f"{key.namespace}/{key.name}")
        copies = [s for s in found if s.metadata.labels.get(MANAGED_BY) == MANAGER]
        return sorted(copies, key=lambda s: s.metadata.name)

    async def reconcile(self, key: Key) -> float | None:
        """Write the copies of some Endpoints, or delete them where there shall be none."""
        endpoints = self.cache(Endpoints).get(*key)
        service = self.cache(Service).get(*key)
        present = self._slices(key)
        if (
            endpoints is None
            or service is None
            or service.spec is None
            or service.spec.selector
            or endpoints.metadata.labels.get(_SKIP) == "true"
            or _LEADER in endpoints.metadata.annotations
        ):
            await self._delete(present)
            return None
        mirror = mirror_of(endpoints)
        self._warn(endpoints, mirror)
        await self._write(endpoints, mirror, present)
        return None

    def _warn(self, endpoints: Endpoints, mirror: Mirror) -> None:
        if mirror.invalid:
            message = (
                f"Skipped {mirror.invalid} invalid IP addresses when mirroring to EndpointSlices"
            )
            self.events.event(endpoints, "Warning", "InvalidIPAddress", message)
        if mirror.skipped > mirror.invalid:
            message = (
                f"A max of {MAX_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints "
                f"subset. {mirror.skipped} addresses were skipped"
            )
            self.events.event(endpoints, "Warning", "TooManyAddressesToMirror", message)

    async def _write(
        self, endpoints: Endpoints, mirror: Mirror, present: Sequence[EndpointSlice]
    ) -> None:
        """A slice a family: the one that it has, one that is needed no more, or a new one."""
        spare: list[EndpointSlice] = []
        of_family: dict[_Family, EndpointSlice] = {}
        for each in present:
            family = (each.address_type, each.ports)
            if family in mirror.endpoints and family not in of_family:
                of_family[family] = each
            else:
                spare.append(each)
        for family, wanted in mirror.endpoints.items():
            found = of_family.get(family)
            if found is None:
                found = next((s for s in spare if s.address_type == family[0]), None)
                if found is not None:
                    spare.remove(found)
            await self._write_one(endpoints, family, wanted, found)
        await self._delete(spare)

    async def _write_one(
        self,
        endpoints: Endpoints,
        family: _Family,
        wanted: tuple[Endpoint, ...],
        found: EndpointSlice | None,
    ) -> None:
        address_type, ports = family
        name = endpoints.metadata.name
        copied = ObjectMeta(
            namespace=endpoints.metadata.namespace,
            labels={**endpoints.metadata.labels, SERVICE_NAME: name, MANAGED_BY: MANAGER},
            annotations={
                k: v for k, v in endpoints.metadata.annotations.items() if k not in _NOT_COPIED
            }
            or EMPTY,
            owner_references=(owner_reference(endpoints, controller=True),),
        )
        if found is None:
            if endpoints.metadata.deletion_timestamp is None:
                await self.client.create(
                    EndpointSlice(
                        metadata=replace(copied, generate_name=f"{name}-"),
                        address_type=address_type,
                        endpoints=wanted,
                        ports=ports,
                    )
                )
            return
        metadata = replace(
            found.metadata,
            labels=copied.labels,
            annotations=copied.annotations,
            owner_references=copied.owner_references,
        )
        changed = replace(found, metadata=metadata, endpoints=wanted, ports=ports)
        if changed != found:
            await self.client.update(changed)

    async def _delete(self, slices: Iterable[EndpointSlice]) -> None:
        for each in slices:
            metadata = each.metadata
            with suppress(NotFound):
                await self.client.delete(
                    EndpointSlice, metadata.name, namespace=metadata.namespace, uid=metadata.uid
                )


def _namesake(change: Change[Service]) -> Iterable[Key]:
    """The Endpoints of a Service that has no selector, or had none."""
    states = [each.spec for each in (change.old, change.new) if each is not None]
    if all(spec is not None and spec.selector for spec in states):
        return ()
    return (key_of(change.latest),)


def _of_slice(change: Change[EndpointSlice]) -> Iterable[Key]:
    """The Endpoints of a copy that somebody has changed or deleted."""
    metadata = change.latest.metadata
    if metadata.labels.get(MANAGED_BY) != MANAGER:
        old = change.old
        if old is None or old.metadata.labels.get(MANAGED_BY) != MANAGER:
            return ()
        metadata = old.metadata
    name = metadata.labels.get(SERVICE_NAME)
    return (Key(metadata.namespace, name),) if name else ()
