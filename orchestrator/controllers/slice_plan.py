"""Which EndpointSlices a Service has to have, and the fewest changes that lead there.

Follows the original's endpointslice reconciler. A slice has one address type and one set of ports; what is there
is changed as little as possible, so that each change costs the watchers little: endpoints stay in their slices,
those that change anyway are filled first, and a slice that is no longer needed becomes one that is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias

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
from orchestrator.api.scalars import EMPTY
from orchestrator.controllers.pods import is_ready
from orchestrator.controllers.services import container_port, named_host, ports_vary
from orchestrator.controllers.topology_hints import ZONE, wants_hints
from orchestrator.machinery.owners import owner_reference

MAX_ENDPOINTS: Final = 100
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
MANAGER: Final = "endpointslice-controller.k8s.io"
SERVICE_NAME: Final = "kubernetes.io/service-name"
HEADLESS: Final = "service.kubernetes.io/headless"
_RESERVED: Final = (SERVICE_NAME, MANAGED_BY, HEADLESS)
# Distributions of traffic that want hints: what stays in its zone, or on its node if it can.
_SAME_NODE: Final = "PreferSameNode"
_NEAR: Final = ("PreferClose", "PreferSameZone", _SAME_NODE)

Family: TypeAlias = Literal["IPv4", "IPv6"]
FAMILIES: Final[tuple[Family, ...]] = ("IPv4", "IPv6")
Ports: TypeAlias = tuple[EndpointPort, ...]
_Key: TypeAlias = frozenset[EndpointPort]  # the order of ports does not tell slices apart


class Actions(Struct, frozen=True):
    """What must be written."""

    create: tuple[EndpointSlice, ...] = ()
    update: tuple[EndpointSlice, ...] = ()
    delete: tuple[EndpointSlice, ...] = ()


class Wanted(Struct, frozen=True):
    """The endpoints of one address family by the ports that they answer on (names may differ by pod).

    `homeless`: the pods whose node is not known; they are left out.
    """

    endpoints: Mapping[Ports, list[Endpoint]]
    homeless: tuple[Pod, ...] = ()


def families_of(service: Service) -> tuple[Family, ...]:
    """The address families of which the service has slices, its first one first."""
    spec = service.spec
    assert spec is not None
    families = tuple(each for each in FAMILIES if each in spec.ip_families)
    if families:
        first = spec.ip_families[0]
        return families if families[0] == first else families[::-1]
    if spec.cluster_ip and spec.cluster_ip != "None":
        return ("IPv6",) if ":" in spec.cluster_ip else ("IPv4",)
    return FAMILIES


def wanted_endpoints(
    service: Service, pods: Iterable[Pod], node_of: Callable[[str], Node | None], family: Family
) -> Wanted:
    """The endpoints that the pods of a service make. `node_of` knows nodes by name."""
    result: dict[Ports, list[Endpoint]] = {}
    homeless: list[Pod] = []
    spec = service.spec
    assert spec is not None
    # Whatever the pods are, unless a port is asked for by name.
    fixed = None if ports_vary(service) else _ports_of(service, None)
    near = spec.traffic_distribution if not wants_hints(service) else None
    for pod in sorted(pods, key=lambda p: p.metadata.name):
        status = pod.status
        if status is None or not status.pod_ip or status.phase in ("Succeeded", "Failed"):
            continue
        ports = _ports_of(service, pod) if fixed is None else fixed
        endpoints = result.setdefault(ports, [])
        node = node_of(pod.spec.node_name or "") if pod.spec is not None else None
        if node is None and not spec.publish_not_ready_addresses:
            homeless.append(pod)
            continue
        address = address_of(pod, family)
        if not address:
            continue
        endpoint = _endpoint_of(pod, address, service, node)
        endpoints.append(_hinted(endpoint, near) if near in _NEAR else endpoint)
    return Wanted(result, tuple(homeless))


def address_of(pod: Pod, family: Family) -> str:
    """The pod's address of a family; empty if it has none."""
    status = pod.status
    assert status is not None
    first = status.pod_ip or ""
    if family == "IPv4" and ":" not in first:
        return first
    for each in status.pod_ips:
        if (":" in each.ip) == (family == "IPv6"):
            return str(ip_address(each.ip))
    return ""


