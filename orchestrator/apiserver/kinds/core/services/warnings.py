"""What whoever writes a service or its endpoints is told, though it is accepted."""

from collections.abc import Iterator
from typing import Final

from orchestrator.api.core.v1 import Endpoints, Service, ServiceSpec
from orchestrator.apiserver.validation.warnings import Warnings, address_warnings, range_warnings
from orchestrator.machinery.field_errors import quote

_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
_MODE: Final = "service.kubernetes.io/topology-mode"
_MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
_CONTROLLER: Final = "endpoint-controller"
_EXTERNAL_NAME: Final = "ExternalName"


def service_warnings(new: Service, _old: Service | None) -> Warnings:
    """Of addresses that are written oddly, and of fields that are of no use with others."""
    spec = new.spec or ServiceSpec()
    if _HINTS in new.metadata.annotations:
        yield f"annotation {_HINTS} is deprecated, please use {_MODE} instead"
    is_headless = spec.cluster_ip == "None"
    if spec.cluster_ip and not is_headless:
        for i, address in enumerate(spec.cluster_ips):
            yield from address_warnings(f"spec.clusterIPs[{i}]", address)
    if is_headless:
        yield from _headless_warnings(spec)
    for i, address in enumerate(spec.external_ips):
        yield from address_warnings(f"spec.externalIPs[{i}]", address)
    if spec.external_ips and not is_headless and spec.type != _EXTERNAL_NAME:
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if spec.load_balancer_ip:
        yield from address_warnings("spec.loadBalancerIP", spec.load_balancer_ip)
    for i, text in enumerate(spec.load_balancer_source_ranges):
        yield from range_warnings(f"spec.loadBalancerSourceRanges[{i}]", text)
    shown = quote(_EXTERNAL_NAME)
    if spec.type == _EXTERNAL_NAME and spec.external_ips:
        yield f"spec.externalIPs is ignored when spec.type is {shown}"
    if spec.type != _EXTERNAL_NAME and spec.external_name:
        yield f"spec.externalName is ignored when spec.type is not {shown}"
    if spec.traffic_distribution == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def service_status_warnings(new: Service) -> Warnings:
    """Of addresses of its load balancer that are written oddly."""
    balancer = new.status.load_balancer if new.status is not None else None
    for i, ingress in enumerate(balancer.ingress if balancer is not None else ()):
        if ingress.ip:
            yield from address_warnings(f"status.loadBalancer.ingress[{i}]", ingress.ip)


def _headless_warnings(spec: ServiceSpec) -> Iterator[str]:
    if spec.load_balancer_ip:
        yield "spec.loadBalancerIP is ignored for headless services"
    if spec.external_ips:
        yield "spec.externalIPs is ignored for headless services"
    if spec.session_affinity not in (None, "", "None"):
        yield "spec.SessionAffinity is ignored for headless services"


def endpoints_warnings(new: Endpoints, _old: Endpoints | None) -> Warnings:
    """Of addresses that somebody else than the controller wrote."""
    if new.metadata.labels.get(_MANAGED_BY) == _CONTROLLER:
        return
    for i, subset in enumerate(new.subsets):
        for j, address in enumerate(subset.addresses):
            yield from address_warnings(f"subsets[{i}].addresses[{j}].ip", address.ip)
        for j, address in enumerate(subset.not_ready_addresses):
            yield from address_warnings(f"subsets[{i}].notReadyAddresses[{j}].ip", address.ip)
