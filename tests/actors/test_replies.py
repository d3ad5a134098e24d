"""Every ask ends: with the reply, or with an error that says why there will be none."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors
from actors import (
    Actor,
    ActorCrashed,
    ActorStopped,
    ActorSystem,
    AskTimeout,
    Deferred,
    MailboxFull,
    MailboxSpec,
    Ref,
    Request,
)
from tests.actors.cast import Fail, Note, Recorder


class Number(Request[int], frozen=True):
    """Answered by the next note, or never."""


class Keeper(Actor):
    """Answers all deferred requests at the next note, twice."""

    def __init__(self) -> None:
        self._open: list[Deferred[int]] = []

    def on_number(self, message: Number) -> Deferred[int]:
        """Promise."""
        self._open.append(self.ctx.defer())
        return self._open[-1]

    def on_note(self, message: Note) -> None:
        """Answer; the second answer goes nowhere."""
        for deferred in self._open:
            deferred.reply(int(message.text))
            deferred.reply(-1)

    def on_fail(self, message: Fail) -> None:
        """Fail."""
        raise RuntimeError(message.text)


@pytest.mark.parametrize("trace", [False, True])
async def test_the_first_reply_counts(trace: bool) -> None:
    """Of a deferred request; others are served meanwhile."""
    async with ActorSystem(trace=trace) as system:
        ref = system.spawn(Keeper, "keeper")
        first, second = ref.ask(Number()), ref.ask(Number())
        ref.tell(Note("5"))
        assert (await first, await second) == (5, 5)


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize("end", ["stop", "crash"])
@pytest.mark.parametrize("timeout", [30.0, None])
async def test_a_deferred_reply_ends_with_its_incarnation(
    trace: bool, end: str, timeout: float | None
) -> None:
    """Who waits for it hears at once that it will never come."""
    async with ActorSystem(trace=trace) as system:
        ref = system.spawn(Keeper, "keeper")
        waiting = ref.ask(Number(), timeout)
        await system.clock.sleep(1)
        if end == "stop":
            await system.stop_actor(ref)
        else:
            ref.tell(Fail())
        with pytest.raises(ActorStopped if end == "stop" else ActorCrashed):
            await waiting
        assert system.clock.monotonic() < 2


@given(st.lists(st.sampled_from([0.5, 1.0, 2.0, 5.0]), min_size=1, max_size=8))
def test_every_ask_keeps_its_own_deadline(timeouts: list[float]) -> None:
    """Whatever other asks are under way."""

    async def main() -> list[float]:
        async with ActorSystem() as system:
            ref = system.spawn(Keeper, "keeper")

            async def ask(timeout: float) -> float:
                with pytest.raises(AskTimeout):
                    await ref.ask(Number(), timeout)
                return system.clock.monotonic()

            return list(await asyncio.gather(*map(ask, timeouts)))

    assert actors.run(main) == pytest.approx(timeouts)


@pytest.mark.parametrize("trace", [False, True])
async def test_an_ask_obeys_the_mailboxs_bound(trace: bool) -> None:
    """A full mailbox answers MailboxFull, or drops the oldest, whose asker gets MailboxFull."""
    async with ActorSystem(trace=trace) as system:
        for overflow, which in (("reject", 1), ("fail", 1), ("drop_oldest", 0)):
            spec = MailboxSpec(capacity=1, overflow=overflow)  # type: ignore[arg-type]
            ref = system.spawn(Keeper, overflow, mailbox=spec)
            await system.clock.sleep(1)
            system.pause(ref)
            asked = [ref.ask(Number()) for _ in range(2)]
            with pytest.raises(MailboxFull):
                await asked[which]
            assert not asked[1 - which].done()
            await system.stop_actor(ref)
            with pytest.raises(ActorStopped):
                await asked[1 - which]


@pytest.mark.parametrize("trace", [False, True])
async def test_an_ask_of_the_dead_fails_at_once(trace: bool) -> None:
    """Traced or not: in the handler, in the mailbox, or too late."""
    async with ActorSystem(trace=trace) as system:
        ref = system.spawn(Recorder, "r")
        system.pause(ref)
        waiting = ref.ask(Number())
        await system.stop_actor(ref)
        for future in (waiting, ref.ask(Number())):
            with pytest.raises(ActorStopped):
                await future
        assert system.clock.monotonic() == 0


class Await(Request[int], frozen=True):
    """Answered with the future's result."""

    future: "asyncio.Future[int]"