def _ports_of(service: Service, pod: Pod | None) -> Ports:
    wanted = service.spec.ports if service.spec is not None else ()
    return tuple(port for each in wanted if (port := _port_of(each, pod)) is not None)


def _port_of(wanted: ServicePort, pod: Pod | None) -> EndpointPort | None:
    """The pod's port for a service port; None when it names one that the pod does not have."""
    number = container_port(wanted, pod)
    if number is None:
        return None
    return EndpointPort(
        name=wanted.name or "",
        port=number,
        protocol=wanted.protocol or "TCP",
        app_protocol=wanted.app_protocol,
    )


def _endpoint_of(pod: Pod, address: str, service: Service, node: Node | None) -> Endpoint:
    metadata, spec = pod.metadata, pod.spec
    assert spec is not None
    assert service.spec is not None
    terminating = metadata.deletion_timestamp is not None
    serving = is_ready(pod)
    zone = node.metadata.labels.get(ZONE) if node is not None else None
    return Endpoint(
        addresses=(address,),
        conditions=EndpointConditions(
            ready=bool(service.spec.publish_not_ready_addresses) or (serving and not terminating),
            serving=serving,
            terminating=terminating,
        ),
        hostname=named_host(pod, service) or None,
        node_name=spec.node_name or None,
        target_ref=ObjectReference(
            kind="Pod", namespace=metadata.namespace, name=metadata.name, uid=metadata.uid
        ),
        zone=zone or None,
    )


def _hinted(endpoint: Endpoint, distribution: str | None) -> Endpoint:
    """The endpoint for the zone that it is in, or for its node too; one that is not ready is for all."""
    if endpoint.conditions is None or not endpoint.conditions.ready:
        return endpoint
    zone, node = endpoint.zone, endpoint.node_name
    zones = (ForZone(name=zone),) if zone else ()
    nodes = (ForNode(name=node),) if node and distribution == _SAME_NODE else ()
    if not zones and not nodes:
        return endpoint
    return replace(endpoint, hints=EndpointHints(for_zones=zones, for_nodes=nodes))


# --- the fewest changes --------------------------------------------------------------------


def plan(
    service: Service,
    family: Family,
    wanted: Mapping[Ports, list[Endpoint]],
    slices: Sequence[EndpointSlice],
) -> Actions:
    """How to bring the `slices` of a family to `wanted`."""
    labels = _labels(service)
    changes = _Changes()
    by_ports: dict[_Key, list[EndpointSlice]] = {}
    for slice_ in sorted(slices, key=lambda s: s.metadata.name):
        if _is_owned(slice_, service):
            by_ports.setdefault(frozenset(slice_.ports), []).append(slice_)
        else:  # of a service of the same name that is gone
            changes.delete.append(slice_)
    empty = _new_slice(service, family, labels)
    for ports, endpoints in wanted.items():
        present = by_ports.pop(frozenset(ports), [])
        _fill(replace(empty, ports=ports), endpoints, present, changes)
    for present in by_ports.values():
        changes.delete += present
    if not changes.create and len(changes.delete) == len(slices):
        # A service always has a slice, if only an empty one.
        if [_without_name(each) for each in changes.delete] == [_without_name(empty)]:
            changes.delete.clear()
        else:
            changes.create.append(empty)
    return changes.recycled(service)


