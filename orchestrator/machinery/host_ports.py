"""Host ports: which ones a pod takes of its node, and which cannot be had beside one another."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from orchestrator.api.core.v1 import Container, Pod
from orchestrator.machinery.memo import PartsMemo

HostPort: TypeAlias = tuple[str, str, int]  # protocol, IP, port


def host_ports(pod: Pod) -> tuple[HostPort, ...]:
    """The host ports that a pod's containers take; remembered by the identity of the containers."""
    spec = pod.spec
    return () if spec is None else _HOST_PORTS(spec.containers, spec.init_containers)


def _host_ports(
    containers: tuple[Container, ...], init_containers: tuple[Container, ...]
) -> tuple[HostPort, ...]:
    sidecars = [each for each in init_containers if each.restart_policy]
    return tuple(
        (port.protocol or "TCP", port.host_ip or "0.0.0.0", port.host_port)
        for container in (*containers, *sidecars)
        for port in container.ports
        if port.host_port
    )


_HOST_PORTS: Final = PartsMemo(_host_ports)


def ports_conflict(taken: Iterable[HostPort], wanted: tuple[HostPort, ...]) -> bool:
    """Whether one of the ports is taken; 0.0.0.0 conflicts with every address."""
    for protocol, ip, port in wanted:
        for other_protocol, other_ip, other_port in taken:
            if (protocol, port) == (other_protocol, other_port) and (
                ip == other_ip or "0.0.0.0" in (ip, other_ip)
            ):
                return True
    return False
