"""EndpointSlices: which pods stand behind a Service, in slices of at most a hundred.

Follows kube-controller-manager's endpointslice reconciler: a pod that matches the selector and has an
address is an endpoint; slices with equal ports are filled up; and existing slices are changed as
little as possible, so that each change costs the watchers little.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, ObjectReference, Pod, Service, ServicePort
from orchestrator.api.discovery.v1 import (
    Endpoint,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    EndpointSlice,
    ForNode,
    ForZone,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Key, Source
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
from orchestrator.controllers.topology_hints import (
    DISABLED,
    ENABLED,
    ZONE,
    NoHints,
    cpu_ratios,
    wants_hints,
    with_hints,
)
from orchestrator.machinery.owners import owner_reference

MAX_ENDPOINTS: Final = 100
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
MANAGER: Final = "endpointslice-controller.k8s.io"
SERVICE_NAME: Final = "kubernetes.io/service-name"
HEADLESS: Final = "service.kubernetes.io/headless"
# Distributions of traffic that want hints: what stays in its zone, or on its node if it can.
_SAME_NODE: Final = "PreferSameNode"
_NEAR: Final = ("PreferClose", "PreferSameZone", _SAME_NODE)
# How soon a slice that somebody else has changed is looked at, as in the real controller.
FOREIGN_SECONDS: Final = 1.0

Ports = tuple[EndpointPort, ...]


class Actions(Struct, frozen=True):
    """What must be written."""

    create: tuple[EndpointSlice, ...]
    update: tuple[EndpointSlice, ...]
    delete: tuple[EndpointSlice, ...]


def wanted_endpoints(
    service: Service, pods: Iterable[Pod], zone_of: Callable[[str], str]
) -> dict[Ports, list[Endpoint]]:
    """The endpoints of a service, by the ports that they answer on (names may differ by pod)."""
    result: dict[Ports, list[Endpoint]] = {}
    spec = service.spec
    assert spec is not None
    # Whatever the pods are, unless a port is asked for by name.
    fixed = None if ports_vary(service) else _ports_of(service, None)
    for pod in sorted(pods, key=lambda p: p.metadata.name):
        status = pod.status
        if status is None or not status.pod_ip or status.phase in ("Succeeded", "Failed"):
            continue
        ports = _ports_of(service, pod) if fixed is None else fixed
        endpoint = _endpoint_of(pod, bool(spec.publish_not_ready_addresses), service, zone_of)
        if spec.traffic_distribution in _NEAR and not wants_hints(service):
            endpoint = _hinted(endpoint, spec.traffic_distribution)
        result.setdefault(ports, []).append(endpoint)
    return result


def _ports_of(service: Service, pod: Pod | None) -> Ports:
    wanted = service.spec.ports if service.spec is not None else ()
    return tuple(port for each in wanted if (port := _port_of(each, pod)) is not None)


def _port_of(wanted: ServicePort, pod: Pod | None) -> EndpointPort | None:
    """The pod's port for a service port; None when it names one that the pod does not have."""
    protocol = wanted.protocol or "TCP"
    number = container_port(wanted, pod)
    if number is None:
        return None
    return EndpointPort(
        name=wanted.name or "", port=number, protocol=protocol, app_protocol=wanted.app_protocol
    )


def _endpoint_of(
    pod: Pod, publish_not_ready: bool, service: Service, zone_of: Callable[[str], str]
) -> Endpoint:
    metadata, spec, status = pod.metadata, pod.spec, pod.status
    assert spec is not None
    assert status is not None
    terminating = metadata.deletion_timestamp is not None
    serving = is_ready(pod)
    named = spec.subdomain == service.metadata.name and spec.hostname
    return Endpoint(
        addresses=(status.pod_ip,),
        conditions=EndpointConditions(
            ready=publish_not_ready or (serving and not terminating),
            serving=serving,
            terminating=terminating,
        ),
        hostname=spec.hostname if named else None,
        node_name=spec.node_name or None,
        target_ref=ObjectReference(
            kind="Pod", namespace=metadata.namespace, name=metadata.name, uid=metadata.uid
        ),
        zone=zone_of(spec.node_name) or None,
    )


def _hinted(endpoint: Endpoint, distribution: str) -> Endpoint:
    """The endpoint for the zone that it is in, or for its node too; one that is not ready is for all."""
    if endpoint.conditions is None or not endpoint.conditions.ready:
        return endpoint
    zone, node = endpoint.zone, endpoint.node_name
    zones = (ForZone(name=zone),) if zone else ()
    nodes = (ForNode(name=node),) if node and distribution == _SAME_NODE else ()
    if not zones and not nodes:
        return endpoint
    return replace(endpoint, hints=EndpointHints(for_zones=zones, for_nodes=nodes))


