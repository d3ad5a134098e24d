"""How fast the actor runtime is, beside a bound and its peers: `python -m benchmarks.actor_runtime`.

Every contender does the same work in the same process, in rounds that take turns; a figure is the
median of its rounds. The bound is a bare `deque` and a loop that calls a function: what an actor
runtime adds to it is its price. Needs `pip install '.[bench]'`.

- tell: messages to one actor, in bursts of 5,000; until all are handled
- fan-out: one message to each of 5,000 actors, again and again; until all are handled
- ask: one client asks and awaits the answer, again and again
- ask x100: the same, from 100 clients at once
- idle bytes: Python's allocations for each actor that waits (threads' stacks are not counted)
"""

import asyncio
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Awaitable, Callable
from importlib import import_module
from statistics import median
from typing import Any, Final

import anyio
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from actors import Actor, ActorSystem, Ref, Request

try:
    pykka: Any = import_module("pykka")
    xoscar: Any = import_module("xoscar")
except ImportError as missing:
    sys.exit(f"{missing.name} is not installed: pip install '.[bench]'")

ROUNDS: Final = 5
BURST: Final = 5_000
ACTORS: Final = 5_000
CLIENTS: Final = 100
IDLE: Final = 2_000


class Note(Struct, frozen=True, gc=False):
    """A message."""

    number: int


class Question(Request[int], frozen=True, gc=False):
    """A request."""

    number: int


NOTE: Final = Note(1)
QUESTION: Final = Question(1)


class Contender:
    """One runtime. `scale` makes the slow ones' work smaller; figures are per message anyway."""

    name: str
    scale: float = 1.0

    async def begin(self) -> None:
        """Prepare."""

    async def end(self) -> None:
        """Clean up."""

    async def tell(self, count: int) -> None:
        """Send so many messages to one actor and wait until they are handled."""
        raise NotImplementedError

    async def fan_out(self, rounds: int) -> None:
        """Send one message to each of ACTORS actors, so many times."""
        raise NotImplementedError

    async def ask(self, count: int) -> None:
        """Ask so many times, one after another."""
        raise NotImplementedError

    async def grow(self, count: int) -> list[Any]:
        """So many actors that wait; answers what keeps them alive."""
        raise NotImplementedError


# --- ours ----------------------------------------------------------------------------------


class Flush(Struct, frozen=True, gc=False):
    """Says when all messages before it have been handled."""

    handled: "asyncio.Future[None]"


class Counter(Actor):
    """Counts what it gets."""

    __slots__ = ("ctx", "handled")

    def __init__(self) -> None:
        self.handled = 0

    def on_note(self, message: Note) -> None:
        """One more."""
        self.handled += 1

    def on_flush(self, message: Flush) -> None:
        """All before this one were handled."""
        message.handled.set_result(None)

    def on_question(self, message: Question) -> int:
        """Answer."""
        return message.number


