"""The base of all controllers: one class that says what it watches, owns, and how to reconcile.

    class Greeter(Controller):
        name = "greeter"
        kind = ConfigMap

        async def reconcile(self, key: Key) -> float | None:
            config_map = self.cache(ConfigMap).get(*key)
            ...

Changes of `kind`, of what it `owns` (through the controller reference) and of what it `watches` put
keys into a work queue; up to `workers` reconciles run at once, never two of one key. A reconcile
looks at the state as it is, so it may run again at any time. It sees its own writes: a key is not
looked at again before the caches have seen the last revision that it wrote.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, Final, TypeVar

from msgspec import Struct

from actors import Actor, NoReply, Ref, Timer
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.api.scheme import DEFAULT, Resource, Scheme
from orchestrator.client.api import WRITES, Client
from orchestrator.client.cache import (
    Cache,
    Change,
    Key,
    KeyFunction,
    OfMetadata,
    key_of,
    unmarked,
)
from orchestrator.client.events import EventRecorder
from orchestrator.client.informers import Changed, Resync, SharedCaches, Subscribe
from orchestrator.client.work_queue import WorkQueue
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.protocol import ADMIN, ApiError, ApiRef, Identity

K = TypeVar("K")

Kind = type[Any] | Resource
# How long a key waits for the caches to show its own writes before it is looked at regardless: a
# filtered or lost event must not stop a controller.
OWN_WRITES_SECONDS: Final = 10.0
SUBSCRIBE_RETRY_SECONDS: Final = 1.0


class Wiring(Struct, frozen=True):
    """What a controller is connected to; one for all controllers of a manager."""

    api: ApiRef
    informers: Ref[Any]
    shared: SharedCaches
    scheme: Scheme = DEFAULT
    identity: Identity = ADMIN
    record_events: bool = True


class Statistics(Struct, frozen=True):
    """What a controller has done, and what waits."""

    reconciles: int
    failures: int
    queued: int
    processing: int
    delayed: int


class Controller(Actor):
    """See the module. Subclasses set `name` and `kind`, and write `reconcile`."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    owns: ClassVar[tuple[Kind, ...]] = ()
    workers: ClassVar[int] = 5
    # A key rests so long between two reconciles: changes that come meanwhile are looked at together.
    # Kubernetes' controllers owe the same to their clients' limit of requests a second.
    rest_seconds: ClassVar[float] = 0.0
    # A key that comes so soon is asked now whether it is at rest: many together cost one turn.
    ahead_seconds: ClassVar[float] = 0.0

    client: Client
    events: EventRecorder

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._queue: WorkQueue[Key] = WorkQueue()
        self._caches: dict[Any, Cache[Any]] = {}
        self._sources: dict[Resource, Callable[[Change[Any]], Iterable[Key]]] = {}
        self._of_metadata: dict[Resource, None] = {}  # sources that hear of nothing else
        self._unsynced: dict[Resource, None] = {}
        self._written: dict[Key, dict[Resource, int]] = {}
        self._parked: dict[Key, float] = {}
        self._resting = 0
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._reconciles = 0
        self._failures = 0

    # --- what a subclass may say -----------------------------------------------------------

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """Further kinds, each with the keys that a change of one of its objects concerns.

        A function marked `OfMetadata` is not told of updates that leave the metadata alone; the cache
        may then be `LAZY_SECONDS` behind them. Not for what this controller itself writes so.
        """
        return {}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Indexes that the caches of kinds shall have: kind -> name -> function."""
        return {}

    def prepare(self) -> None:
        """Called once before the first reconcile of an incarnation; caches are not filled yet."""

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """The keys that a change of an object of `kind` concerns: its own."""
        return (key_of(change.latest),)

    def initial_keys(self) -> Iterable[Key]:
        """The keys to reconcile when the caches are in step: all objects of `kind`."""
        return [key_of(obj) for obj in self.cache_of(self._resource(self.kind)).list()]

    async def reconcile(self, key: Key) -> float | None:
        """Bring the world nearer to what the object `key` asks.

        Answers the seconds after which to look again, or None. An exception brings the key back
        after a delay that grows.
        """
        raise NotImplementedError

    def at_rest(self, key: Key) -> float | None:
        """The seconds after which to look again, if nothing is to be done for the key now.

        Asked before each reconcile, which costs a task; None: reconcile. Look at caches only.
        """
        return None

    # --- what it may use -------------------------------------------------------------------

    def cache(self, kind: type[K]) -> Cache[K]:
        """The shared cache of a kind that this controller watches."""
        cache = self._caches.get(kind)
        if cache is None:
            cache = self._caches[kind] = self._wiring.shared.cache(self._resource(kind))
        return cache

    def cache_of(self, resource: Resource) -> Cache[Any]:
        """The shared cache of a resource (a custom one, say)."""
        return self._wiring.shared.cache(resource)

    def enqueue(self, key: Key, after: float = 0.0) -> None:
        """Have a key reconciled, now or after so many seconds."""
        if after > 0:
            self._queue.add_after(key, self.ctx.clock.monotonic() + after)
        else:
            self._queue.add(key)
        self._pump()

    def statistics(self) -> Statistics:
        """Counters since the last restart, and the depth of the queue."""
        queue = self._queue
        return Statistics(
            self._reconciles, self._failures, len(queue), queue.processing, queue.waiting
        )

    def depths(self) -> Mapping[str, int]:
        """The work queue's, by the name of Kubernetes' metric."""
        return {f"workqueue_depth {self.name}": len(self._queue)}

    # --- the machinery ---------------------------------------------------------------------

    def started(self) -> None:
        """Subscribe to all that is watched; reconciling begins when the caches are in step."""
        wiring = self._wiring
        self.client = Client(
            wiring.api,
            clock=self.ctx.clock,
            identity=wiring.identity,
            scheme=wiring.scheme,
        )
        self.events = EventRecorder(
            self.ctx,
            wiring.api,
            f"{self.name}-controller",
            enabled=wiring.record_events,
            identity=wiring.identity,
        )
        self.prepare()
        self._add_source(self.kind, self.own_keys)
        owner_kind = self._resource(self.kind)
        for owned in self.owns:
            self._add_source(owned, _OwnerKeys(owner_kind))
        for kind, function in self.watches().items():
            self._add_source(kind, function)
        for kind, functions in self.indexes().items():
            for name, key_function in functions.items():
                wiring.shared.cache(self._resource(kind)).add_index(name, key_function)
        self._unsynced = dict.fromkeys(self._sources)
        for resource in self._sources:
            self._subscribe(resource)

    def _resource(self, kind: Kind) -> Resource:
        return kind if isinstance(kind, Resource) else self._wiring.scheme.by_type(kind)

    def _add_source(self, kind: Kind, function: Callable[[Change[Any]], Iterable[Key]]) -> None:
        resource = self._resource(kind)
        before = self._sources.get(resource)
        if before is not None:
            function = _both(before, function)
        self._sources[resource] = unmarked(function)
        if isinstance(function, OfMetadata):
            self._of_metadata[resource] = None
        else:
            self._of_metadata.pop(resource, None)

    def _subscribe(self, resource: Resource) -> None:
        self.ctx.request(
            self._wiring.informers,
            Subscribe(resource, self.ctx.me, resource in self._of_metadata),
            then=lambda _: self._in_step(resource),
            failed=lambda _: self._subscribe_later(resource),
        )

    def _subscribe_later(self, resource: Resource) -> None:
        self.ctx.call_after(SUBSCRIBE_RETRY_SECONDS, self._subscribe, resource)

    def _in_step(self, resource: Resource) -> None:
        self._unsynced.pop(resource, None)
        if not self._unsynced:
            for key in self.initial_keys():
                self._queue.add(key)
            self._pump()

    def on_changed(self, message: Changed) -> None:
        """A shared cache has changed."""
        function = self._sources[message.resource]
        add = self._queue.add
        before = self._queue.changes
        for change in message.changes:
            for key in function(change):
                add(key)
        if self._parked or self._queue.changes != before:
            self._pump()

    def on_resync(self, message: Resync) -> None:
        """Changes were missed: look at everything."""
        self._in_step(message.resource)

    def _pump(self) -> None:
        """Start as many reconciles as there are workers and keys."""
        if self._unsynced:
            return
        queue = self._queue
        now = self.ctx.clock.monotonic()
        if self._parked:
            self._unpark(now)
        due = queue.advance(now)
        if self.ahead_seconds and due is not None and due <= now + self.ahead_seconds:
            due = queue.put_off(now + self.ahead_seconds, partial(self._rests_until, now))
        while queue.processing - len(self._parked) - self._resting < self.workers:
            key = queue.get()
            if key is None:
                break
            if self._sees_own_writes(key):
                again = self.at_rest(key)
                if again is None:
                    self.ctx.task(self._run(key), self.name)
                    continue
                self._reconciles += 1
                queue.forget(key)
                queue.add_after(key, now + again)
                queue.done(key)
                due = now + again if due is None else min(due, now + again)
            else:
                self._parked[key] = now + OWN_WRITES_SECONDS
                limit = now + OWN_WRITES_SECONDS
                due = limit if due is None else min(due, limit)
        self._wake_at(due)

    def _rests_until(self, now: float, key: Key) -> float | None:
        again = self.at_rest(key) if key not in self._written else None
        return None if again is None else now + again

    def _wake_at(self, due: float | None) -> None:
        if due is None:
            return
        if self._timer is not None and self._timer.active and self._timer_at <= due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self.ctx.call_after(due - self.ctx.clock.monotonic(), self._pump)

    def _unpark(self, now: float) -> None:
        for key, limit in list(self._parked.items()):
            if now >= limit or self._sees_own_writes(key):
                self._written.pop(key, None)
                del self._parked[key]
                self.ctx.task(self._run(key), self.name)

    def _sees_own_writes(self, key: Key) -> bool:
        written = self._written.get(key)
        if written is None:
            return True
        for resource, revision in written.items():
            if resource in self._sources and self.cache_of(resource).revision < revision:
                return False
        del self._written[key]
        return True

    async def _run(self, key: Key) -> None:
        queue = self._queue
        writes: dict[Resource, int] = {}
        WRITES.set(writes)
        self._reconciles += 1
        try:
            again = await self.reconcile(key)
        except (ApiError, NoReply) as error:
            self._failed(key, error)
        except Exception as error:
            self.ctx.log.exception("reconcile failed", controller=self.name, key="/".join(key))
            self._failed(key, error)
        else:
            queue.forget(key)
            if again is not None:
                queue.add_after(key, self.ctx.clock.monotonic() + max(0.0, again))
        if writes:
            self._written[key] = writes
        if self.rest_seconds:
            self._resting += 1
            self.ctx.call_after(self.rest_seconds, self._rested, key)
        else:
            queue.done(key)
        self._pump()

    def _rested(self, key: Key) -> None:
        self._resting -= 1
        self._queue.done(key)
        self._pump()

    def _failed(self, key: Key, error: Exception) -> None:
        self._failures += 1
        self._queue.fail(key, self.ctx.clock.monotonic())


class _OwnerKeys:
    """The owners of one kind before and after a change; one that moves an object concerns both."""

    __slots__ = ("_name_of", "_namespaced")

    def __init__(self, owner_kind: Resource) -> None:
        # All objects that were made alike share their references, and few controllers own many.
        self._name_of: IdentityMemo[tuple[OwnerReference, ...], str] = IdentityMemo(
            partial(_controller_name, owner_kind)
        )
        self._namespaced = owner_kind.namespaced

    def __call__(self, change: Change[Any]) -> tuple[Key, ...]:
        old, new = change.old, change.new
        metadata = change.latest.metadata if new is None else new.metadata
        keys = self._of(metadata)
        if new is None or old is None or old.metadata.owner_references is metadata.owner_references:
            return keys
        before = self._of(old.metadata)
        return keys if before == keys else (*before, *keys)

    def _of(self, metadata: ObjectMeta) -> tuple[Key, ...]:
        name = self._name_of(metadata.owner_references)
        return (Key(metadata.namespace if self._namespaced else "", name),) if name else ()


def _controller_name(kind: Resource, references: tuple[OwnerReference, ...]) -> str:
    """The name of the controller among the references, if it is of that kind; otherwise empty."""
    owner = next((r for r in references if r.controller), None)
    if owner is None or owner.kind != kind.kind:
        return ""
    group = owner.api_version.partition("/")[0] if "/" in owner.api_version else ""
    return owner.name if group == kind.group else ""


def _both(
    one: Callable[[Change[Any]], Iterable[Key]], other: Callable[[Change[Any]], Iterable[Key]]
) -> Callable[[Change[Any]], Iterable[Key]]:
    def both(change: Change[Any]) -> Iterable[Key]:
        first, second = one(change), other(change)
        return (*first, *second) if second else first

    return both
