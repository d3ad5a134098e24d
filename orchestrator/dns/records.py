"""The zone of a cluster: which records a name has, from Services, EndpointSlices and Namespaces.

Follows the DNS specification of Kubernetes, and CoreDNS where that leaves a choice: an endpoint without a host name
is named after its address (`10-1-2-3`), pods' names are answered without looking for the pod (`pods insecure`), a
headless Service without endpoints does not exist.
"""

from collections.abc import Iterable, Iterator, Set
from ipaddress import ip_address
from typing import Final, NamedTuple

from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import Endpoint, EndpointSlice

DOMAIN: Final = "cluster.local"
SCHEMA: Final = "1.1.0"
_SERVICE_NAME: Final = "kubernetes.io/service-name"
_SRV_WEIGHT: Final = 100

ServiceKey = tuple[str, str]  # namespace, name


class Record(NamedTuple):
    """One record: its name (no dot at the end), its type, and its data as a zone file has it.

    Names in data end in a dot.
    """

    name: str
    type: str
    data: str


class Found(NamedTuple):
    """The records of a name, of all types; `exists`: also names without records may be, and are no NXDOMAIN."""

    exists: bool
    records: tuple[Record, ...] = ()


ABSENT: Final = Found(False)


class Zone:
    """What there is by now. It is asked by `find`; who follows the API server puts in and takes out."""

    def __init__(self, domain: str = DOMAIN) -> None:
        self.domain = domain
        self._services: dict[ServiceKey, Service] = {}
        self._slices: dict[ServiceKey, dict[str, EndpointSlice]] = {}
        self._known_slices: dict[tuple[str, str], EndpointSlice] = {}  # by namespace and name
        self._namespaces: set[str] = set()
        self._by_address: dict[str, dict[ServiceKey, None]] = {}

    # --- what there is -----------------------------------------------------------------------

    def put_namespace(self, name: str) -> None:
        """A namespace is there."""
        self._namespaces.add(name)

    def remove_namespace(self, name: str) -> None:
        """A namespace is gone."""
        self._namespaces.discard(name)

    def put_service(self, key: ServiceKey, new: Service | None) -> None:
        """A Service as it is now; None: gone."""
        self._unindex(key, _addresses(self._services.pop(key, None)))
        if new is not None:
            self._services[key] = new
            self._index(key, _addresses(new))

    def put_slice(self, at: tuple[str, str], new: EndpointSlice | None) -> None:
        """The EndpointSlice of a namespace and a name as it is now; None: gone."""
        old = self._known_slices.pop(at, None)
        if new is not None:
            self._known_slices[at] = new
        if old is not None and (key := _service_of(old)) is not None:
            slices = self._slices.get(key, {})
            slices.pop(old.metadata.name, None)
            if not slices:
                self._slices.pop(key, None)
            rest = {ip for each in slices.values() for ip in _endpoint_addresses(each)}
            self._unindex(key, set(_endpoint_addresses(old)) - rest)
        if new is not None and (key := _service_of(new)) is not None:
            self._slices.setdefault(key, {})[new.metadata.name] = new
            self._index(key, _endpoint_addresses(new))

    def keep(
        self,
        *,
        services: Set[ServiceKey] | None = None,
        slices: Set[tuple[str, str]] | None = None,
        namespaces: Set[str] | None = None,
    ) -> None:
        """Nothing else is there of a kind than this."""
        if services is not None:
            for key in self._services.keys() - services:
                self.put_service(key, None)
        if slices is not None:
            for at in self._known_slices.keys() - slices:
                self.put_slice(at, None)
        if namespaces is not None:
            self._namespaces &= namespaces

    def _index(self, key: ServiceKey, addresses: Iterable[str]) -> None:
        for ip in addresses:
            self._by_address.setdefault(ip, {})[key] = None

    def _unindex(self, key: ServiceKey, addresses: Iterable[str]) -> None:
        for ip in addresses:
            keys = self._by_address.get(ip, {})
            keys.pop(key, None)
            if not keys:
                self._by_address.pop(ip, None)

    # --- what a name is ----------------------------------------------------------------------

    def find(self, name: str) -> Found | None:
        """The records of a name (lower case, no dot at the end); None: it is not the cluster's to answer."""
        if name == self.domain:
            return Found(True)
        if name.endswith(f".{self.domain}"):
            labels = name[: -len(self.domain) - 1].split(".")
            return self._in_zone(name, labels[::-1])
        for suffix in (".in-addr.arpa", ".ip6.arpa"):
            if name.endswith(suffix):
                return self._reverse(name, suffix)
        return None

    def _in_zone(self, name: str, labels: list[str]) -> Found:
        """`labels` from the right: the domain's own first."""
        if labels == ["dns-version"]:
            return Found(True, (Record(name, "TXT", f'"{SCHEMA}"'),))
        kind, rest = labels[0], labels[1:]
        if kind == "svc":
            return self._services_at(name, rest)
        if kind == "pod":
            return self._pods_at(name, rest)
        return ABSENT

    def _services_at(self, name: str, labels: list[str]) -> Found:
        if not labels:
            return Found(True)
        namespace = labels[0]
        if len(labels) == 1:
            return Found(namespace in self._namespaces)
        service = self._services.get((namespace, labels[1]))
        if service is None or service.spec is None:
            return ABSENT
        rest = labels[2:]
        if service.spec.type == "ExternalName":
            target = service.spec.external_name.rstrip(".")
            return Found(True, (Record(name, "CNAME", f"{target}."),)) if not rest else ABSENT
        if service.spec.cluster_ip == "None":
            return self._headless(name, service, rest)
        if not rest:
            addresses = tuple(_address_record(name, ip) for ip in _addresses(service))
            return Found(True, (*addresses, *self._service_ports(name, service)))
        if len(rest) == 2:
            return _some(self._service_ports(name, service, rest))
        return Found(len(rest) == 1 and rest[0] in _protocols(service))

    def _service_ports(
        self, name: str, service: Service, asked: list[str] | None = None
    ) -> Iterator[Record]:
        """SRV of a Service with an address: of all ports, or of `["_tcp", "_http"]`."""
        spec = service.spec
        assert spec is not None
        for port in spec.ports:
            own = [f"_{(port.protocol or 'TCP').lower()}", f"_{port.name}"]
            if asked is None or (port.name and own == asked):
                target = f"{service.metadata.name}.{service.metadata.namespace}.svc.{self.domain}."
                yield Record(name, "SRV", f"0 {_SRV_WEIGHT} {port.port} {target}")

    def _headless(self, name: str, service: Service, labels: list[str]) -> Found:
        ready = list(self._endpoints(service))
        if not ready:
            return ABSENT
        if not labels:
            addresses = [
                _address_record(name, ip)
                for ip in dict.fromkeys(ip for _, each in ready for ip in each.addresses)
            ]
            return Found(True, (*addresses, *self._endpoint_ports(name, service, ready)))
        if len(labels) == 1:
            named = [
                _address_record(name, ip)
                for _, each in ready
                for ip in each.addresses
                if _host_of(each, ip) == labels[0]
            ]
            if named:
                return Found(True, tuple(dict.fromkeys(named)))
            return Found(labels[0] in _protocols(service))
        if len(labels) == 2:
            return _some(self._endpoint_ports(name, service, ready, labels))
        return ABSENT

    def _endpoints(self, service: Service) -> Iterator[tuple[EndpointSlice, Endpoint]]:
        """The endpoints that are ready; an unknown condition counts as true, as the API says."""
        key = (service.metadata.namespace, service.metadata.name)
        for each in self._slices.get(key, {}).values():
            if each.address_type == "FQDN":
                continue
            for endpoint in each.endpoints:
                conditions = endpoint.conditions
                if conditions is None or conditions.ready is not False:
                    yield each, endpoint

    def _endpoint_ports(
        self,
        name: str,
        service: Service,
        ready: list[tuple[EndpointSlice, Endpoint]],
        asked: list[str] | None = None,
    ) -> Iterator[Record]:
        """SRV of a headless Service: of each endpoint's ports, by its own name."""
        suffix = f"{service.metadata.name}.{service.metadata.namespace}.svc.{self.domain}."
        records: dict[Record, None] = {}
        for slice_, endpoint in ready:
            for port in slice_.ports:
                own = [f"_{(port.protocol or 'TCP').lower()}", f"_{port.name}"]
                if asked is None or (port.name and own == asked):
                    for ip in endpoint.addresses:
                        target = f"{_host_of(endpoint, ip)}.{suffix}"
                        data = f"0 {_SRV_WEIGHT} {port.port} {target}"
                        records[Record(name, "SRV", data)] = None
        yield from records

    def _pods_at(self, name: str, labels: list[str]) -> Found:
        if not labels:
            return Found(True)
        if labels[0] not in self._namespaces:
            return ABSENT
        if len(labels) == 1:
            return Found(True)
        ip = _undashed(labels[1]) if len(labels) == 2 else ""
        return Found(True, (_address_record(name, ip),)) if ip else ABSENT

    # --- which name an address has -------------------------------------------------------------

    def _reverse(self, name: str, suffix: str) -> Found | None:
        address = _address_of(name[: -len(suffix)].split("."), suffix)
        keys = self._by_address.get(address, {}) if address else {}
        names: dict[str, None] = {}
        for key in keys:
            service = self._services.get(key)
            if service is not None and service.spec is not None:
                names.update(dict.fromkeys(self._names_of(address, service)))
        if not names:
            return None
        return Found(True, tuple(Record(name, "PTR", each) for each in names))

    def _names_of(self, address: str, service: Service) -> Iterator[str]:
        suffix = f"{service.metadata.name}.{service.metadata.namespace}.svc.{self.domain}."
        if address in _addresses(service):
            yield suffix
        elif service.spec is not None and service.spec.cluster_ip == "None":
            for _, endpoint in self._endpoints(service):
                if address in endpoint.addresses:
                    yield f"{_host_of(endpoint, address)}.{suffix}"
        else:
            for _, endpoint in self._endpoints(service):
                if address in endpoint.addresses and endpoint.hostname:
                    yield f"{endpoint.hostname}.{suffix}"


