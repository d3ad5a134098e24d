"""tell, ask and send: order, replies, refusals, bounds."""

import asyncio

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
    Misuse,
    Refusal,
    Request,
)
from tests.actors.cast import Fail, GetNotes, Loud, Note, Recorder


@given(st.lists(st.text(max_size=3), max_size=200))
def test_messages_of_one_sender_arrive_in_order(texts: list[str]) -> None:
    """However many there are in one turn."""

    async def main() -> tuple[str, ...]:
        async with ActorSystem() as system:
            ref = system.spawn(Recorder, "recorder")
            for text in texts:
                ref.tell(Note(text))
            return await ref.ask(GetNotes())

    assert actors.run(main) == tuple(texts)


async def test_a_subclass_goes_to_the_handler_of_its_base(system: ActorSystem) -> None:
    """The nearest one."""
    ref = system.spawn(Recorder, "recorder")
    ref.tell(Loud("hey"))
    assert await ref.ask(GetNotes()) == ("hey",)


class Divide(Request[float], frozen=True):
    by: float


class Slow(Request[str], frozen=True):
    seconds: float


class Later(Request[str], frozen=True):
    pass


class Calculator(Actor):
    def __init__(self) -> None:
        self.pending: list[Deferred[str]] = []
        self.order: list[str] = []

    def on_divide(self, message: Divide) -> float:
        if message.by == 0:
            raise Refusal("by zero")
        return 1 / message.by

    async def on_slow(self, message: Slow) -> str:
        self.order.append(f"begin {message.seconds:g}")
        await self.ctx.clock.sleep(message.seconds)
        self.order.append(f"end {message.seconds:g}")
        return "slow"

    def on_later(self, message: Later) -> Deferred[str]:
        deferred = self.ctx.defer()
        self.ctx.call_after(5, deferred.reply, "later")
        return deferred


async def test_an_ask_gets_its_reply_or_its_refusal(system: ActorSystem) -> None:
    """A refusal leaves the actor as it was."""
    ref = system.spawn(Calculator, "calculator")
    assert await ref.ask(Divide(4)) == 0.25
    with pytest.raises(Refusal, match="by zero"):
        await ref.ask(Divide(0))
    assert ref.restarts == 0


async def test_a_reply_may_come_later(system: ActorSystem) -> None:
    """Others are served meanwhile."""
    ref = system.spawn(Calculator, "calculator")
    later = ref.ask(Later())
    assert await ref.ask(Divide(1)) == 1
    assert await later == "later"
    assert system.clock.monotonic() == pytest.approx(5)


async def test_async_handlers_run_one_after_another(system: ActorSystem) -> None:
    """Also when the second would be quicker."""
    actor = Calculator()
    ref = system.spawn(lambda: actor, "calculator")
    await asyncio.gather(ref.ask(Slow(2)), ref.ask(Slow(1)))
    assert actor.order == ["begin 2", "end 2", "begin 1", "end 1"]


async def test_an_ask_has_a_deadline_by_default(system: ActorSystem) -> None:
    """Thirty seconds, unless it says another."""
    ref = system.spawn(Calculator, "calculator")
    with pytest.raises(AskTimeout, match="did not answer Slow within 30 s"):
        await ref.ask(Slow(100))
    assert system.clock.monotonic() == pytest.approx(30)
    with pytest.raises(AskTimeout, match="within 2 s"):
        await ref.ask(Divide(1), timeout=2)


async def test_a_crash_fails_the_ask_that_caused_it(system: ActorSystem) -> None:
    """With the error as its cause; the next one is served."""

    class Fragile(Actor):
        def on_divide(self, message: Divide) -> float:
            return 1 / message.by

    ref = system.spawn(Fragile, "fragile")
    with pytest.raises(ActorCrashed) as crashed:
        await ref.ask(Divide(0))
    assert isinstance(crashed.value.__cause__, ZeroDivisionError)
    assert await ref.ask(Divide(2)) == 0.5


async def test_a_request_that_nobody_handles_is_a_misuse(system: ActorSystem) -> None:
    """It says so at once, and not after the deadline."""
    ref = system.spawn(Recorder, "recorder")
    with pytest.raises(Misuse, match="no handler for Divide"):
        await ref.ask(Divide(1))
    assert system.clock.monotonic() == 0


async def test_an_ask_of_a_stopped_actor_fails_at_once(system: ActorSystem) -> None:
    """Also one that waited in its mailbox."""
    ref = system.spawn(Calculator, "calculator")
    waiting = ref.ask(Slow(10))
    behind = ref.ask(Divide(1))
    await asyncio.sleep(1)  # noqa: TID251
    await system.stop_actor(ref)
    for reply in (waiting, behind, ref.ask(Divide(1))):
        with pytest.raises(ActorStopped):
            await reply


