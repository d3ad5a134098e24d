"""Services: ports, addresses and families, and what of them stays."""

from collections.abc import Sequence, Set
from typing import Final

from orchestrator.api.core.v1 import (
    LoadBalancerIngress,
    Service,
    ServicePort,
    ServiceSpec,
    SessionAffinityConfig,
)
from orchestrator.apiserver.kinds.core.pods.probe_validation import port_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import (
    address_errors,
    endpoint_address_errors,
    is_ipv6,
    network_errors,
)
from orchestrator.apiserver.validation.metadata import dns_label, dns_subdomain, label_errors
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.addresses import parse_address
from orchestrator.machinery.names import (
    dns1123_label_errors,
    port_number_errors,
    qualified_name_errors,
)

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES: Final = ("ClientIP", "None")
_POLICIES: Final = ("Cluster", "Local")
_FAMILIES: Final = ("IPv4", "IPv6")
_FAMILY_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
# What the field of this name was before it was a field.
_SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
_MAX_AFFINITY_SECONDS: Final = 86_400
_FIXED: Final = "may not change once set"
_ONE_A_FAMILY: Final = "may specify no more than one IP for each IP family"


def is_headless(spec: ServiceSpec) -> bool:
    """Whether the service has no address of its own."""
    return spec.cluster_ips == ("None",)


def _spec_errors(service: Service) -> Errors:
    spec = service.spec or ServiceSpec()
    headless = is_headless(spec)
    if not spec.ports and not headless and spec.type != "ExternalName":
        yield required("spec.ports")
    yield from _type_errors(spec, headless)
    names: set[str] = set()
    for i, port in enumerate(spec.ports):
        yield from _port_errors(f"spec.ports[{i}]", port, len(spec.ports) > 1, names)
    if spec.selector:
        yield from label_errors(spec.selector, "spec.selector")
    yield from _affinity_errors(spec)
    if spec.type != "ExternalName":
        yield from cluster_ip_errors(spec)
    for i, address in enumerate(spec.external_ips):
        where = f"spec.externalIPs[{i}]"
        messages = address_errors(address) or endpoint_address_errors(address)
        yield from complaints(where, address, messages)
    yield from chosen("spec.type", spec.type, _TYPES)
    yield from _port_conflict_errors(spec)
    yield from _load_balancer_errors(service, spec)
    yield from _traffic_errors(spec)


def _type_errors(spec: ServiceSpec, headless: bool) -> Errors:
    if spec.type in ("LoadBalancer", "NodePort"):
        if headless:
            detail = f"may not be set to 'None' for {spec.type} services"
            yield invalid("spec.clusterIPs[0]", "None", detail)
    elif spec.type == "ExternalName":
        parts = (
            ("clusterIPs", spec.cluster_ips),
            ("ipFamilies", spec.ip_families),
            ("ipFamilyPolicy", spec.ip_family_policy),
        )
        for name, value in parts:
            if value:
                yield forbidden(f"spec.{name}", "may not be set for ExternalName services")
        name = (spec.external_name or "").removesuffix(".")
        if not name:
            yield required("spec.externalName")
        else:
            yield from complaints("spec.externalName", name, dns_subdomain(name))


def _port_errors(path: str, port: ServicePort, need_name: bool, names: set[str]) -> Errors:
    if port.name:
        yield from complaints(f"{path}.name", port.name, dns1123_label_errors(port.name))
        if port.name in names:
            yield duplicate(f"{path}.name", port.name)
        names.add(port.name)
    elif need_name:
        yield required(f"{path}.name")
    yield from complaints(f"{path}.port", port.port, port_number_errors(port.port))
    yield from chosen(f"{path}.protocol", port.protocol, PROTOCOLS)
    yield from port_errors(f"{path}.targetPort", port.target_port)
    if port.app_protocol is not None:
        messages = qualified_name_errors(port.app_protocol)
        yield from complaints(f"{path}.appProtocol", port.app_protocol, messages)


