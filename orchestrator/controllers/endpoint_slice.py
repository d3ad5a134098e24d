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
    EndpointPort,
    EndpointSlice,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Cache, Change, Controller, Key, key_of
from orchestrator.controllers.pods import is_ready
from orchestrator.machinery.labels import of_pairs
from orchestrator.machinery.owners import owner_reference

MAX_ENDPOINTS: Final = 100
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
MANAGER: Final = "endpointslice-controller.k8s.io"
SERVICE_NAME: Final = "kubernetes.io/service-name"
HEADLESS: Final = "service.kubernetes.io/headless"
_HASH: Final = "pod-template-hash"
ZONE: Final = "topology.kubernetes.io/zone"
# Changes of pods are gathered for so long before their service is looked at. The real controller's
# default is 0; here a thousand proxies hear of every slice, and pods of a rollout become ready
# together, so a short wait saves most of the writes.
BATCH_SECONDS: Final = 0.5

Ports = tuple[EndpointPort, ...]


class Actions(Struct, frozen=True):
    """What must be written."""

    create: tuple[EndpointSlice, ...]
    update: tuple[EndpointSlice, ...]
    delete: tuple[EndpointSlice, ...]


def wants_slices(service: Service) -> bool:
    """Services with a selector have slices made for them; ExternalName ones have none."""
    spec = service.spec
    return spec is not None and bool(spec.selector) and spec.type != "ExternalName"


def wanted_endpoints(
    service: Service, pods: Iterable[Pod], zone_of: Callable[[str], str]
) -> dict[Ports, list[Endpoint]]:
    """The endpoints of a service, by the ports that they answer on (names may differ by pod)."""
    result: dict[Ports, list[Endpoint]] = {}
    spec = service.spec
    assert spec is not None
    for pod in sorted(pods, key=lambda p: p.metadata.name):
        status = pod.status
        if status is None or not status.pod_ip or status.phase in ("Succeeded", "Failed"):
            continue
        ports = tuple(port for wanted in spec.ports if (port := _port_of(wanted, pod)) is not None)
        endpoint = _endpoint_of(pod, bool(spec.publish_not_ready_addresses), service, zone_of)
        result.setdefault(ports, []).append(endpoint)
    return result


def _port_of(wanted: ServicePort, pod: Pod) -> EndpointPort | None:
    """The pod's port for a service port; None when it names one that the pod does not have."""
    protocol = wanted.protocol or "TCP"
    number = container_port(wanted, pod)
    if number is None:
        return None
    return EndpointPort(
        name=wanted.name or "", port=number, protocol=protocol, app_protocol=wanted.app_protocol
    )


def container_port(wanted: ServicePort, pod: Pod) -> int | None:
    """The number of a service port's target in a pod; None for a name that it does not have."""
    target = wanted.target_port
    if isinstance(target, str) and target:
        spec = pod.spec
        containers = (*spec.containers, *spec.init_containers) if spec is not None else ()
        for container in containers:
            for port in container.ports:
                if port.name == target and (port.protocol or "TCP") == (wanted.protocol or "TCP"):
                    return port.container_port
        return None
    return target or wanted.port if isinstance(target, int) else wanted.port


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
            serving=serving or publish_not_ready,
            terminating=terminating,
        ),
        hostname=spec.hostname if named else None,
        node_name=spec.node_name or None,
        target_ref=ObjectReference(
            kind="Pod", namespace=metadata.namespace, name=metadata.name, uid=metadata.uid
        ),
        zone=zone_of(spec.node_name) or None,
    )


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
            update.append(replace(last, endpoints=(), ports=()))
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
        elif now != slice_.endpoints or _labels(service) != _own_labels(slice_):
            labels = {**slice_.metadata.labels, **_labels(service)}
            metadata = replace(slice_.metadata, labels=labels)
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
    return {**service.metadata.labels, **labels}


def _own_labels(slice_: EndpointSlice) -> dict[str, str]:
    return dict(slice_.metadata.labels)


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


# Indexes that tell services and pods apart by one label each: looking for the services of a pod, or
# the pods of a service, must not cost a walk over a namespace of thousands.
BY_SELECTOR: Final = "selector-pair"
BY_LABEL: Final = "label-pair"


def selector_index(service: Service) -> Iterable[str]:
    """One pair of the service's selector: a pod that it selects has that pair."""
    pair = _first_pair(service)
    return (f"{service.metadata.namespace}/{pair}",) if pair else ()


