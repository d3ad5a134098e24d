"""The proxy of one node: answers where a connection to a service address would go."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from actors import Actor, Refusal, Request
from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.scheme import resource_of
from orchestrator.client import Subscription
from orchestrator.protocol import AUTHENTICATED, ApiRef, Event, Identity, WatchClosed, WatchEvents
from orchestrator.proxy.balancer import Balancer, Destination
from orchestrator.proxy.table import (
    EMPTY_TABLE,
    Backend,
    Frontend,
    NodePort,
    ServicePort,
    Table,
    TableChange,
    TableMemo,
    service_changed,
    slice_changed,
)

# kube-proxy's --iptables-min-sync-period: changes of one second become one new table.
SYNC_SECONDS: Final = 1.0
_IDENTITY: Final = Identity("system:kube-proxy", (AUTHENTICATED,))
FORGET_SECONDS: Final = 600.0  # how often idle clients and services are forgotten


class ProxyError(Refusal):
    """Base of what a proxy answers instead of a destination."""


class NoRoute(ProxyError):
    """No service has that address: the packet would go its own way."""


class NoEndpoints(ProxyError):
    """The service has no endpoint that may take the connection: it would be rejected."""


class Connect(Request[Destination], frozen=True, gc=False, kw_only=True):
    """Where would a connection from `client_ip` to `ip:port` go? Errors: NoRoute, NoEndpoints."""

    ip: str
    port: int
    client_ip: str
    protocol: str = "TCP"


class Proxy(Actor):
    """kube-proxy of the node `node_name` with address `node_ip`.

    `memo` is shared with the other proxies of the cluster: those that saw the same changes share
    one table.
    """

    def __init__(self, api: ApiRef, node_name: str, node_ip: str, memo: TableMemo) -> None:
        self._api = api
        self._node = node_name
        self._node_ip = node_ip
        self._memo = memo
        self._table: Table = EMPTY_TABLE
        self._balancer = Balancer()

    def started(self) -> None:
        """Watch services and endpoint slices."""
        self._services = Subscription(
            self.ctx,
            self._api,
            resource_of(Service),
            token="services",
            on_items=self._list_services,
            on_events=lambda message: self._advance(message, _service_changes(message.events)),
            batch_seconds=SYNC_SECONDS,
            identity=_IDENTITY,
        )
        self._slices = Subscription(
            self.ctx,
            self._api,
            resource_of(EndpointSlice),
            token="endpointslices",
            on_items=self._list_slices,
            on_events=lambda message: self._advance(message, _slice_changes(message.events)),
            batch_seconds=SYNC_SECONDS,
            identity=_IDENTITY,
        )
        self._services.start()
        self._slices.start()
        self.ctx.call_every(FORGET_SECONDS, self._forget)

    def on_watch_events(self, message: WatchEvents) -> None:
        """Changes of services or of slices."""
        if not self._services.deliver(message):
            self._slices.deliver(message)

    def on_watch_closed(self, message: WatchClosed) -> None:
        """A watch has ended; its subscription begins again."""
        if not self._services.closed(message):
            self._slices.closed(message)

    def on_connect(self, message: Connect) -> Destination:
        """Choose an endpoint as kube-proxy would for a new connection."""
        entry = self._table.frontends.get(Frontend(message.ip, message.port, message.protocol))
        if entry is not None:
            local = entry.internal_local
        elif message.ip == self._node_ip:
            entry = self._table.node_ports.get(NodePort(message.port, message.protocol))
            local = entry is not None and entry.external_local
        if entry is None:
            raise NoRoute(f"no service has {message.protocol} {message.ip}:{message.port}")
        backends = self._eligible(entry, local)
        if not backends:
            where = f" on node {self._node}" if local else ""
            service = f"{entry.service.namespace}/{entry.service.name}"
            raise NoEndpoints(f"service {service} has no ready endpoints{where}")
        return self._balancer.choose(entry, backends, message.client_ip, self.ctx.clock.monotonic())

    @property
    def table(self) -> Table:
        """What the proxy knows now."""
        return self._table

    def _eligible(self, entry: ServicePort, local: bool) -> tuple[Backend, ...]:
        if not local:
            return entry.backends
        return tuple(b for b in entry.backends if b.node == self._node)

    def _advance(self, message: WatchEvents, changes: Iterable[TableChange]) -> None:
        if message.events:  # a bookmark has none
            self._table = self._memo.advance(self._table, message, changes)

    def _list_services(self, items: tuple[Any, ...], _revision: int) -> None:
        """The whole state: also what is gone since the last one changes the table."""
        present = {(s.metadata.namespace, s.metadata.name) for s in items}
        gone = [s for key, s in self._table.services.items() if tuple(key) not in present]
        changes = [c for s in gone for c in service_changed(s, None)]
        changes += [c for s in items for c in service_changed(None, s)]
        self._table = self._memo.listed(self._table, changes)

    def _list_slices(self, items: tuple[Any, ...], _revision: int) -> None:
        present = {(s.metadata.namespace, s.metadata.name) for s in items}
        known = [s for slices in self._table.slices.values() for s in slices.values()]
        gone = [s for s in known if (s.metadata.namespace, s.metadata.name) not in present]
        changes = [c for s in gone for c in slice_changed(s, None)]
        changes += [c for s in items for c in slice_changed(None, s)]
        self._table = self._memo.listed(self._table, changes)

    def _forget(self) -> None:
        entries = (*self._table.frontends.values(), *self._table.node_ports.values())
        ports = {(e.service, e.name, e.protocol): e.affinity_seconds or 0 for e in entries}
        self._balancer.forget_idle(ports, self.ctx.clock.monotonic())


def _service_changes(events: Iterable[Event]) -> Iterator[TableChange]:
    for event in events:
        gone = event.type == "DELETED"
        yield from service_changed(
            event.object if gone else event.previous, None if gone else event.object
        )


def _slice_changes(events: Iterable[Event]) -> Iterator[TableChange]:
    for event in events:
        gone = event.type == "DELETED"
        yield from slice_changed(
            event.object if gone else event.previous, None if gone else event.object
        )
