"""Services: an address and ports of the nodes, kept over updates and given back.

What a client leaves out of an update stays as it is; what a change of type makes meaningless is
dropped, unless the client itself changed it too, which validation then refuses.
"""

from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Service, ServicePort, ServiceSpec
from orchestrator.apiserver import errors
from orchestrator.apiserver.allocation import Exhausted, Pool, ServiceAllocations
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.machinery import field_errors
from orchestrator.machinery.field_errors import FieldError
from orchestrator.protocol import Invalid

_HEADLESS: Final = "None"
_NO_SPEC: Final = ServiceSpec()


def needs_address(spec: ServiceSpec) -> bool:
    """Whether services of this type have a cluster IP (or say that they are headless)."""
    return spec.type != "ExternalName"


def needs_node_ports(spec: ServiceSpec) -> bool:
    """Whether every port gets one on the nodes."""
    if spec.type == "LoadBalancer":
        return spec.allocate_load_balancer_node_ports is not False
    return spec.type == "NodePort"


def needs_health_port(spec: ServiceSpec) -> bool:
    """Whether load balancers must find out which nodes have endpoints."""
    return spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"


class ServiceStrategy(Strategy):
    """What is special about services."""

    def prepare_for_update(self, new: Service, old: Service, env: Environment) -> Service:
        """What was allocated stays, or goes with the type that needed it."""
        new = self.with_status_of(new, old)
        after, before = new.spec or _NO_SPEC, old.spec or _NO_SPEC
        spec = _dropped(_carried(after, before), before)
        return new if spec is after else replace(new, spec=spec)

    def allocate(self, new: Service, old: Service | None, env: Environment) -> Service:
        """The service with its address and ports. Raises Invalid."""
        spec = new.spec or _NO_SPEC
        drawing = _Drawing(self, new, env)
        if needs_address(spec):
            spec = drawing.with_address(spec)
        spec = drawing.with_ports(spec)
        if needs_health_port(spec):
            spec = drawing.with_health_port(spec)
        return new if spec is new.spec else replace(new, spec=spec)


class _Drawing:
    """The claims and draws of one service; nothing is owned before the write is committed."""

    def __init__(self, strategy: Strategy, service: Service, env: Environment) -> None:
        self._resource = strategy.resource
        self._name = service.metadata.name
        self._uid = service.metadata.uid
        self._random = env.random
        self._pools: ServiceAllocations = env.allocations
        self._drawn: set[int] = set()

    def with_address(self, spec: ServiceSpec) -> ServiceSpec:
        if spec.cluster_ip == _HEADLESS:
            return spec
        self._check_families(spec)
        if spec.cluster_ip:
            for address in spec.cluster_ips or (spec.cluster_ip,):
                self._claim_address(address, spec.cluster_ips)
            return spec
        try:
            number = self._pools.addresses.draw(self._random, set())
        except Exhausted:
            raise self._address_error((), "failed to allocate a serviceIP: range is full") from None
        address = str(IPv4Address(number))
        return replace(spec, cluster_ip=address, cluster_ips=(address,))

    def _check_families(self, spec: ServiceSpec) -> None:
        faults: list[FieldError] = []
        if spec.ip_family_policy == "RequireDualStack" or len(spec.cluster_ips) > 1:
            detail = "this cluster is not configured for dual-stack services"
            faults.append(
                field_errors.invalid("spec.ipFamilyPolicy", spec.ip_family_policy, detail)
            )
        for i, family in enumerate(spec.ip_families):
            if family != "IPv4":
                where = f"spec.ipFamilies[{i}]"
                detail = "not configured on this cluster"
                faults.append(field_errors.invalid(where, family, detail))
        if faults:
            raise errors.invalid_field(self._resource, self._name, *faults)

    def _claim_address(self, address: str, written: tuple[str, ...]) -> None:
        pool = self._pools.addresses
        try:
            number = int(IPv4Address(address))
        except AddressValueError:
            number = -1
        if number not in pool:
            raise self._address_error(
                written,
                f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid "
                f"range. The range of valid IPs is {self._pools.network}",
            )
        if pool.owner(number) not in (None, self._uid):
            detail = f"failed to allocate IP {address}: provided IP is already allocated"
            raise self._address_error(written, detail)

    def _address_error(self, written: tuple[str, ...], detail: str) -> Invalid:
        fault = field_errors.invalid("spec.clusterIPs", written, detail)
        return errors.invalid_field(self._resource, self._name, fault)

    def with_ports(self, spec: ServiceSpec) -> ServiceSpec:
        needed = needs_node_ports(spec)
        claimed: dict[int, set[str]] = {}  # one number may serve one TCP and one UDP port
        ports = []
        for i, port in enumerate(spec.ports):
            number = port.node_port or 0
            if number:
                protocols = claimed.setdefault(number, set())
                if not protocols or port.protocol in protocols:
                    self._claim_port(number, f"spec.ports[{i}].nodePort", bool(protocols))
                protocols.add(port.protocol or "TCP")
            elif needed:
                port = replace(port, node_port=self._draw_port(f"spec.ports[{i}].nodePort"))
            ports.append(port)
        same = all(new is old for new, old in zip(ports, spec.ports, strict=True))
        return spec if same else replace(spec, ports=tuple(ports))

    def with_health_port(self, spec: ServiceSpec) -> ServiceSpec:
        where = "spec.healthCheckNodePort"
        if spec.health_check_node_port:
            self._claim_port(spec.health_check_node_port, where, again=False)
            return spec
        return replace(spec, health_check_node_port=self._draw_port(where))

    def _claim_port(self, number: int, where: str, again: bool) -> None:
        pool = self._pools.ports
        if number not in pool:
            raise self._port_error(
                where,
                number,
                "provided port is not in the valid range. "
                f"The range of valid ports is {self._pools.port_range}",
            )
        if again or number in self._drawn or pool.owner(number) not in (None, self._uid):
            raise self._port_error(where, number, "provided port is already allocated")
        self._drawn.add(number)

    def _draw_port(self, where: str) -> int:
        pool: Pool = self._pools.ports
        try:
            number = pool.draw(self._random, self._drawn)
        except Exhausted:
            detail = "failed to allocate a nodePort: range is full"
            raise self._port_error(where, 0, detail) from None
        self._drawn.add(number)
        return number

    def _port_error(self, where: str, number: int, detail: str) -> Invalid:
        fault = field_errors.invalid(where, number, detail)
        return errors.invalid_field(self._resource, self._name, fault)


