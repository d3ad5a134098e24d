"""Host ports: which ones a pod takes of its node, and which cannot be had beside one another."""

from collections.abc import Iterable
from typing import TypeAlias

from orchestrator.api.core.v1 import Pod

HostPort: TypeAlias = tuple[str, str, int]  # protocol, IP, port


def host_ports(pod: Pod) -> tuple[HostPort, ...]:
    """The host ports that a pod's containers take."""
    if pod.spec is None:
        return ()
    return tuple(
        (port.protocol or "TCP", port.host_ip or "0.0.0.0", port.host_port)
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        if container.ports and (container in pod.spec.containers or container.restart_policy)
        for port in container.ports
        if port.host_port
    )


def ports_conflict(taken: Iterable[HostPort], wanted: tuple[HostPort, ...]) -> bool:
    """Whether one of the ports is taken; 0.0.0.0 conflicts with every address."""
    for protocol, ip, port in wanted:
        for other_protocol, other_ip, other_port in taken:
            if (protocol, port) == (other_protocol, other_port) and (
                ip == other_ip or "0.0.0.0" in (ip, other_ip)
            ):
                return True
    return False