class Awaiter(Actor):
    """Meets futures that others cancelled."""

    def on_note(self, message: Note) -> None:
        """Look at one."""
        cancelled: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        cancelled.result()

    async def on_await(self, message: Await) -> int:
        """Wait for one."""
        return await message.future


async def test_a_cancelled_future_fails_its_handler_only(system: ActorSystem) -> None:
    """A CancelledError that nobody meant for the actor is a failure like others."""
    ref = system.spawn(Awaiter, "awaiter")
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asked = ref.ask(Await(future))
    await system.clock.sleep(1)
    future.cancel()
    with pytest.raises(ActorCrashed):
        await asked
    ref.tell(Note("x"))
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done.set_result(3)
    assert await ref.ask(Await(done)) == 3
    assert ref.restarts == 2


class Asker(Actor):
    """Asks without awaiting, and notes how it ended."""

    def __init__(self, target: Ref[Any], log: list[Any]) -> None:
        self._target = target
        self._log = log

    def on_note(self, message: Note) -> None:
        """Ask and look at the error."""
        failed = None if message.text == "do not look" else self._log.append
        then = None if message.text == "look at errors" else self._log.append
        self.ctx.request(self._target, Number(), then, failed, 5.0)


async def test_request_ends_in_the_actors_own_turn(system: ActorSystem) -> None:
    """`then` gets the reply, `failed` the error; without `failed` the error is the actor's own."""
    log: list[Any] = []
    keeper = system.spawn(Keeper, "keeper")
    asker = system.spawn(lambda: Asker(keeper, log), "asker")
    asker.tell(Note("look"))
    await system.clock.sleep(1)
    keeper.tell(Note("7"))
    await system.clock.sleep(1)
    assert log == [7]
    asker.tell(Note("look"))
    await system.clock.sleep(6)
    assert [type(entry) for entry in log] == [int, AskTimeout]
    assert asker.restarts == 0
    asker.tell(Note("do not look"))
    await system.clock.sleep(6)
    assert asker.restarts == 1


async def test_a_reply_that_nobody_wants_is_no_message(system: ActorSystem) -> None:
    """With `then` None the asker hears of errors alone."""
    log: list[Any] = []
    keeper = system.spawn(Keeper, "keeper")
    asker = system.spawn(lambda: Asker(keeper, log), "asker")
    asker.tell(Note("look at errors"))
    await system.clock.sleep(1)
    keeper.tell(Note("7"))
    await system.clock.sleep(6)
    assert (log, asker.handled) == ([], 1)
    asker.tell(Note("look at errors"))
    await system.clock.sleep(6)
    assert ([type(entry) for entry in log], asker.handled) == ([AskTimeout], 3)


class Later(Request[int], frozen=True):
    """Answered by an async handler, which defers its reply."""


class Sleepy(Actor):
    """Has async handlers."""

    async def on_number(self, message: Number) -> int:
        """Answer after a minute."""
        await self.ctx.clock.sleep(60)
        return 1

    async def on_later(self, message: Later) -> Deferred[int]:
        """Promise, after a second, an answer for a second later."""
        await self.ctx.clock.sleep(1)
        deferred = self.ctx.defer()
        self.ctx.call_after(1, deferred.reply, 2)
        return deferred


@pytest.mark.parametrize(("end", "after"), [("stop", 0.0), ("stop", 5.0), ("crash", 5.0)])
async def test_an_async_handler_that_is_cut_short_says_so(
    system: ActorSystem, end: str, after: float
) -> None:
    """Even if it was cancelled before its first step."""
    ref = system.spawn(Sleepy, "sleepy")
    await system.clock.sleep(1)
    waiting = ref.ask(Number())
    if after:
        await system.clock.sleep(after)
    if end == "stop":
        system.stop_actor(ref)
    else:
        system.crash(ref)
    with pytest.raises(ActorStopped):
        await waiting
    assert system.clock.monotonic() == 1 + after


async def test_an_async_handler_may_defer_its_reply(system: ActorSystem) -> None:
    """As a plain one."""
    ref = system.spawn(Sleepy, "sleepy")
    assert await ref.ask(Later()) == 2
    assert system.clock.monotonic() == pytest.approx(2)
