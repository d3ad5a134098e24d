"""Shared informers: one watch and one cache of each resource for all controllers of a manager.

`SharedCaches` is the state that outlives the actors: the caches, who wants to hear of what, and what
nobody has been told yet. The `Informers` actor keeps the caches in step. When it restarts it lists again
into the same caches and tells the difference; when a controller restarts it subscribes again and reads the caches whole. So
killing either loses nothing.
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from actors import Ref, Request
from orchestrator.api.scheme import Resource
from orchestrator.client.cache import Cache, Change
from orchestrator.client.watcher import Watcher
from orchestrator.protocol import ADMIN, ApiRef, Identity

RESYNC_SECONDS: Final = 1.0  # how soon a subscriber that had no room is told to read all again


class Subscribe(Request[bool], frozen=True, gc=False):
    """Hear of a resource's changes as `Changed`; answered when its cache is in step."""

    resource: Resource
    subscriber: Ref[Any]


class Changed(Struct, frozen=True, gc=False):
    """What changed in one resource's cache, in order. One message for all subscribers."""

    resource: Resource
    changes: tuple[Change[Any], ...]


class Resync(Struct, frozen=True, gc=False):
    """Changes were lost on the way: read the cache of `resource` whole."""

    resource: Resource


class SharedCaches:
    """The caches by resource, the subscribers of each, and its changes that they do not know yet."""

    def __init__(self) -> None:
        self._caches: dict[Resource, Cache[Any]] = {}
        self.subscribers: dict[Resource, dict[Ref[Any], None]] = {}
        self.pending: dict[Resource, list[Change[Any]]] = {}

    def cache(self, resource: Resource) -> Cache[Any]:
        """The cache of a resource; empty until an Informers actor has filled it."""
        found = self._caches.get(resource)
        if found is None:
            found = self._caches[resource] = Cache(resource)
        return found

    def resources(self) -> Iterator[Resource]:
        """The resources that have subscribers."""
        return iter(list(self.subscribers))


class Informers(Watcher):
    """Fills `shared` and tells its subscribers what changed, once for each slice of messages."""

    def __init__(self, api: ApiRef, shared: SharedCaches, identity: Identity = ADMIN) -> None:
        super().__init__(api, identity)
        self._shared = shared
        self._waiting: dict[Resource, list[Any]] = {}
        self._synced: dict[Resource, bool] = {}
        self._lagging: dict[tuple[Ref[Any], Resource], None] = {}

    def started(self) -> None:
        """Take up the watches that a former incarnation had."""
        for resource in self._shared.resources():
            self._follow(resource)

    def on_subscribe(self, message: Subscribe) -> Any:
        """Add a subscriber; the answer waits for the cache."""
        resource = message.resource
        self._shared.subscribers.setdefault(resource, {})[message.subscriber] = None
        if resource not in self._synced:
            self._follow(resource)
        if self._synced[resource]:
            return True
        deferred = self.ctx.defer()
        self._waiting.setdefault(resource, []).append(deferred)
        return deferred

    def _follow(self, resource: Resource) -> None:
        self._synced[resource] = False
        pending = self._shared.pending.setdefault(resource, [])
        self.reflect(
            resource,
            cache=self._shared.cache(resource),
            on_change=pending.append,
            on_synced=lambda: self._in_step(resource),
        )

    def _in_step(self, resource: Resource) -> None:
        self._synced[resource] = True
        for deferred in self._waiting.pop(resource, ()):
            deferred.reply(True)

    def drained(self) -> None:
        """Tell the subscribers what this slice of messages changed."""
        for resource, pending in self._shared.pending.items():
            if not pending:
                continue
            message = Changed(resource, tuple(pending))
            pending.clear()
            subscribers = self._shared.subscribers.get(resource, {})
            for ref in list(subscribers):
                if ref.stopped:
                    del subscribers[ref]
                elif not ref.offer(message):
                    self._lags(ref, resource)

    def _lags(self, ref: Ref[Any], resource: Resource) -> None:
        if not self._lagging:
            self.ctx.call_after(RESYNC_SECONDS, self._resync)
        self._lagging[ref, resource] = None

    def _resync(self) -> None:
        for ref, resource in list(self._lagging):
            if ref.stopped or ref.offer(Resync(resource)):
                del self._lagging[ref, resource]
        if self._lagging:
            self.ctx.call_after(RESYNC_SECONDS, self._resync)
