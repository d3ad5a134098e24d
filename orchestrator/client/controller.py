"""The base of all controllers: one class that says what it watches, owns, and how to reconcile.

    class Greeter(Controller):
        name = "greeter"
        kind = ConfigMap

        async def reconcile(self, key: Key) -> float | None:
            config_map = self.cache(ConfigMap).get(*key)
            ...

    await cluster.run_controller(Greeter)

Changes of `kind`, of what it `owns` (through the controller reference) and of what it `watches` put
keys into a work queue; up to `workers` reconciles run at once, never two of one key. A reconcile
looks at the state as it is, so it may run again at any time. It sees its own writes: a key is not
looked at again before the caches have seen the last revision that it wrote.
"""

from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from actors import Actor, Timer
from orchestrator.api.scheme import Resource
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
from orchestrator.client.checking import resource_for
from orchestrator.client.errors import NotInStep, PermanentError, TemporaryError
from orchestrator.client.events import EventRecorder
from orchestrator.client.failing import WrongAnswer, check_answer, described, is_loud
from orchestrator.client.informers import CatchUp, Changed, Hears, Resync, Subscribe
from orchestrator.client.pacing import Pacing, RateLimit
from orchestrator.client.sources import (
    OwnerKeys,
    Predicate,
    Source,
    both,
    filtered,
    looked_up,
    no_keys,
)
from orchestrator.client.wiring import Statistics, Wiring
from orchestrator.client.work_queue import Backoff, WorkQueue
from orchestrator.protocol import (
    ApiError,
    BadRequest,
    Forbidden,
    Invalid,
    Unauthorized,
)

K = TypeVar("K")

Kind = type[Any] | Resource
SUBSCRIBE_RETRY_SECONDS: Final = 1.0


