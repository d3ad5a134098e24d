"""What a contender of `actor_runtime` has to do, and the two that are ours: the runtime, and the bound."""

import asyncio
from collections import deque
from typing import Any, Final

from msgspec import Struct

from actors import Actor, ActorSystem, Ref, Request

BURST: Final = 5_000
ACTORS: Final = 5_000


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


class Tally:
    """Counts what it is given."""

    __slots__ = ("handled",)

    def __init__(self) -> None:
        self.handled = 0

    def handle(self, message: Note) -> None:
        """One more."""
        self.handled += 1


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
        self._many = [(deque[Note](), Tally()) for _ in range(ACTORS)]

    async def tell(self, count: int) -> None:
        messages: deque[Note] = deque()
        handle = Tally().handle
        for _ in range(count // BURST):
            for _ in range(BURST):
                messages.append(NOTE)
            while messages:
                handle(messages.popleft())
            await asyncio.sleep(0)  # noqa: TID251 - the bound is a loop of asyncio's

    async def fan_out(self, rounds: int) -> None:
        ready: deque[tuple[deque[Note], Tally]] = deque()
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
        return [(deque[Note](), Tally()) for _ in range(count)]
