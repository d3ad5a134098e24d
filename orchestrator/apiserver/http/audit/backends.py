"""How events come to where they are kept: at once, while their request waits, or later in batches.

A backend is what keeps them: a file, or a server elsewhere. A mode is a sink before it, as kube-apiserver names
them: `blocking` lets a request wait for its events, `blocking-strict` also refuses one whose arrival cannot be
kept, and with `batch` nobody waits, and what does not fit into the buffer is dropped.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

import structlog
from msgspec import Struct

from actors import Clock

Event: TypeAlias = Mapping[str, Any]
Sink: TypeAlias = Callable[[Event], "asyncio.Future[bool] | None"]
"""Takes an event; a future, if its request is to wait: whether the request may go on."""

_BUFFERED: Final = "buffered"
_log: Final = structlog.stdlib.get_logger("orchestrator")


class Backend(Protocol):
    """Keeps events. `name` is what its failures are counted under."""

    name: str

    async def keep(self, events: Sequence[Event], *, persistent: bool = True) -> None:
        """Keep events; one that is persistent tries again. Raises NotKept."""


class NotKept(Exception):
    """Events are lost; the text says why."""


class Batching(Struct, frozen=True):
    """How events are put together; times are seconds. The defaults are kube-apiserver's for a webhook.

    `rate`: batches a second, on average, and `burst` at once; None is as many as there are. Without `parallel`
    a batch waits for the one before.
    """

    buffer: int = 10_000
    size: int = 400
    wait: float = 30.0
    rate: float | None = 10.0
    burst: int = 15
    parallel: bool = True


def not_kept(lost: "Counter[str]", plugin: str, events: int, why: object) -> None:
    """Count events that are lost, and log it."""
    lost[plugin] += events
    _log.warning("audit events were lost", plugin=plugin, events=events, error=str(why))


def union(sinks: Sequence[Sink]) -> Sink:
    """One sink that tells all of them; a request goes on if all of them let it."""

    async def agreed(waits: "list[asyncio.Future[bool]]") -> bool:
        return all([await each for each in waits])

    def tell(event: Event) -> "asyncio.Future[bool] | None":
        waits = [found for sink in sinks if (found := sink(event)) is not None]
        return asyncio.ensure_future(agreed(waits)) if waits else None

    return sinks[0] if len(sinks) == 1 else tell


class Blocking:
    """A sink whose requests wait until the backend has the event. `strict`: one that it lost ends its request."""

    def __init__(self, backend: Backend, lost: "Counter[str]", *, strict: bool = False) -> None:
        self._backend = backend
        self._lost = lost
        self._strict = strict
        self._under_way: set[asyncio.Future[bool]] = set()  # requests may go away before these end

    def __call__(self, event: Event) -> "asyncio.Future[bool]":
        """As `Sink`."""
        task = asyncio.ensure_future(self._kept(event))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _kept(self, event: Event) -> bool:
        try:
            await self._backend.keep((event,))
        except NotKept as error:
            not_kept(self._lost, self._backend.name, 1, error)
            return not self._strict
        return True


class Buffered:
    """A sink for which nobody waits, until the end of its block, which sends what is left."""

    def __init__(
        self,
        backend: Backend,
        clock: Clock,
        lost: "Counter[str]",
        batching: Batching = Batching(),  # noqa: B008 - frozen
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._lost = lost
        self._batching = batching
        self._tokens = float(batching.burst)
        self._counted_at = clock.monotonic()
        self._waiting: deque[Event] = deque()
        self._full = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Buffered":
        self._task = asyncio.ensure_future(self._send_for_ever())
        return self

    async def __aexit__(self, *_error: object) -> None:
        """What is under way is tried once more."""
        assert self._task is not None
        tasks = (self._task, *self._sending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._waiting:
            await self._keep(self._batch(), persistent=False)

    def __call__(self, event: Event) -> None:
        """As `Sink`."""
        if len(self._waiting) >= self._batching.buffer:
            not_kept(self._lost, _BUFFERED, 1, "audit buffer queue blocked")
            return
        self._waiting.append(event)
        if len(self._waiting) >= self._batching.size:
            self._full.set()

    async def _send_for_ever(self) -> None:
        while True:
            if self._batching.size > 1:
                try:
                    async with asyncio.timeout(self._batching.wait):
                        await self._full.wait()
                except TimeoutError:
                    pass
            else:
                await self._full.wait()
            events = self._batch()
            if len(self._waiting) < self._batching.size:
                self._full.clear()
            if events:
                await self._send(events)

    def _batch(self) -> list[Event]:
        most = min(self._batching.size, len(self._waiting))
        return [self._waiting.popleft() for _ in range(most)]

    async def _send(self, events: list[Event]) -> None:
        """Send a batch when its turn has come; when that ends too early it is put back."""
        try:
            await self._turn()
            if not self._batching.parallel:
                await self._keep(events)
                return
        except asyncio.CancelledError:
            self._waiting.extendleft(reversed(events))
            raise
        task = asyncio.ensure_future(self._keep_apart(events))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _turn(self) -> None:
        """Wait until a batch may be sent, by a bucket of tokens."""
        rate = self._batching.rate
        if rate is None:
            return
        now = self._clock.monotonic()
        filled = self._tokens + (now - self._counted_at) * rate
        self._tokens, self._counted_at = min(filled, float(self._batching.burst)) - 1, now
        if self._tokens < 0:
            await self._clock.sleep(-self._tokens / rate)

    async def _keep_apart(self, events: list[Event]) -> None:
        try:
            await self._keep(events)
        except asyncio.CancelledError:
            self._waiting.extendleft(reversed(events))
            raise

    async def _keep(self, events: list[Event], *, persistent: bool = True) -> None:
        try:
            await self._backend.keep(events, persistent=persistent)
        except NotKept as error:
            not_kept(self._lost, self._backend.name, len(events), error)
