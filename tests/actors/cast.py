"""The messages and actors that the tests share."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from actors import Actor, ActorSystem, Refusal, Request


class Note(Struct, frozen=True):
    """A message."""

    number: int = 0


class Echo(Request[int], frozen=True):
    """Answered with its number."""

    number: int = 0


class Slow(Request[int], frozen=True):
    """Answered with its number after so many seconds."""

    number: int = 0
    seconds: float = 1.0


class Refuse(Request[int], frozen=True):
    """Refused."""


class Boom(Request[int], frozen=True):
    """The actor fails with `text`."""

    text: str = "boom"


class Mute(Request[int], frozen=True):
    """Never answered, though the actor works on."""


class Bug(RuntimeError):
    """What `Boom` makes an actor fail with."""


class Player(Actor):
    """Does what it is told and writes down what it got, in a list that outlives it."""

    def __init__(self, log: list[Any] | None = None) -> None:
        self.log: list[Any] = [] if log is None else log

    def on_note(self, message: Note) -> None:
        """Write the number down."""
        self.log.append(message.number)

    def on_echo(self, message: Echo) -> int:
        """Answer."""
        return message.number

    async def on_slow(self, message: Slow) -> int:
        """Answer later; other messages wait."""
        self.log.append(("begin", message.number))
        await self.ctx.clock.sleep(message.seconds)
        self.log.append(("end", message.number))
        return message.number

    def on_refuse(self, message: Refuse) -> int:
        """Refuse."""
        raise Refusal("no")

    def on_boom(self, message: Boom) -> int:
        """Fail."""
        raise Bug(message.text)

    def on_mute(self, message: Mute) -> Any:
        """Promise an answer that never comes."""
        return self.ctx.defer()


class Parent(Actor):
    """Spawns what its `setup` says, in every incarnation."""

    def __init__(self, setup: Callable[[Actor], None]) -> None:
        self._setup = setup

    def started(self) -> None:
        """Spawn."""
        self._setup(self)

    def on_boom(self, message: Boom) -> int:
        """Fail."""
        raise Bug(message.text)


async def settle(system: ActorSystem) -> None:
    """Let everything happen that needs no time: a microsecond comes only when all are idle."""
    await system.clock.sleep(1e-6)