def _some(records: Iterable[Record]) -> Found:
    found = tuple(records)
    return Found(bool(found), found)


def _addresses(service: Service | None) -> tuple[str, ...]:
    if service is None or service.spec is None or service.spec.type == "ExternalName":
        return ()
    ips = service.spec.cluster_ips or (service.spec.cluster_ip,)
    return tuple(ip for ip in ips if ip not in ("", "None"))


def _protocols(service: Service) -> set[str]:
    """`_tcp`, where the Service has a port of the protocol with a name: something is below it."""
    ports = service.spec.ports if service.spec is not None else ()
    return {f"_{(port.protocol or 'TCP').lower()}" for port in ports if port.name}


def _service_of(slice_: EndpointSlice) -> ServiceKey | None:
    name = slice_.metadata.labels.get(_SERVICE_NAME)
    return (slice_.metadata.namespace, name) if name else None


def _endpoint_addresses(slice_: EndpointSlice) -> Iterator[str]:
    if slice_.address_type != "FQDN":
        for endpoint in slice_.endpoints:
            yield from endpoint.addresses


def _address_record(name: str, ip: str) -> Record:
    return Record(name, "AAAA" if ":" in ip else "A", ip)


def _host_of(endpoint: Endpoint, ip: str) -> str:
    return endpoint.hostname or ip.replace(".", "-").replace(":", "-")


def _undashed(label: str) -> str:
    """`10-1-2-3` as an address, `fd00--1` too; empty if it is none."""
    for separator in (".", ":"):
        try:
            return str(ip_address(label.replace("-", separator)))
        except ValueError:
            continue
    return ""


def _address_of(labels: list[str], suffix: str) -> str:
    """The address of a reverse name's labels; empty if it is none."""
    labels = labels[::-1]
    try:
        if suffix == ".in-addr.arpa":
            return str(ip_address(".".join(labels)))
        groups = ["".join(labels[i : i + 4]) for i in range(0, len(labels), 4)]
        return str(ip_address(":".join(groups)))
    except ValueError:
        return ""
