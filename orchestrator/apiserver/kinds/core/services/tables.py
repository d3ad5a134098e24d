"""What `kubectl get` shows of the kinds of `services`."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from orchestrator.api.core.v1 import (
    Endpoints,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from orchestrator.apiserver.printing import (
    NONE,
    UNKNOWN,
    Printer,
    Row,
    age,
    joined,
)
from orchestrator.machinery.labels import format_labels


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
            return ",".join((*addresses(points), *spec.external_ips)) or "<pending>"
        case "ExternalName":
            return spec.external_name
    return UNKNOWN


def addresses(points: Iterable[Any]) -> list[str]:
    """The addresses, or else the names, of a load balancer's ingress points, each once, sorted."""
    return sorted({p.ip or p.hostname for p in points if p.ip or p.hostname})


def _port(port: ServicePort) -> str:
    numbers = f"{port.port}:{port.node_port}" if port.node_port else str(port.port)
    return f"{numbers}/{port.protocol}"


SERVICES: Final = Printer(
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


ENDPOINTS: Final = Printer(
    cells=_endpoints_cells,
)