def _port_conflict_errors(spec: ServiceSpec) -> Errors:
    node_ports, ports = set(), set()
    for i, port in enumerate(spec.ports):
        here = f"spec.ports[{i}]"
        if port.node_port:
            if spec.type == "ClusterIP":
                detail = "may not be used when `type` is 'ClusterIP'"
                yield forbidden(f"{here}.nodePort", detail)
            if (port.protocol, port.node_port) in node_ports:
                yield duplicate(f"{here}.nodePort", port.node_port)
            node_ports.add((port.protocol, port.node_port))
        if (port.protocol, port.port) in ports:
            yield duplicate(here, _printed(port))
        ports.add((port.protocol, port.port))


def _printed(port: ServicePort) -> dict[str, object]:
    # The original compares, and prints, a port of its internal form that holds these two alone.
    return {
        "Name": "",
        "Protocol": port.protocol,
        "AppProtocol": None,
        "Port": port.port,
        "TargetPort": 0,
        "NodePort": 0,
    }


def _affinity_errors(spec: ServiceSpec) -> Errors:
    yield from chosen("spec.sessionAffinity", spec.session_affinity, _AFFINITIES)
    path = "spec.sessionAffinityConfig"
    if spec.session_affinity == "ClientIP":
        yield from _client_ip_errors(path, spec.session_affinity_config)
    elif spec.session_affinity == "None" and spec.session_affinity_config is not None:
        yield forbidden(path, "must not be set when session affinity is None")


def _client_ip_errors(path: str, config: SessionAffinityConfig | None) -> Errors:
    detail = "when session affinity type is ClientIP"
    if config is None:
        yield required(path, detail)
    elif config.client_ip is None:
        yield required(f"{path}.clientIP", detail)
    elif config.client_ip.timeout_seconds is None:
        yield required(f"{path}.clientIP.timeoutSeconds", detail)
    elif not 0 < config.client_ip.timeout_seconds <= _MAX_AFFINITY_SECONDS:
        detail = f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}"
        seconds = config.client_ip.timeout_seconds
        yield invalid(f"{path}.clientIP.timeoutSeconds", seconds, detail)


# --- addresses -----------------------------------------------------------------------------


def cluster_ip_errors(spec: ServiceSpec) -> Errors:
    """What is wrong with addresses and families by themselves, and beside one another."""
    path, addresses = "spec.clusterIPs", spec.cluster_ips
    if spec.cluster_ip:
        if not addresses:
            yield required(path)
        elif addresses[0] != spec.cluster_ip:
            yield invalid(path, addresses, "first value must match `clusterIP`")
    elif addresses:
        yield invalid(path, addresses, "must be empty when `clusterIP` is not specified")
    yield from _family_errors(spec)
    wrong = False
    for i, address in enumerate(addresses):
        if i == 0 and address == "None":
            if len(addresses) > 1:
                wrong = True
                yield invalid(path, addresses, "'None' must be the first and only value")
        elif messages := address_errors(address):
            wrong = True
            yield from complaints(f"{path}[{i}]", address, messages)
    if len(addresses) > 2:
        yield invalid(path, addresses, "may only hold up to 2 values")
    if wrong:
        return
    if len(addresses) > 1 and not _is_dual_stack(addresses):
        yield invalid(path, addresses, _ONE_A_FAMILY)
    if not is_headless(spec):
        for i, (address, family) in enumerate(zip(addresses, spec.ip_families, strict=False)):
            if is_ipv6(address) != (family == "IPv6"):
                detail = f"expected an {family} value as indicated by `ipFamilies[{i}]`"
                yield invalid(f"{path}[{i}]", address, detail)


def _is_dual_stack(addresses: Sequence[str]) -> bool:
    return len({is_ipv6(address) for address in addresses}) == 2


