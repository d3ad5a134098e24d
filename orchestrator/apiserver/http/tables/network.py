"""Services and what is behind and before them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import (
    Endpoints,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from orchestrator.api.discovery.v1 import EndpointPort, EndpointSlice
from orchestrator.api.networking.v1 import (
    Ingress,
    IngressClass,
    IngressClassSpec,
    IngressSpec,
    IngressStatus,
    IPAddress,
    NetworkPolicy,
    NetworkPolicySpec,
    ServiceCIDR,
    ServiceCIDRSpec,
)
from orchestrator.apiserver.http.tables.printer import (
    AGE,
    NAME,
    NONE,
    SELECTOR,
    UNKNOWN,
    UNSET,
    Printer,
    Row,
    age,
    column,
    joined,
)
from orchestrator.machinery.labels import format_labels, format_struct


def _service_cells(obj: Service, now: float) -> Row:
    spec = obj.spec or ServiceSpec()
    return (
        obj.metadata.name,
        spec.type,
        spec.cluster_ips[0] if spec.cluster_ips else NONE,
        _external_addresses(spec, obj.status or ServiceStatus()),
        ",".join(map(_port, spec.ports)) or NONE,
        age(obj, now),
        format_labels(spec.selector),
    )


def _external_addresses(spec: ServiceSpec, status: ServiceStatus) -> str:
    match spec.type:
        case "ClusterIP" | "NodePort":
            return ",".join(spec.external_ips) or NONE
        case "LoadBalancer":
            points = status.load_balancer.ingress if status.load_balancer is not None else ()
            return ",".join((*_addresses(points), *spec.external_ips)) or "<pending>"
        case "ExternalName":
            return spec.external_name
    return UNKNOWN


def _addresses(points: Iterable[Any]) -> list[str]:
    """The addresses, or else the names, of a load balancer's ingress points."""
    return list(dict.fromkeys(p.ip or p.hostname for p in points if p.ip or p.hostname))


def _port(port: ServicePort) -> str:
    numbers = f"{port.port}:{port.node_port}" if port.node_port else str(port.port)
    return f"{numbers}/{port.protocol}"


_SERVICES: Final = Printer(
    columns=(
        NAME,
        column("Type", "How the service is reached."),
        column("Cluster-IP", "The service's address inside of the cluster."),
        column("External-IP", "The service's addresses outside of it."),
        column("Port(s)", "The service's ports, with those on nodes."),
        AGE,
        SELECTOR,
    ),
    cells=_service_cells,
)


def _endpoints_cells(obj: Endpoints, now: float) -> Row:
    return obj.metadata.name, joined(_endpoints(obj)), age(obj, now)


def _endpoints(obj: Endpoints) -> Iterator[str]:
    for subset in obj.subsets:
        addresses = [address.ip for address in subset.addresses]
        if not subset.ports:
            yield from addresses
        for port in subset.ports:
            for address in addresses:
                yield f"[{address}]:{port.port}" if ":" in address else f"{address}:{port.port}"


_ENDPOINTS: Final = Printer(
    columns=(NAME, column("Endpoints", "Addresses and ports that are ready."), AGE),
    cells=_endpoints_cells,
)


def _slice_cells(obj: EndpointSlice, now: float) -> Row:
    addresses = (address for endpoint in obj.endpoints for address in endpoint.addresses)
    return (
        obj.metadata.name,
        obj.address_type,
        joined(map(_slice_port, obj.ports), empty=UNSET),
        joined(addresses, empty=UNSET),
        age(obj, now),
    )


def _slice_port(port: EndpointPort) -> str:
    if port.port is not None:
        return str(port.port)
    return port.name if port.name is not None else "*"


_SLICES: Final = Printer(
    columns=(
        NAME,
        column("AddressType", "IPv4, IPv6 or names."),
        column("Ports", "The ports of all the endpoints."),
        column("Endpoints", "The addresses."),
        AGE,
    ),
    cells=_slice_cells,
)


def _ingress_cells(obj: Ingress, now: float) -> Row:
    spec, status = obj.spec or IngressSpec(), obj.status or IngressStatus()
    points = status.load_balancer.ingress if status.load_balancer is not None else ()
    return (
        obj.metadata.name,
        spec.ingress_class_name or NONE,
        joined((rule.host for rule in spec.rules if rule.host), empty="*"),
        ",".join(_addresses(points)),
        "80, 443" if spec.tls else "80",
        age(obj, now),
    )


_INGRESSES: Final = Printer(
    columns=(
        NAME,
        column("Class", "The ingress class that is to serve it."),
        column("Hosts", "The host names of its rules."),
        column("Address", "Where it is served."),
        column("Ports", "At which ports it is served."),
        AGE,
    ),
    cells=_ingress_cells,
)


def _ingress_class_cells(obj: IngressClass, now: float) -> Row:
    spec = obj.spec or IngressClassSpec()
    parameters = NONE
    if spec.parameters is not None:
        reference = spec.parameters
        kind = f"{reference.kind}.{reference.api_group}" if reference.api_group else reference.kind
        parameters = f"{kind}/{reference.name}"
    return obj.metadata.name, spec.controller, parameters, age(obj, now)


_INGRESS_CLASSES: Final = Printer(
    columns=(
        NAME,
        column("Controller", "Who serves ingresses of the class."),
        column("Parameters", "The object with the class's settings."),
        AGE,
    ),
    cells=_ingress_class_cells,
)


def _policy_cells(obj: NetworkPolicy, now: float) -> Row:
    selector = (obj.spec or NetworkPolicySpec()).pod_selector
    return obj.metadata.name, format_struct(selector), age(obj, now)


_POLICIES: Final = Printer(
    columns=(NAME, column("Pod-Selector", "Which pods the policy is for."), AGE),
    cells=_policy_cells,
)


def _cidr_cells(obj: ServiceCIDR, now: float) -> Row:
    return obj.metadata.name, ",".join((obj.spec or ServiceCIDRSpec()).cidrs), age(obj, now)


_CIDRS: Final = Printer(
    columns=(NAME, column("CIDRs", "The ranges of service addresses."), AGE), cells=_cidr_cells
)


def _address_cells(obj: IPAddress, now: float) -> Row:
    parent = obj.spec.parent_ref if obj.spec is not None else None
    if parent is None:
        return obj.metadata.name, NONE
    resource = f"{parent.resource}.{parent.group}" if parent.group else parent.resource
    where = f"{parent.namespace}/{parent.name}" if parent.namespace else parent.name
    return obj.metadata.name, f"{resource}/{where}"


_ADDRESSES: Final = Printer(
    columns=(NAME, column("ParentRef", "Whose address it is.")), cells=_address_cells
)

TABLES: Final[Mapping[type[Any], Printer[Any]]] = {
    Service: _SERVICES,
    Endpoints: _ENDPOINTS,
    EndpointSlice: _SLICES,
    Ingress: _INGRESSES,
    IngressClass: _INGRESS_CLASSES,
    NetworkPolicy: _POLICIES,
    ServiceCIDR: _CIDRS,
    IPAddress: _ADDRESSES,
}
