"""Host ports: ports of a node that lead to a pod, as the port-mapping plugin of pod networks has them.

A container's `hostPort` is open at the node's addresses, or at `hostIP` alone; several pods may have the same port at
different addresses or of different protocols. Rules are replaced as a whole: pods with host ports are few.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from orchestrator.api.core.v1 import Pod

TABLE = "ip host-ports"
_EVERYWHERE = ("", "0.0.0.0")


class HostPort(NamedTuple):
    """A port of the node, at one address or at all (""), and where it leads."""

    ip: str
    protocol: str
    port: int
    pod_ip: str
    pod_port: int


def host_ports(pod: Pod, address: str) -> tuple[HostPort, ...]:
    """The host ports of a pod that has this address."""
    spec = pod.spec
    if spec is None or spec.host_network:
        return ()
    return tuple(
        HostPort(
            "" if port.host_ip in _EVERYWHERE else port.host_ip,
            (port.protocol or "TCP").lower(),
            port.host_port,
            address,
            port.container_port,
        )
        for container in (*spec.containers, *spec.init_containers)
        for port in container.ports
        if port.host_port and ":" not in port.host_ip
    )


def rules(ports: Mapping[str, tuple[HostPort, ...]], bridge: str) -> str:
    """What `nft -f` is given for the host ports of all pods, by their uids; `bridge` leads to the pods."""
    lines = [f"add table {TABLE}", f"delete table {TABLE}"]
    every = [port for those in ports.values() for port in those]
    if every:
        lines += [f"table {TABLE} {{", *_chains(every, bridge), "}"]
    return "\n".join(lines) + "\n"


def _chains(ports: list[HostPort], bridge: str) -> Iterator[str]:
    yield "chain translate {"
    for port in sorted(ports, key=lambda each: not each.ip):  # those at one address first
        where = f"ip daddr {port.ip}" if port.ip else "fib daddr type local"
        yield f"{where} {port.protocol} dport {port.port} dnat to {port.pod_ip}:{port.pod_port}"
    yield "}"
    for name, hook in (("in", "prerouting"), ("out", "output")):
        yield f"chain {name} {{ type nat hook {hook} priority -100; jump translate; }}"
    # Answers must come back by the node to whom the pod would answer directly: to itself, and to loopback addresses.
    yield "chain leave {"
    yield "type nat hook postrouting priority 100;"
    yield f'ip saddr 127.0.0.0/8 oifname "{bridge}" masquerade'
    for ip in dict.fromkeys(port.pod_ip for port in ports):
        yield f"ip saddr {ip} ip daddr {ip} masquerade"
    yield "}"