def _family_errors(spec: ServiceSpec) -> Errors:
    for i, family in enumerate(spec.ip_families):
        here = f"spec.ipFamilies[{i}]"
        if family not in _FAMILIES:
            yield not_supported(here, family, _FAMILIES)
        if family in spec.ip_families[:i]:
            yield duplicate(here, family)
    policy = spec.ip_family_policy
    if policy is not None and policy not in _FAMILY_POLICIES:
        yield not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)


def _load_balancer_errors(service: Service, spec: ServiceSpec) -> Errors:
    balanced = spec.type == "LoadBalancer"
    only = "may only be used when `type` is 'LoadBalancer'"
    # Kubernetes spells this path with a capital letter.
    path = "spec.LoadBalancerSourceRanges"
    if spec.load_balancer_source_ranges and not balanced:
        yield forbidden(path, only)
    for i, text in enumerate(spec.load_balancer_source_ranges):
        yield from complaints(f"{path}[{i}]", text.strip(), network_errors(text.strip()))
    annotated = service.metadata.annotations.get(_SOURCE_RANGES)
    if annotated is not None and not spec.load_balancer_source_ranges:
        where = f"metadata.annotations[{_SOURCE_RANGES}]"
        if not balanced:
            yield forbidden(where, only)
        for text in annotated.split(",") if annotated.strip() else ():
            yield from complaints(where, text.strip(), network_errors(text.strip()))
    if spec.allocate_load_balancer_node_ports is not None and not balanced:
        yield forbidden("spec.allocateLoadBalancerNodePorts", only)
    if balanced and spec.allocate_load_balancer_node_ports is None:
        yield required("allocateLoadBalancerNodePorts")
    name = spec.load_balancer_class
    if name is not None:
        if not balanced:
            yield forbidden("spec.loadBalancerClass", only)
        else:
            yield from complaints("spec.loadBalancerClass", name, qualified_name_errors(name))


# --- traffic -------------------------------------------------------------------------------


def is_external(spec: ServiceSpec) -> bool:
    """Whether traffic from outside of the cluster may reach the service."""
    return spec.type in ("LoadBalancer", "NodePort") or (
        spec.type == "ClusterIP" and bool(spec.external_ips)
    )


def needs_health_check(spec: ServiceSpec) -> bool:
    """Whether a load balancer asks each node if it has the service's pods."""
    return spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"


def _traffic_errors(spec: ServiceSpec) -> Errors:
    policy = spec.external_traffic_policy
    if is_external(spec):
        yield from chosen("spec.externalTrafficPolicy", policy, _POLICIES)
    elif policy:
        detail = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", policy, detail)
    path, port = "spec.healthCheckNodePort", spec.health_check_node_port
    if not needs_health_check(spec):
        if port:
            detail = (
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is "
                "'Local'"
            )
            yield invalid(path, port, detail)
    elif port:  # one that is left out is given out
        yield from complaints(path, port, port_number_errors(port))
    if spec.internal_traffic_policy is None:
        if spec.type in ("NodePort", "LoadBalancer", "ClusterIP"):
            yield required("spec.internalTrafficPolicy")
    elif spec.internal_traffic_policy not in _POLICIES:
        yield not_supported("spec.internalTrafficPolicy", spec.internal_traffic_policy, _POLICIES)
    wish = spec.traffic_distribution
    if wish and wish not in _DISTRIBUTIONS:
        yield not_supported("spec.trafficDistribution", wish, _DISTRIBUTIONS)


# --- updates -------------------------------------------------------------------------------


def _update_errors(new: Service, old: Service) -> Errors:
    spec, before = new.spec or ServiceSpec(), old.spec or ServiceSpec()
    if "ExternalName" not in (spec.type, before.type):
        yield from _address_change_errors(spec, before)
        if not is_headless(spec) and not is_headless(before):
            yield from _family_change_errors(spec, before)
    if spec.type == before.type == "LoadBalancer" and (
        spec.load_balancer_class != before.load_balancer_class
    ):
        yield invalid("spec.loadBalancerClass", spec.load_balancer_class, _FIXED)
    if needs_health_check(spec) and needs_health_check(before):
        port = (spec.health_check_node_port, before.health_check_node_port)
        if port[0] != port[1]:
            yield forbidden("spec.healthCheckNodePort", "field is immutable")


