"""What Kubernetes fills in of the kinds of `services`."""

from typing import Any, Final

from orchestrator.api.core.v1 import (
    ClientIPConfig,
    Endpoints,
    EndpointSubset,
    LoadBalancerIngress,
    Service,
    ServicePort,
    ServiceSpec,
    SessionAffinityConfig,
)
from orchestrator.apiserver.defaults.change import each, fill, fill_zero, put

_AFFINITY_SECONDS: Final = 10_800


_WITH_PORTS: Final = ("ClusterIP", "NodePort", "LoadBalancer")


def default_service(service: Service) -> Service:
    """A service inside of the cluster."""
    spec = fill_zero(service.spec or ServiceSpec(), session_affinity="None", type="ClusterIP")
    spec = _default_affinity(spec)
    spec = put(spec, ports=each(spec.ports, _default_port))
    if _is_external(spec):
        spec = fill_zero(spec, external_traffic_policy="Cluster")
    if spec.type in _WITH_PORTS:
        spec = fill(spec, internal_traffic_policy="Cluster")
    if spec.type == "LoadBalancer":
        spec = fill(spec, allocate_load_balancer_node_ports=True)
        service = _default_ingresses(service)
    return put(service, spec=spec)


def _default_ingresses(service: Service) -> Service:
    """A balancer's addresses are asked by who sends to the Service, unless it says so otherwise."""
    balancer = service.status.load_balancer if service.status else None
    if balancer is None or not balancer.ingress:
        return service
    balancer = put(balancer, ingress=each(balancer.ingress, _default_ingress))
    return put(service, status=put(service.status, load_balancer=balancer))


def _default_ingress(ingress: LoadBalancerIngress) -> LoadBalancerIngress:
    return fill_zero(ingress, ip_mode="VIP") if ingress.ip else ingress


def _default_affinity(spec: ServiceSpec) -> ServiceSpec:
    if spec.session_affinity == "None":
        return put(spec, session_affinity_config=None)
    if spec.session_affinity != "ClientIP":
        return spec
    config = spec.session_affinity_config or SessionAffinityConfig()
    client = fill(config.client_ip or ClientIPConfig(), timeout_seconds=_AFFINITY_SECONDS)
    return put(spec, session_affinity_config=put(config, client_ip=client))


def _default_port(port: ServicePort) -> ServicePort:
    target = port.target_port
    if target in (None, 0, ""):
        target = port.port
    return put(fill_zero(port, protocol="TCP"), target_port=target)


def _is_external(spec: ServiceSpec) -> bool:
    return spec.type in ("NodePort", "LoadBalancer") or bool(
        spec.type == "ClusterIP" and spec.external_ips
    )


def default_endpoints(endpoints: Endpoints) -> Endpoints:
    """Ports are TCP."""
    return put(endpoints, subsets=each(endpoints.subsets, _default_subset))


def _default_subset(subset: EndpointSubset) -> EndpointSubset:
    return put(subset, ports=each(subset.ports, _default_endpoint_port))


def _default_endpoint_port(port: Any) -> Any:
    return fill_zero(port, protocol="TCP")
