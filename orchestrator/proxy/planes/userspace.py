"""The userspace plane: listens at service addresses and passes on what comes, without any rights.

It is for clusters whose pods share the host's network (`kubelet/networks/loopback.py`): there every service
address is the host's own, and one plane serves the whole host, all its nodes. A port is open only while the
service has an endpoint that may be used, so without one a client is refused at once, as kube-proxy refuses.
A backend that refuses is passed over for the next, as kube-proxy's userspace mode did; connections that stand
are left to end by themselves when their backend leaves the service.

Ports below the system's first unprivileged one (`net.ipv4.ip_unprivileged_port_start`), and addresses that are not
the host's, cannot be listened at; the plane says so once, and tries again with each new table.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from orchestrator.proxy.eligibility import Place
from orchestrator.proxy.errors import ProxyError
from orchestrator.proxy.health import HealthPorts, health_checks
from orchestrator.proxy.planes.datagrams import Datagrams
from orchestrator.proxy.planes.relay import Address, Relay
from orchestrator.proxy.planes.table import TablePlane
from orchestrator.proxy.table import Backend, Frontend, ServicePort, Table

_BACKLOG: Final = 1024
_A_TURN: Final = 64  # connections that are accepted in one turn of the loop
_KINDS: Final = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
_HOST: Final = Place("")


class UserspacePlane:
    """Serves the cluster IPs, external addresses and node ports of a host.

    `nodes` are the places of the nodes by their address; it may change between tables. `log` hears what cannot
    be served. Works in the running event loop, in real time.
    """

    sync_seconds: Final = 0.05

    def __init__(self, nodes: Mapping[str, Place], log: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._nodes = nodes
        self._log = log
        self._asked = TablePlane(_HOST, nodes)
        self._tcp: dict[Frontend, socket.socket] = {}
        self._udp: dict[Frontend, Datagrams] = {}
        self._relays: set[Relay] = set()
        self._complained: set[Frontend] = set()
        self._health = HealthPorts(socket.create_server, log)

    @property
    def connections(self) -> int:
        """How many TCP connections pass through it now."""
        return len(self._relays)

    @property
    def listening(self) -> frozenset[Frontend]:
        """Where it listens."""
        return frozenset((*self._tcp, *self._udp))

    def sync(self, table: Table) -> None:
        """Open the ports that have endpoints by now, and close those that have none."""
        self._asked.sync(table)
        self._health.sync(health_checks(table, self._nodes))
        wanted = dict(self._wanted(table))
        for frontend in [each for each in self._tcp if each not in wanted]:
            listening = self._tcp.pop(frontend)
            self._loop.remove_reader(listening)
            listening.close()
        for frontend in [each for each in self._udp if each not in wanted]:
            self._udp.pop(frontend).close()
        self._complained &= wanted.keys()
        for frontend, backends in wanted.items():
            known = self._udp.get(frontend)
            if known is not None:
                known.keep(frozenset((b.ip, b.port) for b in backends))
            elif frontend not in self._tcp:
                self._open(frontend)

    def refresh(self) -> None:
        """Look again at nodes that have come or gone."""
        self.sync(self._asked.table)

    def forget_idle(self, now: float) -> None:
        """As `Plane.forget_idle`."""
        self._asked.forget_idle(now)

    def close(self) -> None:
        """Close all ports and reset all connections."""
        self.sync(Table(services={}, slices={}, frontends={}, node_ports={}))
        self._health.close()
        for relay in list(self._relays):
            relay.abort()

    def _wanted(self, table: Table) -> Iterator[tuple[Frontend, tuple[Backend, ...]]]:
        """Every address that has an endpoint, with those that may be used."""
        for frontend in table.frontends:
            _, backends, _ = self._asked.backends(*frontend)
            if backends:
                yield frontend, backends
        for port in table.node_ports:
            for ip in self._nodes:
                _, backends, _ = self._asked.backends(ip, port.port, port.protocol)
                if backends:
                    yield Frontend(ip, port.port, port.protocol), backends

    def _open(self, frontend: Frontend) -> None:
        kind = _KINDS.get(frontend.protocol)
        if kind is None:
            self._complain(frontend, "the userspace plane carries TCP and UDP")
            return
        listening = socket.socket(socket.AF_INET, kind)
        try:
            if kind == socket.SOCK_STREAM:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((frontend.ip, frontend.port))
            if kind == socket.SOCK_STREAM:
                listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            self._complain(frontend, _why(error))
            return
        self._complained.discard(frontend)
        if kind == socket.SOCK_DGRAM:
            self._udp[frontend] = Datagrams(self._loop, listening, self._chooser(frontend))
        else:
            listening.setblocking(False)
            self._tcp[frontend] = listening
            self._loop.add_reader(listening, self._accept, frontend, listening)

    def _complain(self, frontend: Frontend, why: str) -> None:
        if frontend not in self._complained:
            self._complained.add(frontend)
            entry, _, _ = self._asked.backends(*frontend)
            service = "" if entry is None else f"{entry.service.namespace}/{entry.service.name}"
            address = f"{frontend.ip}:{frontend.port}/{frontend.protocol}"
            self._log.warning("service not served", service=service, address=address, reason=why)

    def _accept(self, frontend: Frontend, listening: socket.socket) -> None:
        for _ in range(_A_TURN):
            try:
                client, peer = listening.accept()
            except OSError:  # nobody waits any more, or has gone again
                return
            choices = self._choices(frontend, peer[0])
            # Before the relay tells its end it is among the relays, whatever happens first.
            Relay(self._loop, client, peer, choices, self._relays.discard, self._relays.add)

    def _choices(self, frontend: Frontend, client: str) -> Iterator[Address]:
        """The backends for one connection: the balancer's choice first, then the others as their turns come."""
        seen: set[Address] = set()
        entry, backends, _ = self._asked.backends(*frontend)
        if entry is None or not _may_come(entry, frontend.ip, client):
            return
        for _ in range(len(backends)):
            try:
                found = self._asked.choose(*frontend, client_ip=client, now=self._loop.time())
            except ProxyError:
                return
            address = (found.ip, found.port)
            if address not in seen:
                seen.add(address)
                yield address
        yield from (b for b in ((b.ip, b.port) for b in backends) if b not in seen)

    def _chooser(self, frontend: Frontend) -> Callable[[str], Address | None]:
        return lambda client: next(self._choices(frontend, client), None)


def _may_come(entry: ServicePort, ip: str, client: str) -> bool:
    """Whether a load balancer's address serves the client (`loadBalancerSourceRanges`)."""
    if not entry.source_ranges or ip not in entry.balanced_ips:
        return True
    address = ip_address(client)
    return any(address in ip_network(each, strict=False) for each in entry.source_ranges)


def _why(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return (
            "the port is privileged: see net.ipv4.ip_unprivileged_port_start, or use a higher one"
        )
    if error.errno == errno.EADDRINUSE:
        return "another program listens there"
    if error.errno == errno.EADDRNOTAVAIL:
        return "the address is not this host's"
    return str(error)
