"""Shared informers: one watch and one cache of each resource for all controllers of a manager.

`SharedCaches` is the state that outlives the actors: the caches, who wants to hear of what, and what
nobody has been told yet. The `Informers` actor keeps the caches in step. When it restarts it lists again
into the same caches and tells the difference; when a controller restarts it subscribes again and reads the caches whole. So
killing either loses nothing.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final

from msgspec import Struct

from actors import Deferred, Ref, Request
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import Resource, resource_of
from orchestrator.client.cache import Cache, Change
from orchestrator.client.reflector import Reflector
from orchestrator.client.watcher import Watcher
from orchestrator.machinery.metadata import same_metadata
from orchestrator.protocol import ADMIN, ApiRef, Identity

# How far a cache may be behind in what nobody hears of, as the updates that leave the metadata alone often are: the
# renewals of thousands of leases make one message then. Far less than any lease is good for.
LAZY_SECONDS: Final = 1.0
# A pod is created, bound and prepared within one moment: whoever counts pods looks at it once.
_BATCHES: Final = {resource_of(Pod): 0.01}
RESYNC_SECONDS: Final = 1.0  # how soon a subscriber that had no room is told to read all again


class Hears(IntEnum):
    """Of which changes a subscriber hears: of METADATA, of no updates that leave the metadata alone."""

    NOTHING = 0
    METADATA = 1
    EVERYTHING = 2


class Subscribe(Request[bool], frozen=True, gc=True):
    """Hear of a resource's changes as `Changed`; answered when its cache is in step."""

    resource: Resource
    subscriber: Ref[Any]
    hears: Hears = Hears.EVERYTHING


class Changed(Struct, frozen=True, gc=False):
    """What changed in one resource's cache, in order."""

    resource: Resource
    changes: tuple[Change[Any], ...]


class Resync(Struct, frozen=True, gc=False):
    """Changes were lost on the way: read the cache of `resource` whole."""

    resource: Resource


class SharedCaches:
    """The caches by resource, the subscribers of each, and its changes that they do not know yet."""

    def __init__(self) -> None:
        self._caches: dict[Resource, Cache[Any]] = {}
        self.subscribers: dict[Resource, dict[Ref[Any], Hears]] = {}
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


class CatchUp(Struct, frozen=True, gc=False):
    """List a resource again, unless its cache shows this revision: what was to tell of it must be lost."""

    resource: Resource
    revision: int


class _Informer:
    """One resource's part of `Informers`."""

    __slots__ = ("heard", "pending", "reflector", "synced", "waiting")

    def __init__(self, heard: Hears, pending: list[Change[Any]]) -> None:
        self.heard = heard  # nobody hears of more
        self.pending = pending
        self.synced = False
        self.waiting: list[Deferred[bool]] = []
        self.reflector: Reflector[Any]


class Informers(Watcher):
    """Fills `shared` and tells its subscribers what changed, once for each slice of messages."""

    def __init__(self, api: ApiRef, shared: SharedCaches, identity: Identity = ADMIN) -> None:
        super().__init__(api, identity)
        self._shared = shared
        self._informers: dict[Resource, _Informer] = {}
        self._lagging: dict[tuple[Ref[Any], Resource], None] = {}

    def started(self) -> None:
        """Take up the watches that a former incarnation had."""
        for resource in self._shared.resources():
            self._follow(resource)

    def on_subscribe(self, message: Subscribe) -> Any:
        """Add a subscriber; the answer waits for the cache."""
        resource = message.resource
        subscribers = self._shared.subscribers.setdefault(resource, {})
        subscribers[message.subscriber] = message.hears
        informer = self._informers.get(resource)
        if informer is None or informer.heard < message.hears:
            informer = self._follow(resource)
        if informer.synced:
            return True
        deferred: Deferred[bool] = self.ctx.defer()
        informer.waiting.append(deferred)
        return deferred

    def on_catch_up(self, message: CatchUp) -> None:
        """Fill a cache anew that is behind; once, though many ask for it."""
        informer = self._informers.get(message.resource)
        behind = self._shared.cache(message.resource).revision < message.revision
        if informer is not None and informer.synced and behind:
            self._follow(message.resource)

    def _follow(self, resource: Resource) -> _Informer:
        """Watch a resource; once more, if it was watched more lazily until now."""
        heard = max(self._shared.subscribers[resource].values())
        before = self._informers.get(resource)
        pending = self._shared.pending.setdefault(resource, [])
        informer = self._informers[resource] = _Informer(heard, pending)
        if before is not None:
            self.forget(before.reflector)
            informer.waiting = before.waiting
        informer.reflector = self.reflect(
            resource,
            batch_seconds=_BATCHES.get(resource, 0.0)
            if heard is Hears.EVERYTHING
            else LAZY_SECONDS,
            can_wait=same_metadata if heard is Hears.METADATA else None,
            tell_all=heard is not Hears.METADATA,
            cache=self._shared.cache(resource),
            on_change=informer.pending.append if heard else None,
            on_synced=lambda: self._in_step(informer),
        )
        return informer

    def _in_step(self, informer: _Informer) -> None:
        informer.synced = True
        for deferred in informer.waiting:
            deferred.reply(True)
        informer.waiting.clear()

    def drained(self) -> None:
        """Tell the subscribers what this slice of messages changed."""
        for resource, informer in self._informers.items():
            if informer.pending:
                changes = tuple(informer.pending)
                informer.pending.clear()
                self._tell(resource, changes)

    def _tell(self, resource: Resource, changes: tuple[Change[Any], ...]) -> None:
        subscribers = self._shared.subscribers.get(resource, {})
        everything = Changed(resource, changes)
        of_metadata: Changed | None = None
        for ref, hears in list(subscribers.items()):
            if not hears:
                continue
            message = everything
            if hears is Hears.METADATA:
                if of_metadata is None:
                    of_metadata = Changed(resource, tuple(filter(_of_metadata, changes)))
                message = of_metadata
            if ref.stopped:
                del subscribers[ref]
            elif message.changes and not ref.offer(message):
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


def _of_metadata(change: Change[Any]) -> bool:
    return change.old is None or change.new is None or not same_metadata(change.old, change.new)
