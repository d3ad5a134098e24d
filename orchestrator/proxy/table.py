"""The routing table: where each service address leads, as a persistent value.

A table is never changed. `advance` answers the next one, computing again only the services that the
changes touch and sharing the rest. It is a pure function of the table and of the watch message, and
every proxy of a cluster gets the same message objects; so `TableMemo` lets a thousand proxies that
saw the same changes share one table, while one that was cut off keeps its own, older, one.

Which endpoints are eligible follows kube-proxy: those that are ready; when a service has none, those
that still serve while they terminate (KEP-1669). What a node makes of them is in `eligibility.py`.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Service, ServiceSpec
from orchestrator.api.discovery.v1 import Endpoint, EndpointSlice

K = TypeVar("K")
V = TypeVar("V")

SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
PROXY_NAME_LABEL: Final = "service.kubernetes.io/service-proxy-name"
DEFAULT_AFFINITY_SECONDS: Final = 10800  # ClientIPConfig's default: three hours
_NODES: Final = "IPv4"  # the family of nodes' addresses


class ServiceKey(NamedTuple):
    """Which Service."""

    namespace: str
    name: str


class Frontend(NamedTuple):
    """An address that clients connect to: a cluster, external or load balancer IP and port."""

    ip: str
    port: int
    protocol: str


class NodePort(NamedTuple):
    """A port that every node answers on."""

    port: int
    protocol: str


class Backend(Struct, frozen=True, gc=False):
    """One endpoint of a service port. `pod` is `namespace/name`, or empty for a bare address.

    `for_zones` and `for_nodes` are the hints whose clients should come here.
    """

    ip: str
    port: int
    node: str
    pod: str
    for_zones: tuple[str, ...] = ()
    for_nodes: tuple[str, ...] = ()


class ServicePort(Struct, frozen=True):
    """One port of a service with the backends that may take its connections, in a fixed order.

    `backends` are those that are ready, or, when none is in the whole cluster, those that still serve while
    they terminate. Where some are ready, the latter are `draining`: a policy may be left with them alone.
    """

    service: ServiceKey
    name: str
    protocol: str
    backends: tuple[Backend, ...]
    affinity_seconds: int | None  # None: no ClientIP affinity
    internal_local: bool  # internalTrafficPolicy: Local
    external_local: bool  # externalTrafficPolicy: Local
    draining: tuple[Backend, ...] = ()
    cluster_ips: tuple[str, ...] = ()  # where the internal policy holds
    balanced_ips: tuple[str, ...] = ()  # where `source_ranges` hold
    source_ranges: tuple[str, ...] = ()  # loadBalancerSourceRanges; none: everybody may come


class Table(Struct, frozen=True):
    """All that a proxy knows. The maps are shared between tables and never changed."""

    services: Mapping[ServiceKey, Service]
    slices: Mapping[ServiceKey, Mapping[str, EndpointSlice]]
    frontends: Mapping[Frontend, ServicePort]
    node_ports: Mapping[NodePort, ServicePort]


EMPTY_TABLE: Final = Table(services={}, slices={}, frontends={}, node_ports={})


class ServiceChanged(NamedTuple):
    """A Service as it is now, or None when it is gone."""

    key: ServiceKey
    service: Service | None


class SliceChanged(NamedTuple):
    """An EndpointSlice of a service as it is now, or None when it is gone."""

    key: ServiceKey
    name: str
    slice: EndpointSlice | None


TableChange = ServiceChanged | SliceChanged


def service_changed(old: Service | None, new: Service | None) -> tuple[ServiceChanged, ...]:
    """The change that a Service's new state makes; none for one that another proxy serves."""
    one = new or old
    if one is None:
        return ()
    key = ServiceKey(one.metadata.namespace, one.metadata.name)
    if new is not None and PROXY_NAME_LABEL in new.metadata.labels:
        return (ServiceChanged(key, None),)
    return (ServiceChanged(key, new),)


def slice_changed(old: EndpointSlice | None, new: EndpointSlice | None) -> tuple[SliceChanged, ...]:
    """The changes that a slice's new state makes: one, or two when it moved to another service."""
    was, now = _service_of(old), _service_of(new)
    changes = []
    if old is not None and was is not None and was != now:
        changes.append(SliceChanged(was, old.metadata.name, None))
    if new is not None and now is not None:
        changes.append(SliceChanged(now, new.metadata.name, new))
    return tuple(changes)


