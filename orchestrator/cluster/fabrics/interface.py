"""What a cluster asks of its network."""

import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final, Protocol

from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.networks.interface import PodNetwork
from orchestrator.proxy.planes.interface import Plane
from orchestrator.proxy.policies.decisions import Isolation

DNS_ADDRESS: Final = 10  # which address of the service network is the cluster's DNS


def host_resolver() -> str:
    """The configuration of this host's resolver; empty if it has none."""
    try:
        return Path("/etc/resolv.conf").read_text()
    except OSError:
        return ""


def ipv4_of(host: str) -> str | None:
    """The IPv4 address of what a server listens at; None if it has none."""
    try:
        return socket.gethostbyname(host) if host else "0.0.0.0"
    except OSError:
        return None


class Unfit(ValueError):
    """The nodes are not such as the network can have; the text says why, and what would be right."""


class Fabric(Protocol):
    """The network of one cluster.

    `control_plane` is the address of the machine that serves the cluster, empty if there is none.
    `mode` is its name for `proxy_mode`, `service_network` where Services have their addresses,
    and `balancer_network` where load balancers have theirs. `host_plane` is one
    that serves all nodes of this host; None: each node has its own, or none. `carries`: whether packets arrive.
    Services at ports below `lowest_port` are not served.
    """

    mode: str
    service_network: IPv4Network
    balancer_network: IPv4Network
    host_plane: Plane | None
    carries: bool
    lowest_port: int
    control_plane: str

    def place(self, spec: NodeSpec) -> NodeSpec:
        """The node with addresses of this fabric; always the same ones for a name. Raises Unfit."""
        ...

    def network(self, spec: NodeSpec) -> PodNetwork:
        """Plug a node in; answers the network of its pods. Raises NetworkFault."""
        ...

    def plane(self, spec: NodeSpec) -> Plane | None:
        """The node's own data plane, made once a node that is plugged in."""
        ...

    def unplug(self, spec: NodeSpec) -> None:
        """The node has no power any more; its pods' network is gone, too."""
        ...

    def advertised(self, host: str, port: int) -> str | None:
        """At which address pods find an API server that listens at `host` and `port`; None: nowhere."""
        ...

    def enforcer(self) -> Callable[[Mapping[str, tuple[Isolation, ...]]], None] | None:
        """What is told of the pods of each node that NetworkPolicies isolate; None: nothing enforces them."""
        ...

    def close(self) -> None:
        """Take away all that was made on this machine."""
        ...
