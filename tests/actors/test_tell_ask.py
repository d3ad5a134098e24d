"""What `tell` and `ask` promise."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from actors import (
    Actor,
    ActorCrashed,
    ActorStopped,
    ActorSystem,
    AskTimeout,
    Deferred,
    Misuse,
    Ref,
    Refusal,
    Request,
    run,
)
from tests.actors.cast import Boom, Bug, Echo, Mute, Note, Player, Refuse, Slow, settle


class _Forward(Struct, frozen=True):
    target: Ref[Any]
    numbers: tuple[int, ...]


class _Forwarder(Actor):
    def on_forward(self, message: _Forward) -> None:
        for number in message.numbers:
            message.target.tell(Note(number))


@given(st.lists(st.lists(st.integers(0, 1000), max_size=150), min_size=1, max_size=4))
def test_messages_of_one_sender_arrive_in_their_order(batches: list[list[int]]) -> None:
    """Between one sender and one target nothing overtakes; every message comes once."""

    async def main() -> list[int]:
        log: list[int] = []
        async with ActorSystem() as system:
            target = system.spawn(lambda: Player(log), "target")
            for index, batch in enumerate(batches):
                sender = system.spawn(_Forwarder, f"sender-{index}")
                numbers = tuple(index * 10_000 + number for number in batch)
                for part in (numbers[:70], numbers[70:]):
                    sender.tell(_Forward(target, part))
            await settle(system)
        return log

    log = run(main)
    assert len(log) == sum(map(len, batches))
    for index, batch in enumerate(batches):
        assert [n - index * 10_000 for n in log if n // 10_000 == index] == batch


async def test_tell_returns_before_the_message_is_handled(system: ActorSystem) -> None:
    """`tell` never runs the handler itself."""
    log: list[int] = []
    ref = system.spawn(lambda: Player(log), "player")
    await settle(system)
    ref.tell(Note(1))
    assert log == []
    await settle(system)
    assert log == [1]


async def test_ask_answers_what_the_handler_returns(system: ActorSystem) -> None:
    """The reply of a plain and of an async handler."""
    ref = system.spawn(Player, "player")
    assert await ref.ask(Echo(7)) == 7
    assert await ref.ask(Slow(8)) == 8


async def test_a_request_may_be_told(system: ActorSystem) -> None:
    """A request that was told is handled like any message; its reply goes nowhere."""
    log: list[Any] = []
    ref = system.spawn(lambda: Player(log), "player")
    ref.tell(Slow(1))
    assert await ref.ask(Echo(2)) == 2
    assert log == [("begin", 1), ("end", 1)]


async def test_async_handlers_run_one_after_another(system: ActorSystem) -> None:
    """While an async handler waits, the actor handles nothing else."""
    log: list[Any] = []
    ref = system.spawn(lambda: Player(log), "player")
    first = ref.ask(Slow(1))
    second = ref.ask(Slow(2))
    ref.tell(Note(3))
    await asyncio.gather(first, second)
    await settle(system)
    assert log == [("begin", 1), ("end", 1), ("begin", 2), ("end", 2), 3]


async def test_an_ask_has_a_deadline_by_default(system: ActorSystem) -> None:
    """Without an answer AskTimeout comes after 30 s, and says who did not answer what."""
    ref = system.spawn(Player, "player")
    begun = system.clock.monotonic()
    with pytest.raises(AskTimeout) as caught:
        await ref.ask(Mute())
    assert system.clock.monotonic() - begun == pytest.approx(30.0)
    assert (caught.value.target, caught.value.request) == ("/player", "Mute")


@given(st.lists(st.sampled_from([0.5, 1.0, 2.0, 5.0]), min_size=1, max_size=8))
def test_every_ask_keeps_its_own_deadline(timeouts: list[float]) -> None:
    """Asks with different deadlines expire each at its own time."""

    async def main() -> list[float]:
        async with ActorSystem() as system:
            ref = system.spawn(Player, "player")

            async def ask(timeout: float) -> float:
                with pytest.raises(AskTimeout):
                    await ref.ask(Mute(), timeout)
                return system.clock.monotonic()

            return list(await asyncio.gather(*map(ask, timeouts)))

    assert run(main) == pytest.approx(timeouts)


async def test_a_refusal_is_a_reply(system: ActorSystem) -> None:
    """The asker gets the Refusal, and the actor lives on in the same incarnation."""
    ref = system.spawn(Player, "player")
    with pytest.raises(Refusal, match="no"):
        await ref.ask(Refuse())
    assert ref.restarts == 0


async def test_a_crash_ends_the_ask_at_once(system: ActorSystem) -> None:
    """The asker hears of a crash from ActorCrashed, whose cause is the handler's exception."""
    ref = system.spawn(Player, "player")
    with pytest.raises(ActorCrashed) as caught:
        await ref.ask(Boom())
    assert isinstance(caught.value.__cause__, Bug)
    assert system.clock.monotonic() == 0.0
    assert await ref.ask(Echo(1)) == 1


async def test_asking_a_stopped_actor_fails_at_once(system: ActorSystem) -> None:
    """No deadline is waited for when the target has stopped, or stops with the ask in its mailbox."""
    ref = system.spawn(Player, "player")
    busy = ref.ask(Slow(1, seconds=100.0))
    queued = ref.ask(Echo(1))
    await settle(system)
    await system.stop_actor(ref)
    late = ref.ask(Echo(2))
    for future in (busy, queued, late):
        with pytest.raises(ActorStopped):
            await future
    assert system.clock.monotonic() < 1.0