def advance(table: Table, changes: Iterable[TableChange]) -> Table:
    """The table after `changes`; the same object when they touch nothing."""
    services = dict(table.services)
    slices = dict(table.slices)
    touched: dict[ServiceKey, None] = {}  # a dict keeps the order of first touch
    for change in changes:
        touched[change.key] = None
        if isinstance(change, ServiceChanged):
            _put(services, change.key, change.service)
        else:
            of_service = dict(slices.get(change.key, {}))
            _put(of_service, change.name, change.slice)
            _put(slices, change.key, of_service or None)
    if not touched:
        return table
    frontends, node_ports = dict(table.frontends), dict(table.node_ports)
    for key in touched:
        _withdraw(table.services.get(key), frontends, node_ports, key)
    for key in touched:
        service = services.get(key)
        if service is not None:
            _announce(service, slices.get(key, {}), frontends, node_ports)
    return replace(
        table, services=services, slices=slices, frontends=frontends, node_ports=node_ports
    )


class TableMemo:
    """Remembers the last few steps `(table, message) -> table`, by identity of both.

    One is shared by the proxies of a cluster. It is a pure function's memory: forgetting it costs
    time and changes nothing.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._steps: OrderedDict[tuple[int, int], tuple[Table, object, Table]] = OrderedDict()
        self._listed: OrderedDict[tuple[tuple[str, str], ...], Table] = OrderedDict()
        self._capacity = capacity
        self.computed = 0  # how many steps were not remembered

    def advance(self, table: Table, message: object, changes: Iterable[TableChange]) -> Table:
        """`advance(table, changes)`, where `changes` are what `message` says.

        `changes` is consumed only when the step is not remembered; pass a generator.
        """
        key = (id(table), id(message))
        step = self._steps.get(key)
        if step is None:
            self.computed += 1
            # The step holds table and message, so that their ids stay theirs.
            step = self._steps[key] = (table, message, advance(table, changes))
            if len(self._steps) > self._capacity:
                self._steps.popitem(last=False)
        return step[2]

    def listed(self, table: Table, changes: Iterable[TableChange]) -> Table:
        """`advance(table, changes)` after a list: one table for all that know the same objects.

        Proxies that list at different moments then share their later tables, too.
        """
        made = advance(table, changes)
        objects: tuple[Service | EndpointSlice, ...] = (
            *made.services.values(),
            *(s for of in made.slices.values() for s in of.values()),
        )
        key = tuple(sorted((o.metadata.uid, o.metadata.resource_version) for o in objects))
        known = self._listed.setdefault(key, made)
        self._listed.move_to_end(key)
        if len(self._listed) > self._capacity:
            self._listed.popitem(last=False)
        return known


def _put(mapping: dict[K, V], key: K, value: V | None) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value


def _service_of(slice_: EndpointSlice | None) -> ServiceKey | None:
    if slice_ is None:
        return None
    name = slice_.metadata.labels.get(SERVICE_NAME_LABEL)
    return ServiceKey(slice_.metadata.namespace, name) if name else None


def _addresses(service: Service) -> tuple[str, ...]:
    """The IPs that lead to the service; none for headless and ExternalName ones."""
    spec = service.spec
    if spec is None or spec.type == "ExternalName" or spec.cluster_ip in ("", "None"):
        return ()
    return (*_cluster_ips(spec), *spec.external_ips, *_balanced_ips(service))


def _cluster_ips(spec: ServiceSpec) -> tuple[str, ...]:
    return spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ())


def _balanced_ips(service: Service) -> tuple[str, ...]:
    """The load balancer's addresses, but for one that works as a proxy of its own (KEP-1860)."""
    status = service.status
    if service.spec is None or service.spec.type != "LoadBalancer":
        return ()
    if status is None or status.load_balancer is None:
        return ()
    return tuple(i.ip for i in status.load_balancer.ingress if i.ip and i.ip_mode != "Proxy")


def _withdraw(
    service: Service | None,
    frontends: dict[Frontend, ServicePort],
    node_ports: dict[NodePort, ServicePort],
    key: ServiceKey,
) -> None:
    """Take away what the service announced, unless the address has passed to another one."""
    if service is None or service.spec is None:
        return
    for port in service.spec.ports:
        protocol = port.protocol or "TCP"
        for ip in _addresses(service):
            frontend = Frontend(ip, port.port, protocol)
            if frontend in frontends and frontends[frontend].service == key:
                del frontends[frontend]
        node_port = NodePort(port.node_port or 0, protocol)
        if node_port in node_ports and node_ports[node_port].service == key:
            del node_ports[node_port]