class _Changes:
    """What has been found to be written so far."""

    def __init__(self) -> None:
        self.create: list[EndpointSlice] = []
        self.update: list[EndpointSlice] = []
        self.delete: list[EndpointSlice] = []

    def recycled(self, service: Service) -> Actions:
        """The changes, where a slice that would be deleted becomes one that would be created."""
        create, update, delete = [*self.create], [*self.update], []
        for old in self.delete:
            if create and _is_owned(old, service):
                new = create.pop()
                metadata = replace(
                    old.metadata,
                    labels=new.metadata.labels,
                    annotations=EMPTY,
                    owner_references=new.metadata.owner_references,
                )
                update.append(replace(new, metadata=metadata))
            else:
                delete.append(old)
        return Actions(tuple(create), tuple(update), tuple(delete))


def _fill(
    empty: EndpointSlice,
    endpoints: Iterable[Endpoint],
    present: Sequence[EndpointSlice],
    changes: _Changes,
) -> None:
    """Keep each endpoint in the slice that has it, fill the changed slices, then one other, then new ones."""
    labels = empty.metadata.labels
    left = {_name(e): e for e in endpoints}
    changed: list[EndpointSlice] = []
    unchanged: list[EndpointSlice] = []
    for slice_ in present:
        stay = tuple(left.pop(_name(e)) for e in slice_.endpoints if _name(e) in left)
        if stay != slice_.endpoints and not stay:
            changes.delete.append(slice_)
        elif stay != slice_.endpoints or _own(slice_.metadata.labels) != _own(labels):
            metadata = replace(slice_.metadata, labels=labels)
            changed.append(replace(slice_, endpoints=stay, metadata=metadata))
        else:
            unchanged.append(slice_)
    rest = list(left.values())
    changed.sort(key=lambda each: -len(each.endpoints))
    for slice_ in changed:
        filled, rest = _taking(slice_, rest)
        changes.update.append(filled)
    while rest:
        into = _closest(unchanged, len(rest))
        filled, rest = _taking(into or empty, rest)
        (changes.create if into is None else changes.update).append(filled)


def _taking(
    slice_: EndpointSlice, endpoints: list[Endpoint]
) -> tuple[EndpointSlice, list[Endpoint]]:
    """The slice filled up, and what has no room."""
    room = max(0, MAX_ENDPOINTS - len(slice_.endpoints))
    if not endpoints or not room:
        return slice_, endpoints
    taken = (*slice_.endpoints, *endpoints[:room])
    return replace(slice_, endpoints=taken), endpoints[room:]


def _closest(slices: Sequence[EndpointSlice], count: int) -> EndpointSlice | None:
    """The slice that so many endpoints make the fullest; None if they fit into none."""
    fitting = [each for each in slices if len(each.endpoints) + count <= MAX_ENDPOINTS]
    return (
        max(fitting, key=lambda each: len(each.endpoints))
        if fitting and count < MAX_ENDPOINTS
        else None
    )


def _name(endpoint: Endpoint) -> tuple[str, str, str | None]:
    target = endpoint.target_ref
    return (target.uid if target is not None else "", endpoint.addresses[0], endpoint.hostname)


def _is_owned(slice_: EndpointSlice, service: Service) -> bool:
    uid = service.metadata.uid
    return any(o.uid == uid and o.kind == "Service" for o in slice_.metadata.owner_references)


def _own(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in labels.items() if key not in _RESERVED}


def _without_name(slice_: EndpointSlice) -> EndpointSlice:
    """The slice with nothing of its metadata but labels and owners."""
    metadata = slice_.metadata
    kept = ObjectMeta(labels=metadata.labels, owner_references=metadata.owner_references)
    return replace(slice_, metadata=kept)


def _labels(service: Service) -> dict[str, str]:
    labels = _own(service.metadata.labels)
    if service.spec is not None and service.spec.cluster_ip in ("None", ""):
        labels[HEADLESS] = ""
    return {**labels, SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}


def _new_slice(service: Service, family: Family, labels: Mapping[str, str]) -> EndpointSlice:
    return EndpointSlice(
        metadata=ObjectMeta(
            generate_name=f"{service.metadata.name}-",
            namespace=service.metadata.namespace,
            labels=labels,
            owner_references=(owner_reference(service, controller=True),),
        ),
        address_type=family,
        endpoints=(),
        ports=(),
    )