async def test_a_full_mailbox_rejects_the_new_message(system: ActorSystem) -> None:
    """By default; it becomes a dead letter."""
    ref = system.spawn(Recorder, "recorder", mailbox=MailboxSpec(capacity=3))
    system.pause(ref)
    for n in range(5):
        ref.tell(Note(str(n)))
    system.resume(ref)
    await asyncio.sleep(0)  # noqa: TID251
    assert await ref.ask(GetNotes()) == ("0", "1", "2")
    assert [d.message.text for d in system.dead_letters] == ["3", "4"]


async def test_a_full_mailbox_may_drop_the_oldest(system: ActorSystem) -> None:
    """If it says so."""
    spec = MailboxSpec(capacity=3, overflow="drop_oldest")
    ref = system.spawn(Recorder, "recorder", mailbox=spec)
    system.pause(ref)
    for n in range(5):
        ref.tell(Note(str(n)))
    assert ref.mailbox_depth == 3
    system.resume(ref)
    await asyncio.sleep(0)  # noqa: TID251
    assert await ref.ask(GetNotes()) == ("2", "3", "4")


async def test_a_full_mailbox_may_fail_the_sender(system: ActorSystem) -> None:
    """If it says so."""
    ref = system.spawn(Recorder, "recorder", mailbox=MailboxSpec(capacity=1, overflow="fail"))
    system.pause(ref)
    ref.tell(Note("a"))
    with pytest.raises(MailboxFull, match="/recorder is full"):
        ref.tell(Note("b"))
    assert not ref.offer(Note("c"))


async def test_send_waits_for_room(system: ActorSystem) -> None:
    """And nothing is lost."""
    ref = system.spawn(Recorder, "recorder", mailbox=MailboxSpec(capacity=2))

    async def producer() -> None:
        for n in range(50):
            await ref.send(Note(str(n)))
            assert ref.mailbox_depth <= 2

    await producer()
    await asyncio.sleep(0)  # noqa: TID251
    assert await ref.ask(GetNotes()) == tuple(str(n) for n in range(50))
    assert system.dead_letter_count == 0


async def test_send_to_an_actor_that_stops_fails(system: ActorSystem) -> None:
    """It does not wait for ever."""
    ref = system.spawn(Recorder, "recorder", mailbox=MailboxSpec(capacity=1))
    system.pause(ref)
    ref.tell(Note("a"))
    sending = asyncio.ensure_future(ref.send(Note("b")))
    await asyncio.sleep(1)  # noqa: TID251
    await system.stop_actor(ref)
    with pytest.raises(ActorStopped):
        await sending


async def test_what_nobody_handles_is_counted(system: ActorSystem) -> None:
    """By actor and class."""
    ref = system.spawn(Calculator, "calculator")
    ref.tell(Note("a"))
    ref.tell(Note("b"))
    await ref.ask(Divide(1))
    assert system.unhandled_counts == {"/calculator Note": 2}


async def test_what_reaches_nobody_is_a_dead_letter(system: ActorSystem) -> None:
    """For whom, what, and why."""
    ref = system.spawn(Recorder, "recorder")
    await system.stop_actor(ref)
    ref.tell(Note("late"))
    (letter,) = system.dead_letters
    assert (letter.target, letter.message, letter.reason) == ("/recorder", Note("late"), "stopped")
    assert system.dead_letter_count == 1


def test_handlers_are_checked_when_the_class_is_first_used() -> None:
    """Two for one message, or none that says which."""

    class Twice(Actor):
        def on_one(self, message: Note) -> None: ...
        def on_other(self, message: Note) -> None: ...

    class Unsaid(Actor):
        def on_something(self, message) -> None: ...  # type: ignore[no-untyped-def]

    async def main(kind: type[Actor]) -> None:
        async with ActorSystem() as system:
            ref = system.spawn(kind, "wrong", restart=actors.NEVER)
            assert ref.stopped is False
            await asyncio.sleep(1)  # noqa: TID251
            assert ref.stopped

    for kind in (Twice, Unsaid):
        actors.run(main, kind)


async def test_a_failing_message_is_not_tried_again(system: ActorSystem) -> None:
    """Those behind it are handled by the next incarnation."""
    ref = system.spawn(Recorder, "recorder")
    for message in (Note("a"), Fail(), Note("b")):
        ref.tell(message)
    await asyncio.sleep(1)  # noqa: TID251
    assert await ref.ask(GetNotes()) == ("b",)