def _announce(
    service: Service,
    slices: Mapping[str, EndpointSlice],
    frontends: dict[Frontend, ServicePort],
    node_ports: dict[NodePort, ServicePort],
) -> None:
    """Lead the service's addresses to its endpoints: each family to its own. Node ports are of IPv4."""
    addresses, spec = _addresses(service), service.spec
    if not addresses or spec is None:
        return
    for family in dict.fromkeys(map(_family, _cluster_ips(spec))):
        own = [each for each in slices.values() if each.address_type == family]
        ips = [ip for ip in addresses if _family(ip) == family]
        for port in spec.ports:
            entry = _service_port(service, family, port.name or "", port.protocol or "TCP", own)
            for ip in ips:
                frontends[Frontend(ip, port.port, entry.protocol)] = entry
            if port.node_port and family == _NODES:
                node_ports[NodePort(port.node_port, entry.protocol)] = entry


def _family(ip: str) -> str:
    return "IPv6" if ":" in ip else "IPv4"


def _service_port(
    service: Service, family: str, name: str, protocol: str, slices: Iterable[EndpointSlice]
) -> ServicePort:
    spec = service.spec
    assert spec is not None
    affinity: int | None = None
    if spec.session_affinity == "ClientIP":
        config = spec.session_affinity_config
        client_ip = config.client_ip if config is not None else None
        seconds = client_ip.timeout_seconds if client_ip is not None else None
        affinity = DEFAULT_AFFINITY_SECONDS if seconds is None else seconds
    backends, draining = _backends(name, protocol, slices)
    return ServicePort(
        service=ServiceKey(service.metadata.namespace, service.metadata.name),
        name=name,
        protocol=protocol,
        backends=backends,
        affinity_seconds=affinity,
        internal_local=spec.internal_traffic_policy == "Local",
        external_local=spec.external_traffic_policy == "Local",
        draining=draining,
        cluster_ips=tuple(ip for ip in _cluster_ips(spec) if _family(ip) == family),
        balanced_ips=tuple(ip for ip in _balanced_ips(service) if _family(ip) == family),
        source_ranges=_source_ranges(spec, family),
    )


def _source_ranges(spec: ServiceSpec, family: str) -> tuple[str, ...]:
    """The ranges of a family; none where one of them is everybody, as where none of the family is named."""
    ranges = [text.strip() for text in spec.load_balancer_source_ranges]
    ranges = [each for each in ranges if _family(each) == family]
    return () if any(each.endswith("/0") for each in ranges) else tuple(ranges)


def _backends(
    port_name: str, protocol: str, slices: Iterable[EndpointSlice]
) -> tuple[tuple[Backend, ...], tuple[Backend, ...]]:
    """The eligible endpoints, and those that drain beside them.

    In order of address, so that equal tables balance equally. Of two endpoints at one address the one that does not
    terminate counts: a pod may have got the address of one that is not quite gone.
    """
    known: dict[tuple[str, int], Endpoint] = {}
    for slice_ in slices:
        for port in slice_.ports:
            if (port.name or "") != port_name or (port.protocol or "TCP") != protocol:
                continue
            for endpoint in slice_.endpoints if port.port else ():
                if endpoint.addresses:
                    address = (endpoint.addresses[0], port.port or 0)
                    if address not in known or not _terminates(endpoint):
                        known[address] = endpoint
    ready = {a: _backend(e, a, hinted=True) for a, e in known.items() if is_ready(e)}
    draining = {
        a: _backend(e, a, hinted=False)
        for a, e in known.items()
        if a not in ready and _terminates(e) and _serves(e)
    }
    return (_in_order(ready), _in_order(draining)) if ready else (_in_order(draining), ())


def _in_order(backends: Mapping[tuple[str, int], Backend]) -> tuple[Backend, ...]:
    return tuple(backends[address] for address in sorted(backends))


def is_ready(endpoint: Endpoint) -> bool:
    """Whether it may take connections. An unknown condition counts as true, as the API says."""
    conditions = endpoint.conditions
    return conditions is None or conditions.ready is not False


def _serves(endpoint: Endpoint) -> bool:
    conditions = endpoint.conditions
    return conditions is None or conditions.serving is not False


def _terminates(endpoint: Endpoint) -> bool:
    conditions = endpoint.conditions
    return conditions is not None and bool(conditions.terminating)


def _backend(endpoint: Endpoint, address: tuple[str, int], *, hinted: bool) -> Backend:
    target = endpoint.target_ref
    pod = f"{target.namespace}/{target.name}" if target is not None and target.kind == "Pod" else ""
    hints = endpoint.hints if hinted else None
    return Backend(
        ip=address[0],
        port=address[1],
        node=endpoint.node_name or "",
        pod=pod,
        for_zones=tuple(z.name for z in hints.for_zones) if hints is not None else (),
        for_nodes=tuple(n.name for n in hints.for_nodes) if hints is not None else (),
    )