def plan(
    service: Service, wanted: Mapping[Ports, list[Endpoint]], slices: Sequence[EndpointSlice]
) -> Actions:
    """How to bring `slices` to `wanted` with few changes."""
    create: list[EndpointSlice] = []
    update: list[EndpointSlice] = []
    delete: list[EndpointSlice] = []
    by_ports: dict[Ports, list[EndpointSlice]] = {}
    for slice_ in sorted(slices, key=lambda s: s.metadata.name):
        if slice_.address_type != "IPv4" or slice_.metadata.deletion_timestamp is not None:
            continue
        by_ports.setdefault(slice_.ports, []).append(slice_)
    for ports, present in by_ports.items():
        if ports not in wanted:
            delete.extend(present)
    for ports, endpoints in wanted.items():
        _fill(service, ports, endpoints, by_ports.get(ports, []), create, update, delete)
    if not create and len(delete) == len(slices) - len(update):
        # A service always has a slice, if only an empty one: reuse rather than delete the last.
        if delete and not update:
            last = delete.pop()
            metadata = replace(last.metadata, labels=_labels(service))
            empty = replace(last, endpoints=(), ports=(), metadata=metadata)
            if empty != last:
                update.append(empty)
        elif not slices:
            create.append(_new_slice(service, (), ()))
    return Actions(tuple(create), tuple(update), tuple(delete))


def _fill(
    service: Service,
    ports: Ports,
    endpoints: list[Endpoint],
    present: list[EndpointSlice],
    create: list[EndpointSlice],
    update: list[EndpointSlice],
    delete: list[EndpointSlice],
) -> None:
    """Keep each endpoint in the slice that has it, fill the changed slices, then make new ones."""
    left = {_name(e): e for e in endpoints}
    kept: list[tuple[EndpointSlice, list[Endpoint], bool]] = []
    for slice_ in present:
        stay = [left.pop(_name(e)) for e in slice_.endpoints if _name(e) in left]
        changed = tuple(stay) != slice_.endpoints
        kept.append((slice_, stay, changed))
    # Slices that change anyway take what is new before others are touched; then fuller ones first.
    order = sorted(range(len(kept)), key=lambda i: (not kept[i][2], -len(kept[i][1])))
    rest = list(left.values())
    final: dict[int, list[Endpoint]] = {}
    for index in order:
        _, stay, changed = kept[index]
        room = MAX_ENDPOINTS - len(stay)
        take = rest[:room] if (changed or rest) and room > 0 else []
        rest = rest[len(take) :]
        final[index] = stay + take
    for index, (slice_, _, _) in enumerate(kept):
        now = tuple(final[index])
        if not now:
            delete.append(slice_)
        elif now != slice_.endpoints or _labels(service) != slice_.metadata.labels:
            metadata = replace(slice_.metadata, labels=_labels(service))
            update.append(replace(slice_, endpoints=now, metadata=metadata))
    for start in range(0, len(rest), MAX_ENDPOINTS):
        create.append(_new_slice(service, ports, tuple(rest[start : start + MAX_ENDPOINTS])))


def _name(endpoint: Endpoint) -> tuple[str, str]:
    target = endpoint.target_ref
    return (target.uid if target is not None else "", endpoint.addresses[0])


def _labels(service: Service) -> dict[str, str]:
    labels = {SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}
    if service.spec is not None and service.spec.cluster_ip == "None":
        labels[HEADLESS] = ""
    return {**{k: v for k, v in service.metadata.labels.items() if k != HEADLESS}, **labels}


def _new_slice(service: Service, ports: Ports, endpoints: tuple[Endpoint, ...]) -> EndpointSlice:
    return EndpointSlice(
        metadata=ObjectMeta(
            generate_name=f"{service.metadata.name}-",
            namespace=service.metadata.namespace,
            labels=_labels(service),
            owner_references=(owner_reference(service, controller=True),),
        ),
        address_type="IPv4",
        endpoints=endpoints,
        ports=ports,
    )