class Ours(Contender):
    """This project's actors."""

    name = "actors"

    async def begin(self) -> None:
        self._system = ActorSystem()
        await self._system.__aenter__()
        self._one = self._system.spawn(Counter, "one")
        self._many = [self._system.spawn(Counter, f"many-{n}") for n in range(ACTORS)]

    async def end(self) -> None:
        await self._system.stop()

    async def tell(self, count: int) -> None:
        tell = self._one.tell
        for _ in range(count // BURST):
            for _ in range(BURST):
                tell(NOTE)
            await self._flush(self._one)

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for ref in self._many:
                ref.tell(NOTE)
            await self._flush(self._many[-1])

    async def _flush(self, ref: Ref[Any]) -> None:
        flush = Flush(asyncio.get_running_loop().create_future())
        ref.tell(flush)
        await flush.handled

    async def ask(self, count: int) -> None:
        for _ in range(count):
            await self._one.ask(QUESTION)

    async def grow(self, count: int) -> list[Any]:
        return [self._system.spawn(Counter, f"idle-{n}") for n in range(count)]


# --- the bound -----------------------------------------------------------------------------


class Bound(Contender):
    """A deque of messages for each actor, a deque of those that are ready, and a loop."""

    name = "deque loop (bound)"

    async def begin(self) -> None:
        self._many = [(deque[Note](), _Tally()) for _ in range(ACTORS)]

    async def tell(self, count: int) -> None:
        messages: deque[Note] = deque()
        handle = _Tally().handle
        for _ in range(count // BURST):
            for _ in range(BURST):
                messages.append(NOTE)
            while messages:
                handle(messages.popleft())
            await asyncio.sleep(0)  # noqa: TID251 - the bound is a loop of asyncio's

    async def fan_out(self, rounds: int) -> None:
        ready: deque[tuple[deque[Note], _Tally]] = deque()
        for _ in range(rounds):
            for actor in self._many:
                actor[0].append(NOTE)
                ready.append(actor)
            while ready:
                messages, tally = ready.popleft()
                while messages:
                    tally.handle(messages.popleft())
            await asyncio.sleep(0)  # noqa: TID251

    async def ask(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            future: asyncio.Future[int] = loop.create_future()
            loop.call_soon(future.set_result, 1)
            await future

    async def grow(self, count: int) -> list[Any]:
        return [(deque[Note](), _Tally()) for _ in range(count)]


class _Tally:
    __slots__ = ("handled",)

    def __init__(self) -> None:
        self.handled = 0

    def handle(self, message: Note) -> None:
        self.handled += 1


# --- asyncio and anyio ---------------------------------------------------------------------


class Queues(Contender):
    """A task with an asyncio.Queue for each actor."""

    name = "asyncio.Queue task"

    async def begin(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._one = self._spawn()
        self._many = [self._spawn() for _ in range(ACTORS)]

    def _spawn(self) -> tuple["asyncio.Queue[Any]", "asyncio.Task[None]"]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(self._serve(queue))
        self._tasks.append(task)
        return queue, task

    async def _serve(self, queue: "asyncio.Queue[Any]") -> None:
        tally = _Tally()
        while True:
            message = await queue.get()
            if isinstance(message, Note):
                tally.handle(message)
            else:
                message.set_result(1)
            queue.task_done()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def tell(self, count: int) -> None:
        queue = self._one[0]
        for _ in range(count // BURST):
            for _ in range(BURST):
                queue.put_nowait(NOTE)
            await queue.join()

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for queue, _ in self._many:
                queue.put_nowait(NOTE)
            for queue, _ in self._many:
                await queue.join()

    async def ask(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            future: asyncio.Future[int] = loop.create_future()
            self._one[0].put_nowait(future)
            await future

    async def grow(self, count: int) -> list[Any]:
        idle = [self._spawn() for _ in range(count)]
        await asyncio.sleep(0)  # noqa: TID251
        return idle


class Streams(Contender):
    """A task with an anyio memory stream for each actor."""

    name = "anyio stream task"
    scale = 0.5

    async def begin(self) -> None:
        self._one = self._spawn()
        self._many = [self._spawn() for _ in range(ACTORS)]
        await asyncio.sleep(0)  # noqa: TID251

    def _spawn(self) -> tuple[Any, "asyncio.Task[None]", Any]:
        send, receive = anyio.create_memory_object_stream[Any](BURST)
        return send, asyncio.create_task(self._serve(receive)), receive

    async def _serve(self, stream: Any) -> None:
        tally = _Tally()
        async with stream:
            async for message in stream:
                if isinstance(message, Note):
                    tally.handle(message)
                else:
                    message.set_result(1)

    async def end(self) -> None:
        for send, task, _ in (self._one, *self._many):
            send.close()
            await task

    async def _settled(self, send: Any) -> None:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await send.send(future)
        await future

    async def tell(self, count: int) -> None:
        send = self._one[0]
        for _ in range(count // BURST):
            for _ in range(BURST):
                send.send_nowait(NOTE)
            await self._settled(send)

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for send, _, _ in self._many:
                send.send_nowait(NOTE)
            await self._settled(self._many[-1][0])

    async def ask(self, count: int) -> None:
        for _ in range(count):
            await self._settled(self._one[0])

    async def grow(self, count: int) -> list[Any]:
        idle = [self._spawn() for _ in range(count)]
        await asyncio.sleep(0)  # noqa: TID251
        self._many += idle
        return list(idle)


# --- peers ---------------------------------------------------------------------------------


class _Pykka(pykka.ThreadingActor):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.tally = _Tally()

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Note):
            self.tally.handle(message)
            return None
        return 1


class Pykka(Contender):
    """Pykka's actors, each a thread."""

    name = "Pykka"
    scale = 0.04

    async def begin(self) -> None:
        self._one = _Pykka.start()
        self._many = [_Pykka.start() for _ in range(ACTORS)]

    async def end(self) -> None:
        pykka.ActorRegistry.stop_all()

    async def tell(self, count: int) -> None:
        for _ in range(count // BURST):
            for _ in range(BURST):
                self._one.tell(NOTE)
            self._one.ask(QUESTION)

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for ref in self._many:
                ref.tell(NOTE)
            for ref in self._many[-10:]:
                ref.ask(QUESTION)

    async def ask(self, count: int) -> None:
        for _ in range(count):
            self._one.ask(QUESTION)

    async def grow(self, count: int) -> list[Any]:
        return [_Pykka.start() for _ in range(count)]


class _Xoscar(xoscar.StatelessActor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.tally = _Tally()

    def note(self, message: Note) -> None:
        self.tally.handle(message)

    def question(self, message: Question) -> int:
        return message.number


class Xoscar(Contender):
    """xoscar's actors, in the pool of this process."""

    name = "xoscar"
    scale = 0.02

    async def begin(self) -> None:
        self._pool = await xoscar.create_actor_pool("127.0.0.1", n_process=0)
        self._one = await self._spawn()
        self._many = [await self._spawn() for _ in range(ACTORS)]

    async def _spawn(self) -> Any:
        return await xoscar.create_actor(_Xoscar, address=self._pool.external_address)

    async def end(self) -> None:
        await self._pool.stop()

    async def tell(self, count: int) -> None:
        for _ in range(count):
            await self._one.note.tell(NOTE)
        await self._one.question(QUESTION)

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for ref in self._many:
                await ref.note.tell(NOTE)
            await self._many[-1].question(QUESTION)

    async def ask(self, count: int) -> None:
        for _ in range(count):
            await self._one.question(QUESTION)

    async def grow(self, count: int) -> list[Any]:
        return [await self._spawn() for _ in range(count)]


# --- measuring -----------------------------------------------------------------------------

CONTENDERS: Final[tuple[type[Contender], ...]] = (Ours, Bound, Queues, Streams, Pykka, Xoscar)
TELLS, FAN_OUTS, ASKS = 200_000, 20, 20_000


async def _seconds(work: Awaitable[None]) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def _from_many_clients(contender: Contender, count: int) -> None:
    each = max(count // CLIENTS, 1)
    await asyncio.gather(*(contender.ask(each) for _ in range(CLIENTS)))


async def _round(contender: Contender) -> dict[str, float]:
    """Microseconds a message."""
    scale = contender.scale
    tells = max(int(TELLS * scale) // BURST, 1) * BURST
    fans = max(int(FAN_OUTS * scale), 1)
    asks = max(int(ASKS * scale) // CLIENTS, 1) * CLIENTS
    return {
        "tell": 1e6 * await _seconds(contender.tell(tells)) / tells,
        "fan-out": 1e6 * await _seconds(contender.fan_out(fans)) / (fans * ACTORS),
        "ask": 1e6 * await _seconds(contender.ask(asks)) / asks,
        "ask x100": 1e6 * await _seconds(_from_many_clients(contender, asks)) / asks,
    }


async def _idle_bytes(contender: Contender) -> float:
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = await contender.grow(IDLE)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / len(kept)


async def measure() -> dict[str, dict[str, float]]:
    """Contender -> workload -> median."""
    contenders = [kind() for kind in CONTENDERS]
    for contender in contenders:
        await contender.begin()
    rounds: dict[str, list[dict[str, float]]] = {c.name: [] for c in contenders}
    for _ in range(ROUNDS):
        for contender in contenders:
            rounds[contender.name].append(await _round(contender))
    found = {
        name: {key: median(r[key] for r in of_one) for key in of_one[0]}
        for name, of_one in rounds.items()
    }
    for contender in contenders:
        found[contender.name]["idle bytes"] = await _idle_bytes(contender)
        await contender.end()
    return found


def _table(
    found: dict[str, dict[str, float]], title: str, form: Callable[[float, str], str]
) -> Table:
    table = Table(title=title, box=None, padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("")
    keys = list(next(iter(found.values())))
    for key in keys:
        table.add_column(key, justify="right")
    for name, of_one in found.items():
        table.add_row(name, *(form(of_one[key], key) for key in keys))
    return table


def main() -> None:
    """Measure and print."""
    found = asyncio.run(measure())
    ours = found[Ours.name]
    console = Console(width=110)
    console.print(
        _table(
            found,
            f"Microseconds a message, medians of {ROUNDS} rounds; bytes an idle actor",
            lambda value, key: f"{value:,.0f}" if key == "idle bytes" else f"{value:,.2f}",
        )
    )
    ratios = {
        name: {key: value / ours[key] for key, value in of_one.items()}
        for name, of_one in found.items()
        if name != Ours.name
    }
    console.print(
        _table(ratios, "Times as much as ours", lambda value, _: f"{value:,.2f}"), end="\n"
    )


if __name__ == "__main__":
    main()