async def test_asking_for_what_nobody_handles_is_misuse(system: ActorSystem) -> None:
    """The asker learns that there is no handler; the actor lives on."""

    class Unknown(Request[int], frozen=True):
        pass

    ref = system.spawn(Player, "player")
    with pytest.raises(Misuse, match="no handler for .*Unknown"):
        await ref.ask(Unknown())
    assert ref.restarts == 0


class _Keeper(Actor):
    """Answers all deferred requests at the next note."""

    def __init__(self) -> None:
        self._open: list[Deferred[int]] = []

    def on_echo(self, message: Echo) -> Deferred[int]:
        self._open.append(self.ctx.defer())
        return self._open[-1]

    def on_note(self, message: Note) -> None:
        for deferred in self._open:
            deferred.reply(message.number)
            deferred.reply(-1)

    def on_boom(self, message: Boom) -> int:
        raise Bug(message.text)


async def test_a_reply_may_be_deferred(system: ActorSystem) -> None:
    """The first reply to a deferred request counts; the actor handles other messages meanwhile."""
    ref = system.spawn(_Keeper, "keeper")
    first, second = ref.ask(Echo()), ref.ask(Echo())
    ref.tell(Note(5))
    assert await asyncio.gather(first, second) == [5, 5]


@pytest.mark.parametrize("stop", [True, False])
async def test_deferred_replies_end_with_their_incarnation(
    system: ActorSystem, stop: bool
) -> None:
    """Who waits for a deferred reply hears at once that it will never come."""
    ref = system.spawn(_Keeper, "keeper")
    waiting = ref.ask(Echo())
    await settle(system)
    if stop:
        await system.stop_actor(ref)
    else:
        ref.tell(Boom())
    with pytest.raises(ActorStopped if stop else ActorCrashed):
        await waiting
    assert system.clock.monotonic() < 1.0


class _Base(Struct, frozen=True):
    pass


class _Derived(_Base, frozen=True):
    pass


class _Nearest(Actor):
    def __init__(self, log: list[str]) -> None:
        self._log = log

    def on_base(self, message: _Base | int) -> None:
        self._log.append(f"base {type(message).__name__}")

    def on_anything(self, message: object) -> None:
        self._log.append(f"object {type(message).__name__}")


async def test_a_message_goes_to_the_handler_of_its_nearest_base(system: ActorSystem) -> None:
    """Unions name several classes; a subclass goes to its nearest base's handler."""
    log: list[str] = []
    ref = system.spawn(lambda: _Nearest(log), "nearest")
    for message in (_Base(), _Derived(), 3, "text", None, True):
        ref.tell(message)
    await settle(system)
    assert log == [
        "base _Base",
        "base _Derived",
        "base int",
        "object str",
        "object NoneType",
        "base bool",
    ]


class _Unannotated(Actor):
    def on_note(self, message) -> None:  # type: ignore[no-untyped-def]
        pass


class _Twice(Actor):
    def on_note(self, message: Note) -> None:
        pass

    def on_other(self, message: Note | int) -> None:
        pass


@pytest.mark.parametrize("faulty", [_Unannotated, _Twice])
async def test_a_wrong_handler_is_misuse(faulty: type[Actor]) -> None:
    """A handler without an annotation, or a second one for a class, ends the system's block."""
    with pytest.raises(Misuse):
        async with ActorSystem() as system:
            system.spawn(faulty, "faulty")
            await settle(system)


class _Asker(Actor):
    """Asks without awaiting, and writes down how it ended."""

    def __init__(self, target: Ref[Any], log: list[Any]) -> None:
        self._target = target
        self._log = log

    def on_note(self, message: Note) -> None:
        self.ctx.request(self._target, Echo(message.number), self._log.append)

    def on_mute(self, message: Mute) -> None:
        self.ctx.request(
            self._target, message, self._log.append, lambda e: self._log.append(type(e)), 5.0
        )

    def on_refuse(self, message: Refuse) -> None:
        self.ctx.request(self._target, message, self._log.append)


async def test_request_answers_in_the_actors_own_turn(system: ActorSystem) -> None:
    """`ctx.request` calls `then` with the reply, or `failed` with the error."""
    log: list[Any] = []
    target = system.spawn(Player, "player")
    asker = system.spawn(lambda: _Asker(target, log), "asker")
    asker.tell(Note(4))
    asker.tell(Mute())
    await system.clock.sleep(6.0)
    assert log == [4, AskTimeout]


async def test_a_request_without_failed_fails_the_actor(system: ActorSystem) -> None:
    """Nobody looks at the error, so the supervisor hears of it."""
    target = system.spawn(Player, "player")
    asker = system.spawn(lambda: _Asker(target, []), "asker")
    asker.tell(Refuse())
    await settle(system)
    assert asker.restarts == 1


class _Await(Request[int], frozen=True):
    future: "asyncio.Future[int]"


class _Awaiter(Actor):
    def on_note(self, message: Note) -> None:
        cancelled: asyncio.Future[int] = self.ctx.system.loop.create_future()
        cancelled.cancel()
        cancelled.result()

    async def on_await(self, message: _Await) -> int:
        return await message.future

    def on_echo(self, message: Echo) -> int:
        return message.number


async def test_a_cancelled_future_fails_its_handler_only(system: ActorSystem) -> None:
    """A handler that meets a CancelledError which nobody meant for it fails as with any error."""
    ref = system.spawn(_Awaiter, "awaiter")
    future: asyncio.Future[int] = system.loop.create_future()
    asked = ref.ask(_Await(future))
    await settle(system)
    future.cancel()
    with pytest.raises(ActorCrashed):
        await asked
    ref.tell(Note())
    assert await ref.ask(Echo(3)) == 3
    assert ref.restarts == 2
