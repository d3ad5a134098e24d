"""Endpoints: the older list of a Service's addresses, which clients still read."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
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
from orchestrator.controllers.base import KubernetesController, namespace_ends
from orchestrator.controllers.pods import is_ready
from orchestrator.controllers.services import (
    BATCH_SECONDS,
    BY_LABEL,
    BY_SELECTOR,
    SelectingServices,
    Triggers,
    container_port,
    label_index,
    named_host,
    pods_of,
    ports_vary,
    selector_index,
    told_at,
    wants_slices,
)
from orchestrator.controllers.slice_plan import Family, address_of, families_of
from orchestrator.controllers.subsets import in_order, repacked, truncated
from orchestrator.protocol import ApiError, Forbidden, Invalid, NotFound

OVER_CAPACITY: Final = "endpoints.kubernetes.io/over-capacity"
MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
MANAGER: Final = "endpoint-controller"
HEADLESS: Final = "service.kubernetes.io/headless"
_LEADER: Final = "control-plane.alpha.kubernetes.io/leader"

_Ports = tuple[EndpointPort, ...]


def subsets_of(service: Service, pods: Iterable[Pod]) -> tuple[EndpointSubset, ...]:
    """The addresses by the ports that they answer on, ready and not ready, in order.

    As in Kubernetes only a headless service without ports has addresses without: a pod that has none of the
    ports that are asked for by name is not told of.
    """
    spec = service.spec
    assert spec is not None
    ready: dict[_Ports, list[EndpointAddress]] = {}
    unready: dict[_Ports, list[EndpointAddress]] = {}
    vary = ports_vary(service)
    fixed = None if vary else _ports_of(service, None)
    family = families_of(service)[0]
    portless = not spec.ports and spec.cluster_ip == "None"
    for pod in pods:
        status = pod.status
        if status is None or not status.pod_ip or status.phase in ("Succeeded", "Failed"):
            continue
        if pod.metadata.deletion_timestamp is not None and not spec.publish_not_ready_addresses:
            continue
        ports = _ports_of(service, pod) if fixed is None else fixed
        address = _address(pod, service, family)
        if address is None or not (ports or portless):
            continue
        into = ready if is_ready(pod) or spec.publish_not_ready_addresses else unready
        into.setdefault(ports, []).append(address)
    found = tuple(
        EndpointSubset(
            addresses=in_order(ready.get(ports, ())),
            not_ready_addresses=in_order(unready.get(ports, ())),
            ports=ports,
        )
        for ports in {**ready, **unready}
    )
    return repacked(found) if vary else found


def _ports_of(service: Service, pod: Pod | None) -> _Ports:
    assert service.spec is not None
    return tuple(
        EndpointPort(
            name=p.name, port=number, protocol=p.protocol or "TCP", app_protocol=p.app_protocol
        )
        for p in service.spec.ports
        if (number := container_port(p, pod)) is not None
    )


def _address(pod: Pod, service: Service, family: Family) -> EndpointAddress | None:
    """The pod's address of a family; None if it has none."""
    metadata, spec = pod.metadata, pod.spec
    assert spec is not None
    ip = address_of(pod, family)
    if not ip:
        return None
    return EndpointAddress(
        ip=ip,
        hostname=named_host(pod, service),
        node_name=spec.node_name or None,
        target_ref=ObjectReference(
            kind="Pod", namespace=metadata.namespace, name=metadata.name, uid=metadata.uid
        ),
    )


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

    def initial_keys(self) -> Iterable[Key]:
        """All Services, and Endpoints whose Service may have gone unseen, but for those of leaders' elections."""
        left = (
            key_of(each)
            for each in self.cache(Endpoints).list()
            if _LEADER not in each.metadata.annotations
        )
        return dict.fromkeys((*super().initial_keys(), *left))

    async def reconcile(self, key: Key) -> float | None:
        """Write the Endpoints of one service, or delete those that it has no more."""
        service = self.cache(Service).get(key.namespace, key.name)
        present = self.cache(Endpoints).get(key.namespace, key.name)
        at = self._triggers.take(key)
        if service is None:
            if present is not None:  # whoever wrote them
                with suppress(NotFound):
                    await self.client.delete(Endpoints, key.name, namespace=key.namespace)
            return None
        if not wants_slices(service):
            return None
        subsets, over = truncated(subsets_of(service, pods_of(service, self.cache(Pod))))
        try:
            await self._write(service, present, subsets, over, at)
        except (Forbidden, Invalid) as error:
            if present is None and namespace_ends(error):
                return None
            self._failed_to_write(service, present, error)
            raise
        return None

    def _failed_to_write(
        self, service: Service, present: Endpoints | None, error: ApiError
    ) -> None:
        metadata = service.metadata
        where = f"{metadata.namespace}/{metadata.name}"
        if present is None:
            bare = Endpoints(metadata=ObjectMeta(name=metadata.name, namespace=metadata.namespace))
            message = f"Failed to create endpoint for service {where}: {error}"
            self.events.event(bare, "Warning", "FailedToCreateEndpoint", message)
        else:
            message = f"Failed to update endpoint {where}: {error}"
            self.events.event(present, "Warning", "FailedToUpdateEndpoint", message)

    async def _write(
        self,
        service: Service,
        present: Endpoints | None,
        subsets: tuple[EndpointSubset, ...],
        over: bool,
        at: str,
    ) -> None:
        labels = {k: v for k, v in service.metadata.labels.items() if k != HEADLESS}
        labels[MANAGED_BY] = MANAGER
        if service.spec is not None and service.spec.cluster_ip in ("None", ""):
            labels[HEADLESS] = ""
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
