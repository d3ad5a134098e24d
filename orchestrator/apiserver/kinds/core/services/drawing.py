"""Draws addresses and ports for one Service; nothing is owned before the write is committed.

A dry run claims no addresses, and ports without a look at their range, as Kubernetes' does.
"""

from ipaddress import AddressValueError, IPv4Address
from random import Random
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import ServicePort, ServiceSpec
from orchestrator.apiserver.allocation import Exhausted, Pool, ServiceAllocations
from orchestrator.apiserver.kinds.core.services.families import HEADLESS, with_families
from orchestrator.apiserver.validation.field import FieldError, invalid
from orchestrator.protocol import Unclassified

_NO_ADDRESS: Final = "ExternalName"
_DUMMY_PORT: Final = 32769


class Refused(Exception):
    """A pool has not what is asked for."""

    def __init__(self, fault: FieldError) -> None:
        super().__init__(fault)
        self.fault = fault


class Drawing:
    """The claims and draws of one service, whose `uid` owns what it had before."""

    def __init__(
        self, pools: ServiceAllocations, random: Random, uid: str, *, dry_run: bool
    ) -> None:
        self._pools = pools
        self._random = random
        self._uid = uid
        self._dry_run = dry_run
        self._drawn: set[int] = set()

    # --- addresses -------------------------------------------------------------------------

    def with_address(self, spec: ServiceSpec, before: ServiceSpec | None) -> ServiceSpec:
        """The spec with its families and an address. Raises FamilyFaults and Refused."""
        spec = with_families(spec, before)
        kept = before is not None and before.type != _NO_ADDRESS
        if spec.cluster_ip == HEADLESS or kept:
            return spec  # that it stays is for validation to say
        if spec.cluster_ips:
            for address in spec.cluster_ips:
                self._claim_address(address, spec.cluster_ips)
            return spec
        address = self._address()
        return replace(spec, cluster_ip=address, cluster_ips=(address,))

    def _address(self) -> str:
        if self._dry_run:
            return str(self._pools.network.network_address)
        try:
            number = self._pools.addresses.draw(self._random)
        except Exhausted:
            raise _address_refused((), "failed to allocate a serviceIP: range is full") from None
        self._pools.drawn["dynamic"] += 1
        return str(IPv4Address(number))

    def _claim_address(self, address: str, written: tuple[str, ...]) -> None:
        pool = self._pools.addresses
        try:
            number = int(IPv4Address(address))
        except AddressValueError:
            number = -1
        if number not in pool:
            raise _address_refused(
                written,
                f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid "
                f"range. The range of valid IPs is {self._pools.network}",
            )
        if not self._dry_run and pool.owner(number) not in (None, self._uid):
            detail = f"failed to allocate IP {address}: provided IP is already allocated"
            raise _address_refused(written, detail)
        if not self._dry_run:
            self._pools.drawn["static"] += 1

    # --- ports -----------------------------------------------------------------------------

    def with_ports(self, spec: ServiceSpec, needed: bool, *, is_new: bool) -> ServiceSpec:
        """The spec with the ports of the nodes; new ones only if they are `needed`.

        One number may serve one TCP and one UDP port: of a new Service only if these have one number, too. Raises
        Refused, and Unclassified for a number that an update says twice.
        """
        claimed: dict[int, set[tuple[str, int]]] = {}
        chosen = {port.port: port.node_port for port in reversed(spec.ports) if port.node_port}
        ports = []
        for i, port in enumerate(spec.ports):
            where = f"spec.ports[{i}].nodePort"
            number = port.node_port or (chosen.get(port.port, 0) if needed else 0)
            if number:
                served = claimed.setdefault(number, set())
                protocol = port.protocol or "TCP"
                is_doubled = protocol in {each for each, _ in served}
                if is_doubled and not is_new:
                    raise Unclassified(f"duplicate nodePort: {{{protocol} {number}}}")
                apart = is_new and bool(served) and port.port not in {each for _, each in served}
                if not served or is_doubled or apart:
                    self._claim_port(number, where, bool(served))
                served.add((protocol, port.port))
            elif needed:
                number = chosen[port.port] = self._draw_port(where)
                claimed[number] = {(port.protocol or "TCP", port.port)}
            ports.append(port if port.node_port == (number or None) else _with(port, number))
        same = all(new is old for new, old in zip(ports, spec.ports, strict=True))
        return spec if same else replace(spec, ports=tuple(ports))

    def with_health_port(self, spec: ServiceSpec) -> ServiceSpec:
        """The spec with a port for health checks. Raises Refused."""
        where = "spec.healthCheckNodePort"
        if spec.health_check_node_port:
            self._claim_port(spec.health_check_node_port, where, again=False)
            return spec
        return replace(spec, health_check_node_port=self._draw_port(where))

    def _claim_port(self, number: int, where: str, again: bool) -> None:
        pool = self._pools.ports
        if number not in pool and not self._dry_run:
            detail = (
                "provided port is not in the valid range. "
                f"The range of valid ports is {self._pools.port_range}"
            )
            raise Refused(invalid(where, number, detail))
        if again or number in self._drawn or pool.owner(number) not in (None, self._uid):
            raise Refused(invalid(where, number, "provided port is already allocated"))
        self._drawn.add(number)

    def _draw_port(self, where: str) -> int:
        if self._dry_run:
            number = max(self._drawn, default=_DUMMY_PORT - 1) + 1
            self._drawn.add(number)
            return number
        pool: Pool = self._pools.ports
        try:
            number = pool.draw(self._random, self._drawn)
        except Exhausted:
            detail = "failed to allocate a nodePort: range is full"
            raise Refused(invalid(where, 0, detail)) from None
        self._drawn.add(number)
        return number


def _with(port: ServicePort, number: int) -> ServicePort:
    return replace(port, node_port=number)


def _address_refused(written: tuple[str, ...], detail: str) -> Refused:
    return Refused(invalid("spec.clusterIPs", written, detail))
