"""Services: an address and ports of the nodes, kept over updates and given back.

What a client leaves out of an update stays as it is; what a change of type makes meaningless is
dropped, unless the client itself changed it too, which validation then refuses.
"""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import LoadBalancerStatus, Service, ServicePort, ServiceSpec
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.core.services.drawing import Drawing, Refused
from orchestrator.apiserver.kinds.core.services.families import FamilyFaults
from orchestrator.apiserver.kinds.strategy import Strategy

_BALANCED: Final = "LoadBalancer"
_WITH_NODE_PORTS: Final = ("NodePort", _BALANCED)
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
        if spec.type != _BALANCED and new.status is not None and new.status.load_balancer:
            new = replace(new, status=replace(new.status, load_balancer=LoadBalancerStatus()))
        return new if spec is after else replace(new, spec=spec)

    def allocate(
        self, new: Service, old: Service | None, env: Environment, *, dry_run: bool
    ) -> Service:
        """The service with its families, address and ports. Raises Invalid."""
        spec = new.spec or _NO_SPEC
        before = None if old is None else old.spec or _NO_SPEC
        drawing = Drawing(env.allocations, env.random, new.metadata.uid, dry_run=dry_run)
        try:
            spec = _drawn(drawing, spec, before)
        except FamilyFaults as error:
            faults = error.faults
            raise errors.invalid_field(self.resource, new.metadata.name, *faults) from error
        except Refused as error:
            fault = error.fault
            raise errors.invalid_field(self.resource, new.metadata.name, fault) from error
        return new if spec is new.spec else replace(new, spec=spec)


def _drawn(drawing: Drawing, spec: ServiceSpec, before: ServiceSpec | None) -> ServiceSpec:
    if spec.cluster_ip and not (spec.cluster_ips or (before and before.cluster_ips)):
        spec = replace(spec, cluster_ips=(spec.cluster_ip,))  # a client of the older field
    if needs_address(spec):
        spec = drawing.with_address(spec, before)
    if spec.type in _WITH_NODE_PORTS:
        spec = drawing.with_ports(spec, needs_node_ports(spec), is_new=before is None)
    return drawing.with_health_port(spec) if needs_health_port(spec) else spec


# --- updates -------------------------------------------------------------------------------


def _carried(after: ServiceSpec, before: ServiceSpec) -> ServiceSpec:
    """The new spec, with what was allocated where the client left it out."""
    changes: dict[str, Any] = {}
    if needs_address(before) and needs_address(after):
        address = after.cluster_ip or before.cluster_ip
        addresses = after.cluster_ips or before.cluster_ips
        if address and address != before.cluster_ip and addresses == before.cluster_ips:
            addresses = (address,)  # a client that knows but the older field
        if (address, addresses) != (after.cluster_ip, after.cluster_ips):
            changes |= {"cluster_ip": address, "cluster_ips": addresses}
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
    known = {port.name: port.node_port for port in before}
    used = {port.node_port for port in after}
    ports = []
    for port in after:
        number = known.get(port.name)
        if not port.node_port and number and number not in used:
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
    # Who asks a load balancer for no more of them keeps those that are there.
    had, has = (spec.type in _WITH_NODE_PORTS for spec in (before, after))
    if had and not has and _same_ports(after, before):
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
