"""The rules of a routing table for one node, as kube-proxy's nftables mode arranges them.

Maps lead from an address and port to a verdict, so a packet is looked up and not compared rule by rule. Connections are
translated on their way in, before routing, and on their way out of the node's own processes; what has no endpoint
is refused where filters may refuse. A service's own chain takes one of its endpoints by chance, one that a client with
affinity had before first. External traffic under a policy of Cluster is masqueraded, so that answers come back here.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.proxy.eligibility import Place, eligible
from orchestrator.proxy.planes.nftables.ruleset import Ruleset
from orchestrator.proxy.table import Backend, ServicePort, Table

TABLE: Final = "ip kube-proxy"
_MARK: Final = "0x4000"
_KEY: Final = "ip daddr . meta l4proto . th dport"
_ADDRESS_TYPE: Final = "type ipv4_addr . inet_proto . inet_service : verdict;"
_PORT_TYPE: Final = "type inet_proto . inet_service : verdict;"
_MASQUERADE: Final = "jump mark-for-masquerade"
_CLIENTS: Final = "set { type ipv4_addr; size 65535; flags dynamic,timeout; }"

_SETS: Final = {
    "cluster-ips": "set { type ipv4_addr; }",
    "nodeport-ips": "set { type ipv4_addr; }",
    "service-ips": f"map {{ {_ADDRESS_TYPE} }}",
    "service-nodeports": f"map {{ {_PORT_TYPE} }}",
    "no-endpoint-services": f"map {{ {_ADDRESS_TYPE} }}",
    "no-endpoint-nodeports": f"map {{ {_PORT_TYPE} }}",
    "firewall-ips": f"map {{ {_ADDRESS_TYPE} }}",
}
_HOOKS: Final = {
    "filter-prerouting-pre-dnat": "type filter hook prerouting priority -110;",
    "filter-output-pre-dnat": "type filter hook output priority -110;",
    "filter-input": "type filter hook input priority 0;",
    "filter-forward": "type filter hook forward priority 0;",
    "filter-output": "type filter hook output priority 0;",
    "nat-prerouting": "type nat hook prerouting priority -100;",
    "nat-output": "type nat hook output priority -100;",
    "nat-postrouting": "type nat hook postrouting priority 100;",
}


class Surroundings(Struct, frozen=True):
    """What the rules of a node go by: where it is, its address, the networks of its pods and of Services."""

    place: Place
    address: str
    pod_cidr: str
    service_network: str


def render(table: Table, node: Surroundings) -> Ruleset:
    """The rules for a table on a node."""
    rules = _Rules(node)
    for entry in dict.fromkeys(map(_Identity, table.frontends.values())):
        rules.add_service(entry.port)
    for frontend, entry_ in table.frontends.items():
        rules.add_address(frontend.ip, frontend.port, entry_)
    for port, entry_ in table.node_ports.items():
        rules.add_node_port(port.port, entry_)
    return rules.finished()


class _Identity:
    """A service port by identity: one stands at several addresses."""

    __slots__ = ("port",)

    def __init__(self, port: ServicePort) -> None:
        self.port = port

    def __hash__(self) -> int:
        return id(self.port)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.port is self.port


class _Rules:
    """Collects rules."""

    def __init__(self, node: Surroundings) -> None:
        self._node = node
        self._sets = dict(_SETS)
        self._elements: dict[str, dict[str, str]] = {name: {} for name in _SETS}
        self._elements["nodeport-ips"][node.address] = ""
        self._chains: dict[str, tuple[str, ...]] = _standing_chains(node)

    def finished(self) -> Ruleset:
        return Ruleset(TABLE, self._sets, self._elements, self._chains, _HOOKS)

    def add_service(self, port: ServicePort) -> None:
        """The chains of a service port: of its endpoints, of the choice among them, of what comes from outside."""
        ends = _Ends(port, self._node.place)
        for backend in dict.fromkeys((*ends.anywhere, *ends.local)):
            self._add_endpoint(port, backend)
        if ends.anywhere:
            self._add_choice(f"service-{_name(port)}", port, ends.anywhere)
            self._chains[f"external-{_name(port)}"] = tuple(_external(port, ends, self._node))
        if ends.local:
            self._add_choice(f"local-{_name(port)}", port, ends.local)

    def _add_endpoint(self, port: ServicePort, backend: Backend) -> None:
        name = _endpoint_name(port, backend)
        protocol = port.protocol.lower()
        rules = [f"ip saddr {backend.ip} {_MASQUERADE}"]
        if port.affinity_seconds is not None:
            affinity = _affinity_set(port, backend)
            # A set keeps the timeout with which it was made, and the Service's may change: the clients have it.
            self._sets[affinity] = _CLIENTS
            rules.append(f"update @{affinity} {{ ip saddr timeout {port.affinity_seconds}s }}")
        rules.append(f"meta l4proto {protocol} dnat to {backend.ip}:{backend.port}")
        self._chains[name] = tuple(rules)

    def _add_choice(self, name: str, port: ServicePort, backends: tuple[Backend, ...]) -> None:
        rules = [
            f"ip daddr {ip} ip saddr != {self._node.pod_cidr} {_MASQUERADE}"
            for ip in port.cluster_ips
            if ":" not in ip
        ]
        if port.affinity_seconds is not None:
            rules += [
                f"ip saddr @{_affinity_set(port, b)} goto {_endpoint_name(port, b)}"
                for b in backends
            ]
        turns = (f"{i} : goto {_endpoint_name(port, b)}" for i, b in enumerate(backends))
        rules.append(f"numgen random mod {len(backends)} vmap {{ {', '.join(turns)} }}")
        self._chains[name] = tuple(rules)

    def add_address(self, ip: str, number: int, port: ServicePort) -> None:
        """An address of a service port."""
        if ":" in ip:
            return
        key = f"{ip} . {port.protocol.lower()} . {number}"
        ends = _Ends(port, self._node.place)
        if ip in port.cluster_ips:
            self._elements["cluster-ips"][ip] = ""
            if ends.of(local=port.internal_local):
                kind = "local" if port.internal_local else "service"
                self._elements["service-ips"][key] = f"goto {kind}-{_name(port)}"
            else:
                self._elements["no-endpoint-services"][key] = ends.denial
            return
        self._lead_in("service-ips", "no-endpoint-services", key, port, ends)
        if port.source_ranges and ip in port.balanced_ips:
            chain = f"firewall-{_name(port)}"
            ranges = ", ".join(r for r in port.source_ranges if ":" not in r)
            self._chains[chain] = (f"ip saddr != {{ {ranges} }} drop",) if ranges else ("drop",)
            self._elements["firewall-ips"][key] = f"goto {chain}"

    def add_node_port(self, number: int, port: ServicePort) -> None:
        """A port of the node."""
        key = f"{port.protocol.lower()} . {number}"
        ends = _Ends(port, self._node.place)
        self._lead_in("service-nodeports", "no-endpoint-nodeports", key, port, ends)

    def _lead_in(self, into: str, denied: str, key: str, port: ServicePort, ends: "_Ends") -> None:
        """What comes from outside. Under Local a node without endpoints still leads the cluster's own clients on,
        and what is left after that is denied.
        """
        if ends.anywhere:
            self._elements[into][key] = f"goto external-{_name(port)}"
        if not ends.of(local=port.external_local):
            self._elements[denied][key] = ends.denial


class _Ends:
    """The endpoints of a service port that a node may use: under a policy of Cluster, and under one of Local."""

    def __init__(self, port: ServicePort, place: Place) -> None:
        open_ = replace(port, internal_local=False)
        self.anywhere = eligible(open_, place, external=False)
        self.local: tuple[Backend, ...] = ()
        if port.internal_local or port.external_local:
            self.local = eligible(replace(port, internal_local=True), place, external=False)

    def of(self, *, local: bool) -> tuple[Backend, ...]:
        """Those under a policy."""
        return self.local if local else self.anywhere

    @property
    def denial(self) -> str:
        """Without endpoints anywhere a client is refused; without local ones its packets are dropped."""
        return "drop" if self.anywhere else "goto reject-chain"


def _external(port: ServicePort, ends: _Ends, node: Surroundings) -> Iterator[str]:
    own = f"goto service-{_name(port)}"
    if not port.external_local:
        yield _MASQUERADE
        yield own
        return
    # What comes from the cluster itself may go to any endpoint.
    yield f"ip saddr {node.pod_cidr} {own}"
    yield f"fib saddr type local {_MASQUERADE}"
    yield f"fib saddr type local {own}"
    if ends.local:
        yield f"goto local-{_name(port)}"


def _standing_chains(node: Surroundings) -> dict[str, tuple[str, ...]]:
    new = "ct state new jump"
    return {
        "filter-prerouting-pre-dnat": (f"{new} firewall-check",),
        "filter-output-pre-dnat": (f"{new} firewall-check",),
        "filter-input": (f"{new} nodeport-endpoints-check", f"{new} service-endpoints-check"),
        "filter-forward": (f"{new} service-endpoints-check", f"{new} cluster-ips-check"),
        "filter-output": (f"{new} service-endpoints-check", f"{new} cluster-ips-check"),
        "nat-prerouting": ("jump services",),
        "nat-output": ("jump services",),
        "nat-postrouting": ("jump masquerading",),
        "mark-for-masquerade": (f"mark set mark or {_MARK}",),
        "masquerading": (
            f"mark and {_MARK} == 0 return",
            f"mark set mark xor {_MARK}",
            "masquerade fully-random",
        ),
        "reject-chain": ("reject",),
        "services": (
            f"{_KEY} vmap @service-ips",
            "ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports",
        ),
        "service-endpoints-check": (f"{_KEY} vmap @no-endpoint-services",),
        "nodeport-endpoints-check": (
            "ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports",
        ),
        "firewall-check": (f"{_KEY} vmap @firewall-ips",),
        "cluster-ips-check": (
            "ip daddr @cluster-ips reject",
            f"ip daddr {{ {node.service_network} }} drop",
        ),
    }


def _name(port: ServicePort) -> str:
    """A name for chains: short, unique, and such that one can guess whose it is."""
    whole = f"{port.service.namespace}/{port.service.name}/{port.protocol.lower()}/{port.name}"
    return f"{_hash(whole)}-{whole}"[:80].replace(".", "-")


def _endpoint_name(port: ServicePort, backend: Backend) -> str:
    return f"endpoint-{_name(port)}__{backend.ip}/{backend.port}"


def _affinity_set(port: ServicePort, backend: Backend) -> str:
    return f"affinity-{_name(port)}__{backend.ip}/{backend.port}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8].upper()
