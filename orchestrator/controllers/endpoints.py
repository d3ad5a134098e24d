"""Endpoints: the older list of a Service's addresses, which clients still read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSubset,
    ObjectReference,
    Pod,
    Service,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.client import Change, Key, Source, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.pods import is_ready
from orchestrator.controllers.services import (
    BATCH_SECONDS,
    BY_LABEL,
    BY_SELECTOR,
    SelectingServices,
    Triggers,
    container_port,
    label_index,
    pods_of,
    ports_vary,
    selector_index,
    told_at,
    wants_slices,
)

MAX_ADDRESSES: Final = 1000
OVER_CAPACITY: Final = "endpoints.kubernetes.io/over-capacity"
MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
MANAGER: Final = "endpoint-controller"

_Ports = tuple[EndpointPort, ...]


def subsets_of(service: Service, pods: Iterable[Pod]) -> tuple[EndpointSubset, ...]:
    """The addresses by the ports that they answer on, ready and not ready, in order."""
    spec = service.spec
    assert spec is not None
    ready: dict[_Ports, list[EndpointAddress]] = {}
    unready: dict[_Ports, list[EndpointAddress]] = {}
    fixed = None if ports_vary(service) else _ports_of(service, None)
    for pod in pods:
        status = pod.status
        if status is None or not status.pod_ip or status.phase in ("Succeeded", "Failed"):
            continue
        if pod.metadata.deletion_timestamp is not None and not spec.publish_not_ready_addresses:
            continue
        ports = _ports_of(service, pod) if fixed is None else fixed
        into = ready if is_ready(pod) or spec.publish_not_ready_addresses else unready
        into.setdefault(ports, []).append(_address(pod))
    return tuple(
        EndpointSubset(
            addresses=_in_order(ready.get(ports, ())),
            not_ready_addresses=_in_order(unready.get(ports, ())),
            ports=ports,
        )
        for ports in sorted({**ready, **unready}, key=str)
    )


def _ports_of(service: Service, pod: Pod | None) -> _Ports:
    assert service.spec is not None
    return tuple(
        EndpointPort(
            name=p.name, port=number, protocol=p.protocol or "TCP", app_protocol=p.app_protocol
        )
        for p in service.spec.ports
        if (number := container_port(p, pod)) is not None
    )


def _in_order(addresses: Sequence[EndpointAddress]) -> tuple[EndpointAddress, ...]:
    return tuple(sorted(addresses, key=lambda a: _number(a.ip)))


@lru_cache(maxsize=1 << 16)
def _number(ip: str) -> tuple[int, ...]:
    return tuple(map(int, ip.split(".")))


def _address(pod: Pod) -> EndpointAddress:
    metadata, spec, status = pod.metadata, pod.spec, pod.status
    assert spec is not None
    assert status is not None
    return EndpointAddress(
        ip=status.pod_ip,
        node_name=spec.node_name or None,
        target_ref=ObjectReference(
            kind="Pod", namespace=metadata.namespace, name=metadata.name, uid=metadata.uid
        ),
    )


def truncated(subsets: tuple[EndpointSubset, ...]) -> tuple[tuple[EndpointSubset, ...], bool]:
    """At most a thousand addresses in all, ready ones first; and whether some were left out."""
    room = MAX_ADDRESSES
    total = sum(len(s.addresses) + len(s.not_ready_addresses) for s in subsets)
    if total <= room:
        return subsets, False
    result = []
    for subset in subsets:
        addresses = subset.addresses[:room]
        room -= len(addresses)
        rest = subset.not_ready_addresses[:room]
        room -= len(rest)
        if addresses or rest:
            result.append(replace(subset, addresses=addresses, not_ready_addresses=rest))
    return tuple(result), True


class EndpointsController(KubernetesController):
    """Keeps the Endpoints of every Service with a selector."""

    name = "endpoint"
    account = "endpoint-controller"
    kind = Service

    def prepare(self) -> None:
        """Nothing is known of the services before."""
        self._services = SelectingServices(self.cache(Service))
        self._triggers = Triggers()

    def watches(self) -> Mapping[Any, Source]:
        """A pod concerns the services that select it, Endpoints that went the one of their name."""
        return {Pod: self._of_pod, Endpoints: _namesake}

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Services by a label that they select, pods by label."""
        return {Service: {BY_SELECTOR: selector_index}, Pod: {BY_LABEL: label_index}}

    def _of_pod(self, change: Change[Pod]) -> Iterable[tuple[Key, float]]:
        keys = self._services.concerned(change)
        self._triggers.heard(change, keys)
        return [(key, BATCH_SECONDS) for key in keys]

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Its own; a new Service begins to change its Endpoints when it is made."""
        self._triggers.made(change)
        return super().own_keys(change)

    async def reconcile(self, key: Key) -> float | None:
        """Write the Endpoints of one service, or delete those that it has no more."""
        service = self.cache(Service).get(key.namespace, key.name)
        present = self.cache(Endpoints).get(key.namespace, key.name)
        at = self._triggers.take(key)
        if service is None or service.metadata.deletion_timestamp is not None:
            if present is not None and present.metadata.labels.get(MANAGED_BY) == MANAGER:
                await self.client.delete(Endpoints, key.name, namespace=key.namespace)
            return None
        if not wants_slices(service):
            return None
        subsets, over = truncated(subsets_of(service, pods_of(service, self.cache(Pod))))
        await self._write(service, present, subsets, over, at)
        return None

    async def _write(
        self,
        service: Service,
        present: Endpoints | None,
        subsets: tuple[EndpointSubset, ...],
        over: bool,
        at: str,
    ) -> None:
        labels = {**service.metadata.labels, MANAGED_BY: MANAGER}
        if service.spec is not None and service.spec.cluster_ip == "None":
            labels["service.kubernetes.io/headless"] = ""
        annotations: Mapping[str, str] = {OVER_CAPACITY: "truncated"} if over else EMPTY
        if present is None:
            metadata = ObjectMeta(
                name=service.metadata.name,
                namespace=service.metadata.namespace,
                labels=labels,
                annotations=annotations,
            )
            await self.client.create(Endpoints(metadata=told_at(metadata, at), subsets=subsets))
        elif present.subsets != subsets or present.metadata.labels != labels:
            kept = {k: v for k, v in present.metadata.annotations.items() if k != OVER_CAPACITY}
            metadata = replace(
                present.metadata, labels=labels, annotations={**kept, **annotations} or EMPTY
            )
            said = replace(present, metadata=told_at(metadata, at), subsets=subsets)
            await self.client.update(said)


def _namesake(change: Change[Any]) -> Iterable[Key]:
    # Not when they change: most often it is this controller that has written them.
    return (key_of(change.latest),) if change.new is None else ()
