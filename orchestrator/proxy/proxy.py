"""The proxy of one node: keeps its table and its data plane in step with the API server."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from actors import Actor, Request
from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.scheme import resource_of
from orchestrator.client import Subscription
from orchestrator.protocol import AUTHENTICATED, ApiRef, Event, Identity, WatchClosed, WatchEvents
from orchestrator.proxy.balancer import Destination
from orchestrator.proxy.eligibility import Place
from orchestrator.proxy.planes.interface import Plane
from orchestrator.proxy.planes.table import TablePlane
from orchestrator.proxy.table import (
    EMPTY_TABLE,
    Table,
    TableChange,
    TableMemo,
    service_changed,
    slice_changed,
)

# kube-proxy's --iptables-min-sync-period: changes of one second become one new table. There the first change after
# a pause does not wait; in real time somebody may look at once.
SYNC_SECONDS: Final = 1.0
_REAL_SECONDS: Final = 0.1
_IDENTITY: Final = Identity("system:kube-proxy", (AUTHENTICATED,))
FORGET_SECONDS: Final = 600.0  # how often idle clients and services are forgotten


class Connect(Request[Destination], frozen=True, gc=False, kw_only=True):
    """Where would a connection from `client_ip` to `ip:port` go? Errors: NoRoute, NoEndpoints."""

    ip: str
    port: int
    client_ip: str
    protocol: str = "TCP"


class Proxy(Actor):
    """kube-proxy at `place`, whose node has the address `node_ip`.

    `memo` is shared with the other proxies of the cluster: those that saw the same changes share
    one table. `plane` carries real traffic; it is the machine's and outlives this actor, so that connections
    arrive while it restarts.
    """

    def __init__(
        self,
        api: ApiRef,
        place: Place,
        node_ip: str,
        memo: TableMemo,
        plane: Plane | None = None,
    ) -> None:
        self._api = api
        self._memo = memo
        self._table: Table = EMPTY_TABLE
        # A plane that is only asked is what this proxy is asked by, too.
        asked = plane if isinstance(plane, TablePlane) else None
        self._asked = asked or TablePlane(place, {node_ip: place})
        self._plane = None if asked is not None else plane
        self._listed: set[str] = set()

    def started(self) -> None:
        """Watch services and endpoint slices."""
        self._services = self._subscribed(
            Service, "services", self._list_services, _service_changes
        )
        self._slices = self._subscribed(
            EndpointSlice, "endpointslices", self._list_slices, _slice_changes
        )
        self._services.start()
        self._slices.start()
        self.ctx.call_every(FORGET_SECONDS, self._forget)

    def _subscribed(
        self,
        kind: type[Any],
        token: str,
        listed: Callable[[tuple[Any, ...], int], None],
        changes: Callable[[Iterable[Event]], Iterator[TableChange]],
    ) -> Subscription:
        seconds = SYNC_SECONDS if self.ctx.clock.virtual else _REAL_SECONDS
        return Subscription(
            self.ctx,
            self._api,
            resource_of(kind),
            token=token,
            on_items=listed,
            on_events=lambda message: self._advance(message, changes(message.events)),
            batch_seconds=seconds if self._plane is None else self._plane.sync_seconds,
            identity=_IDENTITY,
        )

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
        return self._asked.choose(
            message.ip,
            message.port,
            message.protocol,
            client_ip=message.client_ip,
            now=self.ctx.clock.monotonic(),
        )

    @property
    def table(self) -> Table:
        """What the proxy knows now."""
        return self._table

    def _advance(self, message: WatchEvents, changes: Iterable[TableChange]) -> None:
        if message.events:  # a bookmark has none
            self._follow(self._memo.advance(self._table, message, changes))

    def _follow(self, table: Table) -> None:
        self._table = table
        self._asked.sync(table)
        # A plane that knew of services before their endpoints would refuse what it should carry.
        if self._plane is not None and len(self._listed) == 2:
            self._plane.sync(table)

    def _list_services(self, items: tuple[Any, ...], _revision: int) -> None:
        """The whole state: also what is gone since the last one changes the table."""
        present = {(s.metadata.namespace, s.metadata.name) for s in items}
        gone = [s for key, s in self._table.services.items() if tuple(key) not in present]
        changes = [c for s in gone for c in service_changed(s, None)]
        changes += [c for s in items for c in service_changed(None, s)]
        self._listed.add("services")
        self._follow(self._memo.listed(self._table, changes))

    def _list_slices(self, items: tuple[Any, ...], _revision: int) -> None:
        present = {(s.metadata.namespace, s.metadata.name) for s in items}
        known = [s for slices in self._table.slices.values() for s in slices.values()]
        gone = [s for s in known if (s.metadata.namespace, s.metadata.name) not in present]
        changes = [c for s in gone for c in slice_changed(s, None)]
        changes += [c for s in items for c in slice_changed(None, s)]
        self._listed.add("slices")
        self._follow(self._memo.listed(self._table, changes))

    def _forget(self) -> None:
        now = self.ctx.clock.monotonic()
        self._asked.forget_idle(now)
        if self._plane is not None:
            self._plane.forget_idle(now)


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