def _address_change_errors(new: ServiceSpec, old: ServiceSpec) -> Errors:
    path, addresses, present = "spec.clusterIPs", new.cluster_ips, old.cluster_ips
    if is_headless(new) and is_headless(old):
        return
    if len(addresses) == len(present):
        for i, (address, before) in enumerate(zip(addresses, present, strict=True)):
            if address != before:
                yield invalid(f"{path}[{i}]", addresses, _FIXED)
        return
    if not addresses:
        yield invalid(f"{path}[0]", addresses, "primary clusterIP can not be unset")
    elif present and addresses[0] != present[0]:
        yield invalid(f"{path}[0]", addresses, _FIXED)
    if len(addresses) < len(present) and len(addresses) == 1:
        yield from _released_errors(new, "clusterIP")


def _released_errors(spec: ServiceSpec, part: str) -> Errors:
    if spec.ip_family_policy != "SingleStack":
        detail = f"must be set to 'SingleStack' when releasing the secondary {part}"
        yield invalid("spec.ipFamilyPolicy", spec.ip_family_policy, detail)


def _family_change_errors(new: ServiceSpec, old: ServiceSpec) -> Errors:
    path, families, present = "spec.ipFamilies[0]", new.ip_families, old.ip_families
    if len(families) == len(present):
        for family, before in zip(families, present, strict=True):
            if family != before:
                yield invalid(path, families, _FIXED)
        return
    if not new.cluster_ips and len(families) < len(present):
        yield invalid(path, families, "primary ipFamily can not be unset")
    if families and present and families[0] != present[0]:
        yield invalid(path, new.cluster_ips, _FIXED)
    if len(families) < len(present) and len(families) == 1:
        yield from _released_errors(new, "ipFamily")


def _status_errors(new: Service, old: Service) -> Errors:
    ingresses, path = _ingresses(new), "status.loadBalancer.ingress"
    if ingresses and (new.spec is None or new.spec.type != "LoadBalancer"):
        yield forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")
        return
    known = {ingress.ip for ingress in _ingresses(old)}
    for i, ingress in enumerate(ingresses):
        yield from _ingress_errors(f"{path}[{i}]", ingress, known)


def _ingresses(service: Service) -> tuple[LoadBalancerIngress, ...]:
    balancer = service.status.load_balancer if service.status else None
    return balancer.ingress if balancer else ()


def _ingress_errors(path: str, ingress: LoadBalancerIngress, known: Set[str]) -> Errors:
    mode = f"{path}.ipMode"
    if ingress.ip and ingress.ip not in known:
        yield from complaints(f"{path}.ip", ingress.ip, address_errors(ingress.ip))
    if not ingress.ip_mode:
        if ingress.ip:
            yield required(mode, "must be specified when `ip` is set")
    elif not ingress.ip:
        yield forbidden(mode, "may not be specified when `ip` is not set")
    elif ingress.ip_mode not in _IP_MODES:
        yield not_supported(mode, ingress.ip_mode, _IP_MODES)
    if ingress.hostname:
        yield from _hostname_errors(f"{path}.hostname", ingress.hostname)


_IP_MODES: Final = ("Proxy", "VIP")


def _hostname_errors(path: str, name: str) -> Errors:
    yield from complaints(path, name, dns_subdomain(name))
    if parse_address(name) is not None:
        yield invalid(path, name, "must be a DNS name, not an IP address")


SERVICE_RULES: Final = Rules(
    name=dns_label,
    spec=_spec_errors,
    update=_update_errors,
    status=_status_errors,
    recheck="after",
)