class EndpointSliceController(KubernetesController):
    """Keeps the slices of every Service with a selector."""

    name = "endpointslice"
    event_source = "endpoint-slice-controller"
    account = "endpointslice-controller"
    kind = Service

    def prepare(self) -> None:
        """Nothing has been written before."""
        self._services = SelectingServices(self.cache(Service))
        # The slices of each service as they shall be; what they hear of them is no news.
        self._planned: dict[Key, tuple[EndpointSlice, ...]] = {}
        self._triggers = Triggers()
        self._hinting: dict[Key, bool] = {}  # who wants hints by zones' CPUs: has she any?

    def watches(self) -> Mapping[Any, Source]:
        """A pod concerns the services that select it; a node those with hints: its zone does not change."""
        return {Pod: self._of_pod, EndpointSlice: self._of_slice, Node: self._of_node}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Its own; a new Service begins to change its slices when it is made."""
        self._triggers.made(change)
        return super().own_keys(change)

    def _of_node(self, change: Change[Node]) -> Iterable[tuple[Key, float]]:
        return [(key, BATCH_SECONDS) for key in self._hinting]

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Slices by their service, services by a label that they select, pods by label."""
        return {
            EndpointSlice: {"service": service_index},
            Service: {BY_SELECTOR: selector_index},
            Pod: {BY_LABEL: label_index},
        }

    def _of_pod(self, change: Change[Pod]) -> Iterable[tuple[Key, float]]:
        keys = self._services.concerned(change)
        self._triggers.heard(change, keys)
        return [(key, BATCH_SECONDS) for key in keys]

    def _of_slice(self, change: Change[EndpointSlice]) -> Iterable[tuple[Key, float]]:
        """Its service, unless the change is a write of this controller's own."""
        slice_ = change.latest
        name = slice_.metadata.labels.get(SERVICE_NAME)
        if not name:
            return ()
        key = Key(slice_.metadata.namespace, name)
        own = change.new is not None and any(
            _says_the_same(slice_, planned) for planned in self._planned.get(key, ())
        )
        return () if own else ((key, FOREIGN_SECONDS),)

    async def reconcile(self, key: Key) -> float | None:
        """Write the slices of one service."""
        service = self.cache(Service).get(key.namespace, key.name)
        slices = [
            s
            for s in self.cache(EndpointSlice).by_index("service", f"{key.namespace}/{key.name}")
            if s.metadata.labels.get(MANAGED_BY) == MANAGER
        ]
        triggered = self._triggers.take(key)
        gone = service is None or service.metadata.deletion_timestamp is not None
        if service is None or gone or not wants_slices(service):
            self._planned.pop(key, None)
            self._hinting.pop(key, None)
            return None  # the garbage collector takes the slices of one that is gone
        pods = pods_of(service, self.cache(Pod))
        wanted: Mapping[Ports, list[Endpoint]] = wanted_endpoints(service, pods, self._zone_of)
        if wants_hints(service):
            wanted = self._with_hints(service, wanted, slices)
        elif self._hinting.pop(key, False):
            self._tell(service, "Warning", DISABLED)
        actions = _triggered(plan(service, wanted, slices), triggered)
        self._planned[key] = (*actions.create, *actions.update)
        for slice_ in actions.create:
            await self.client.create(slice_)
        for slice_ in actions.update:
            await self.client.update(slice_)
        for slice_ in actions.delete:
            metadata = slice_.metadata
            await self.client.delete(EndpointSlice, metadata.name, namespace=metadata.namespace)
        return None

    def _with_hints(
        self,
        service: Service,
        wanted: Mapping[Ports, list[Endpoint]],
        slices: Sequence[EndpointSlice],
    ) -> Mapping[Ports, list[Endpoint]]:
        """The endpoints with hints by the zones' CPUs; without any where that cannot be."""
        key = Key(service.metadata.namespace, service.metadata.name)
        before = {
            each.addresses[0]: each.hints.for_zones[0].name
            for slice_ in slices
            for each in slice_.endpoints
            if each.hints is not None and each.hints.for_zones
        }
        every = [each for endpoints in wanted.values() for each in endpoints]
        was = self._hinting.get(key, bool(before))
        self._hinting[key] = False
        try:
            hinted = iter(with_hints(every, before, cpu_ratios(self.cache(Node).list())))
        except NoHints as why:
            self._tell(service, "Warning", str(why))
            return wanted
        self._hinting[key] = True
        if not was:
            self._tell(service, "Normal", ENABLED)
        return {ports: [next(hinted) for _ in endpoints] for ports, endpoints in wanted.items()}

    def _tell(self, service: Service, type_: str, what: str) -> None:
        reason = f"TopologyAwareHints{'Enabled' if type_ == 'Normal' else 'Disabled'}"
        self.events.event(service, type_, reason, f"{what}, addressType: IPv4")

    def _zone_of(self, node_name: str) -> str:
        node = self.cache(Node).get("", node_name)
        return node.metadata.labels.get(ZONE, "") if node is not None else ""


def _triggered(actions: Actions, at: str) -> Actions:
    """The slices saying when what they tell of began to change; "" where nobody knows."""
    if not actions.create and not actions.update:
        return actions
    create, update = (
        tuple(replace(each, metadata=told_at(each.metadata, at)) for each in slices)
        for slices in (actions.create, actions.update)
    )
    return replace(actions, create=create, update=update)


def service_index(slice_: EndpointSlice) -> Iterable[str]:
    """The service of a slice, as `namespace/name`."""
    name = slice_.metadata.labels.get(SERVICE_NAME)
    return (f"{slice_.metadata.namespace}/{name}",) if name else ()


def _says_the_same(one: EndpointSlice, other: EndpointSlice) -> bool:
    return (
        one.endpoints == other.endpoints
        and one.ports == other.ports
        and one.metadata.labels == other.metadata.labels
    )