class Controller(Actor):
    """See the module. Subclasses set `name` and `kind`, and write `reconcile`.

    One with arguments of its own takes them by name: `def __init__(self, wiring, *, url)`, which calls
    `super().__init__(wiring)`, and is run by `run_controller(Greeter, url=...)`.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    owns: ClassVar[tuple[Kind, ...]] = ()
    # Who its events are from; unless said, the name with "-controller" after it.
    event_source: ClassVar[str] = ""
    # Changes of `kind` that are heard of: those that all of these are true of (`generation_changed`).
    predicates: ClassVar[tuple[Predicate, ...]] = ()
    workers: ClassVar[int] = 5
    backoff: ClassVar[Backoff] = Backoff()  # of a key whose reconcile fails
    limit: ClassVar[RateLimit | None] = None  # of reconciles a second
    # Whether it watches nothing but `kind` until there is an object of it: for controllers that most
    # clusters have no work for, and that would hear of every pod.
    dormant: ClassVar[bool] = False
    # Whether its client looks at the types of what it writes. Kubernetes' own are typed by mypy.
    checked: ClassVar[bool] = True
    # What the API server refuses and is logged: what somebody has to mend.
    loud_refusals: ClassVar[tuple[type[ApiError], ...]] = (
        Invalid,
        BadRequest,
        Forbidden,
        Unauthorized,
    )
    # A key rests so long between two reconciles: changes that come meanwhile are looked at together.
    # Kubernetes' controllers owe the same to their clients' limit of requests a second.
    rest_seconds: ClassVar[float] = 0.0
    # A key that comes so soon is asked now whether it is at rest: many together cost one turn.
    ahead_seconds: ClassVar[float] = 0.0

    client: Client
    events: EventRecorder

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._queue: WorkQueue[Key] = WorkQueue(self.backoff)
        self._pacing = Pacing(
            self._queue,
            workers=self.workers,
            at_rest=self.at_rest,
            seen=self._revision_of,
            catch_up=self._catch_up,
            ahead_seconds=self.ahead_seconds,
            limit=self.limit,
        )
        self._caches: dict[Any, Cache[Any]] = {}
        self._sources: dict[Resource, Source] = {}
        self._hears: dict[Resource, Hears] = {}
        self._unsynced: dict[Resource, None] = {}
        self._subscribed = False
        self._asleep = self.dormant
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._reconciles = 0
        self._failures = 0
        self.broken: Exception | None = None  # why it could not start

    # --- what a subclass may say -----------------------------------------------------------

    def watches(self) -> Mapping[Any, Source]:
        """Further kinds, each with the keys that a change of one of its objects concerns: at once, or
        after so many seconds where a pair `(key, seconds)` stands for a key.

        A function marked `OfMetadata` is not told of updates that leave the metadata alone; the cache
        may then be `LAZY_SECONDS` behind them. Not for what this controller itself writes so. `looked_up`
        is told of nothing; its cache may be as far behind all changes, those that the controller writes among them.
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

    def reconcile(self, key: Key) -> Awaitable[float | None] | float | None:
        """Bring the world nearer to what the object `key` asks; `async def` or `def`.

        Answers the seconds after which to look again, or None. Zero and an exception bring the key back
        after a delay that grows (`backoff`), TemporaryError after its own, PermanentError not at all.
        """
        raise NotImplementedError

    def at_rest(self, key: Key) -> float | None:
        """The seconds after which to look again, if nothing is to be done for the key now.

        Asked before each reconcile, which costs a task; None: reconcile. Look at caches only.
        """
        return None

    # --- what it may use -------------------------------------------------------------------

    def cache(self, kind: type[K]) -> Cache[K]:
        """The shared cache of a kind.

        A kind that this controller does not watch is watched from now on, without reconciling anything
        when it changes. Until its cache is filled NotInStep ends the reconcile, which then runs again.
        """
        cache = self._caches.get(kind)
        if cache is None:
            cache = self._caches[kind] = self.cache_of(self._resource(kind))
        return cache

    def cache_of(self, resource: Resource, source: Source = no_keys) -> Cache[Any]:
        """The shared cache of a resource (a custom one, say), as `cache` has it.

        From now on the resource's changes concern the keys that `source` answers, if it is not watched yet.
        """
        if resource not in self._sources:
            resource = self._resource(resource)
            if resource not in self._sources and self._subscribed:
                self._begin_to_read(resource, source)
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
            self._reconciles + self._pacing.looks,
            self._failures,
            len(queue),
            queue.processing,
            queue.waiting,
            self._subscribed and not self._unsynced,
        )

    def depths(self) -> Mapping[str, int]:
        """The work queue's, by the name of Kubernetes' metric."""
        return {f"workqueue_depth {self.name}": len(self._queue)}

    # --- the machinery ---------------------------------------------------------------------

    def started(self) -> None:
        """Subscribe to all that is watched; reconciling begins when the caches are in step."""
        try:
            self._connect()
            self._say_sources()
        except Exception as error:
            self.broken = error
            raise
        self._subscribed = True
        own = self._resource(self.kind)
        self._unsynced = dict.fromkeys((own,) if self._asleep else self._sources)
        for resource in self._unsynced:
            self._subscribe(resource)

    def _wake(self) -> None:
        """There is an object of `kind`: watch the rest."""
        self._asleep = False
        own = self._resource(self.kind)
        rest = [resource for resource in self._sources if resource is not own]
        self._unsynced.update(dict.fromkeys(rest))
        for resource in rest:
            self._subscribe(resource)

    def _connect(self) -> None:
        wiring = self._wiring
        self.client = Client(
            wiring.api,
            clock=self.ctx.clock,
            identity=wiring.identity,
            scheme=wiring.scheme,
            field_manager=wiring.field_manager or self.name,
            checked=self.checked,
        )
        self.events = EventRecorder(
            self.ctx,
            wiring.api,
            self.event_source or f"{self.name}-controller",
            enabled=wiring.record_events,
            identity=wiring.identity,
            field_manager=wiring.field_manager or self.name,
        )
        self.prepare()

    def _say_sources(self) -> None:
        own = filtered(self.own_keys, *self.predicates) if self.predicates else self.own_keys
        self._add_source(self.kind, own)
        owner_kind = self._resource(self.kind)
        for owned in self.owns:
            self._add_source(owned, OwnerKeys(owner_kind))
        watched = _mapping(
            self.watches(), "watches() answers kinds with functions of their objects"
        )
        for kind, function in watched.items():
            if not callable(function):
                raise TypeError(
                    f"watches() gives {kind!r} {function!r}, and not a function of the object"
                )
            self._add_source(kind, function)
        indexed = _mapping(self.indexes(), "indexes() answers kinds with named functions")
        for kind, functions in indexed.items():
            for name, key_function in functions.items():
                self._wiring.shared.cache(self._resource(kind)).add_index(name, key_function)
        for kind in self._caches:  # `prepare` asked for them
            self._sources.setdefault(self._resource(kind), no_keys)

    def _resource(self, kind: Kind) -> Resource:
        return resource_for(kind, self._wiring.scheme)

    def _add_source(self, kind: Kind, function: Source) -> None:
        resource = self._resource(kind)
        before = self._sources.get(resource)
        if before is not None:
            function = both(before, function)
        self._sources[resource] = unmarked(function)
        self._hears[resource] = (
            Hears.METADATA
            if isinstance(function, OfMetadata)
            else Hears.NOTHING
            if function is looked_up
            else Hears.EVERYTHING
        )

    def follow(self, resource: Resource, source: Source) -> None:
        """Watch one more resource, while reconciling goes on: what is there of it is told as changes."""
        if resource not in self._sources:
            self._add_source(resource, source)
            self._subscribe(resource)

    def _begin_to_read(self, resource: Resource, source: Source) -> None:
        """Watch one more resource. Raises NotInStep unless others have its cache filled already."""
        self._sources[resource] = source
        filled = bool(self._wiring.shared.cache(resource).revision)
        if not filled:
            self._unsynced[resource] = None
        self._subscribe(resource)
        if not filled:
            raise NotInStep(resource.key)

    def _subscribe(self, resource: Resource) -> None:
        self.ctx.request(
            self._wiring.informers,
            Subscribe(resource, self.ctx.me, self._hears.get(resource, Hears.EVERYTHING)),
            then=lambda _: self._heard(resource),
            failed=lambda _: self._subscribe_later(resource),
        )

    def _subscribe_later(self, resource: Resource) -> None:
        self.ctx.call_after(SUBSCRIBE_RETRY_SECONDS, self._subscribe, resource)

    def _heard(self, resource: Resource) -> None:
        if resource in self._unsynced:
            self._in_step(resource)

    def _in_step(self, resource: Resource) -> None:
        self._unsynced.pop(resource, None)
        if self._asleep and len(self.cache_of(resource)):
            self._wake()
        if not self._unsynced:
            for key in self.initial_keys():
                self._queue.add(key)
            self._pump()

    def on_changed(self, message: Changed) -> None:
        """A shared cache has changed."""
        if self._asleep:
            self._wake()
        function = self._sources[message.resource]
        add, add_after = self._queue.add, self._queue.add_after
        now = self.ctx.clock.monotonic()
        before = self._queue.changes
        try:
            for change in message.changes:
                for key in function(change):
                    if type(key) is Key:
                        add(key)
                    elif type(key[0]) is Key and type(key[1]) is float:
                        add_after(key[0], now + key[1])
                    else:
                        self._add(key)
        except NotInStep:
            pass  # all keys are looked at when the cache that was asked for is filled
        if self._pacing.parked or self._queue.changes != before:
            self._pump()

    def _add(self, answer: Any) -> None:
        """What a source answered that is no Key: a pair with a delay, or a key as a bare tuple."""
        match answer:
            case (str(namespace), str(name)):
                self._queue.add(Key(namespace, name))
            case ((str(namespace), str(name)), int() | float() as seconds):
                self._queue.add_after(
                    Key(namespace, name), self.ctx.clock.monotonic() + max(0.0, seconds)
                )
            case _:
                raise TypeError(
                    f"a source of {self.name} answered {answer!r}: a Key(namespace, name) is "
                    "expected, or (Key, seconds)"
                )

    def on_resync(self, message: Resync) -> None:
        """Changes were missed: look at everything."""
        self._in_step(message.resource)

    def _revision_of(self, resource: Resource) -> int | None:
        """The revision that a cache shows, if this controller hears of its changes."""
        if resource not in self._sources or self._hears.get(resource) is Hears.NOTHING:
            return None
        return self._wiring.shared.cache(resource).revision

    def _catch_up(self, resource: Resource, revision: int) -> None:
        if resource in self._sources:
            self._wiring.informers.tell(CatchUp(resource, revision))

    def _pump(self) -> None:
        """Start as many reconciles as there are workers and keys."""
        if self._unsynced:
            return
        run, due = self._pacing.next(self.ctx.clock.monotonic())
        for key in run:
            self.ctx.task(self._run(key), self.name)
        if due is not None:
            self._wake_at(due)

    def _wake_at(self, due: float) -> None:
        if self._timer is not None and self._timer.active and self._timer_at <= due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self.ctx.call_after(due - self.ctx.clock.monotonic(), self._pump)

    async def _run(self, key: Key) -> None:
        queue = self._queue
        writes: dict[Resource, int] = {}
        WRITES.set(writes)
        self._reconciles += 1
        try:
            answer: Any = self.reconcile(key)
            again: Any = await answer if hasattr(answer, "__await__") else answer
            check_answer(self.name, again)
        except Exception as error:
            self._failed(key, error)
        else:
            if again is None:
                queue.forget(key)
            elif again > 0:
                queue.forget(key)
                queue.add_after(key, self.ctx.clock.monotonic() + again)
            else:  # at once, but never so often that time stands still
                queue.fail(key, self.ctx.clock.monotonic())
        if writes:
            self._pacing.wrote(key, writes)
        if self.rest_seconds:
            self._pacing.rests()
            self.ctx.call_after(self.rest_seconds, self._rested, key)
        else:
            self._pacing.rested(key)
        self._pump()

    def _rested(self, key: Key) -> None:
        self._pacing.rested(key, after_rest=True)
        self._pump()

    def _failed(self, key: Key, error: Exception) -> None:
        """Say what is worth saying, and when the key comes back."""
        if isinstance(error, NotInStep):
            self._queue.add(key)
            return
        self._failures += 1
        now = self.ctx.clock.monotonic()
        if is_loud(error, self.loud_refusals):
            self.ctx.log.error("reconcile failed", **described(error, self.name, key))
        match error:
            case TemporaryError():
                self._queue.add_after(key, now + max(0.0, error.seconds))
            case PermanentError() | WrongAnswer():
                self._queue.forget(key)
            case _:
                self._queue.fail(key, now)


def _mapping(answer: object, wanted: str) -> Mapping[Any, Any]:
    """What a subclass answers, if it is a mapping. Raises TypeError."""
    if not isinstance(answer, Mapping):
        raise TypeError(f"{wanted}, not {answer!r}")
    return answer