# --- updates -------------------------------------------------------------------------------


def _carried(after: ServiceSpec, before: ServiceSpec) -> ServiceSpec:
    """The new spec, with what was allocated where the client left it out."""
    changes: dict[str, Any] = {}
    if needs_address(before) and needs_address(after):
        if not after.cluster_ip and not after.cluster_ips:
            changes["cluster_ip"] = before.cluster_ip
            changes["cluster_ips"] = before.cluster_ips
        elif not after.cluster_ips and after.cluster_ip == before.cluster_ip:
            changes["cluster_ips"] = before.cluster_ips
        elif not after.cluster_ip:
            changes["cluster_ip"] = after.cluster_ips[0]
        elif after.cluster_ip != before.cluster_ip and after.cluster_ips == before.cluster_ips:
            changes["cluster_ips"] = (after.cluster_ip,)  # a client that knows but the older field
    if needs_node_ports(before) and needs_node_ports(after):
        ports = _with_node_ports(after.ports, before.ports)
        if ports is not after.ports:
            changes["ports"] = ports
    if needs_health_port(before) and needs_health_port(after) and not after.health_check_node_port:
        changes["health_check_node_port"] = before.health_check_node_port
    return replace(after, **changes) if changes else after


def _with_node_ports(
    after: tuple[ServicePort, ...], before: tuple[ServicePort, ...]
) -> tuple[ServicePort, ...]:
    known = {(port.protocol or "TCP", port.port): port.node_port for port in before}
    used = {(port.protocol or "TCP", port.node_port) for port in after if port.node_port}
    ports = []
    for port in after:
        protocol = port.protocol or "TCP"
        number = known.get((protocol, port.port))
        if not port.node_port and number and (protocol, number) not in used:
            port = replace(port, node_port=number)
        ports.append(port)
    same = all(new is old for new, old in zip(ports, after, strict=True))
    return after if same else tuple(ports)


def _dropped(after: ServiceSpec, before: ServiceSpec) -> ServiceSpec:
    """The new spec without what only its old type had, where the client did not touch it."""
    changes: dict[str, Any] = {}
    if needs_address(before) and not needs_address(after):
        if after.cluster_ips in ((), before.cluster_ips):
            changes |= {"cluster_ip": "", "cluster_ips": ()}
        if after.ip_families == before.ip_families:
            changes |= {"ip_families": (), "ip_family_policy": None}
        if after.internal_traffic_policy == before.internal_traffic_policy:
            changes["internal_traffic_policy"] = None
    if needs_node_ports(before) and not needs_node_ports(after) and _same_ports(after, before):
        changes["ports"] = tuple(replace(port, node_port=None) for port in after.ports)
    if (
        needs_health_port(before)
        and not needs_health_port(after)
        and after.health_check_node_port == before.health_check_node_port
    ):
        changes["health_check_node_port"] = None
    if (
        _is_external(before)
        and not _is_external(after)
        and (after.external_traffic_policy == before.external_traffic_policy)
    ):
        changes["external_traffic_policy"] = ""
    if before.type == "LoadBalancer" != after.type:
        if after.allocate_load_balancer_node_ports == before.allocate_load_balancer_node_ports:
            changes["allocate_load_balancer_node_ports"] = None
        if after.load_balancer_class == before.load_balancer_class:
            changes["load_balancer_class"] = None
    return replace(after, **changes) if changes else after


def _same_ports(after: ServiceSpec, before: ServiceSpec) -> bool:
    mine = {port.node_port for port in after.ports if port.node_port}
    return mine <= {port.node_port for port in before.ports}


def _is_external(spec: ServiceSpec) -> bool:
    return spec.type in ("NodePort", "LoadBalancer") or bool(
        spec.type == "ClusterIP" and spec.external_ips
    )