def label_index(pod: Pod) -> Iterable[str]:
    """The pairs of a pod's labels, but for the template hash, which no service selects by."""
    namespace = pod.metadata.namespace
    return [f"{namespace}/{k}={v}" for k, v in pod.metadata.labels.items() if k != _HASH]


def pods_of(service: Service, pods: Cache[Pod]) -> Iterable[Pod]:
    """The pods that a service selects."""
    assert service.spec is not None
    selector = of_pairs(service.spec.selector)
    candidates = pods.by_index(BY_LABEL, f"{service.metadata.namespace}/{_first_pair(service)}")
    return [pod for pod in candidates if selector.matches(pod.metadata.labels)]


def services_of(services: Cache[Service], change: Change[Pod]) -> Iterable[Key]:
    """The services that a pod's change concerns: those that match it before or after."""
    old, new = change.old, change.new
    if old is not None and new is not None and not concerns_endpoints(old, new):
        return ()
    found: dict[Key, None] = {}
    for pod in (old, new):
        if pod is None or (pod is old and new is not None and _same_labels(pod, new)):
            continue
        for pair in label_index(pod):
            for service in services.by_index(BY_SELECTOR, pair):
                spec = service.spec
                if spec is not None and of_pairs(spec.selector).matches(pod.metadata.labels):
                    found[key_of(service)] = None
    return found


def _same_labels(one: Pod, other: Pod) -> bool:
    return one.metadata.labels is other.metadata.labels


def _first_pair(service: Service) -> str:
    selector = service.spec.selector if service.spec is not None else {}
    key = min((k for k in selector if k != _HASH), default=None)
    return f"{key}={selector[key]}" if key is not None else ""


def concerns_endpoints(old: Pod, new: Pod) -> bool:
    """Whether a pod's change may change an endpoint: address, readiness, labels, node, end."""
    before, after = old.status, new.status
    return (
        old.metadata.labels != new.metadata.labels
        or old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
        or (before.pod_ip if before else "") != (after.pod_ip if after else "")
        or (before.phase if before else "") != (after.phase if after else "")
        or is_ready(old) != is_ready(new)
    )


class EndpointSliceController(Controller):
    """Keeps the slices of every Service with a selector."""

    name = "endpointslice"
    kind = Service
    owns = (EndpointSlice,)

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod concerns the services that select it; a node, none: its zone does not change."""
        return {Pod: self._of_pod, Node: _nobody}

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Slices by their service, services by a label that they select, pods by label."""
        return {
            EndpointSlice: {"service": _service_index},
            Service: {BY_SELECTOR: selector_index},
            Pod: {BY_LABEL: label_index},
        }

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        now = self.ctx.clock.monotonic()
        for key in services_of(self.cache(Service), change):
            self._queue.add_after(key, now + BATCH_SECONDS)
        return ()

    async def reconcile(self, key: Key) -> float | None:
        """Write the slices of one service."""
        service = self.cache(Service).get(key.namespace, key.name)
        slices = [
            s
            for s in self.cache(EndpointSlice).by_index("service", f"{key.namespace}/{key.name}")
            if s.metadata.labels.get(MANAGED_BY) == MANAGER
        ]
        if service is None or service.metadata.deletion_timestamp is not None:
            return None  # the garbage collector takes the slices
        if not wants_slices(service):
            return None
        pods = pods_of(service, self.cache(Pod))
        actions = plan(service, wanted_endpoints(service, pods, self._zone_of), slices)
        for slice_ in actions.create:
            await self.client.create(slice_)
        for slice_ in actions.update:
            await self.client.update(slice_)
        for slice_ in actions.delete:
            metadata = slice_.metadata
            await self.client.delete(EndpointSlice, metadata.name, namespace=metadata.namespace)
        return None

    def _zone_of(self, node_name: str) -> str:
        node = self.cache(Node).get("", node_name)
        return node.metadata.labels.get(ZONE, "") if node is not None else ""


def _nobody(_change: Change[Any]) -> Iterable[Key]:
    return ()


def _service_index(slice_: EndpointSlice) -> Iterable[str]:
    name = slice_.metadata.labels.get(SERVICE_NAME)
    return (f"{slice_.metadata.namespace}/{name}",) if name else ()
