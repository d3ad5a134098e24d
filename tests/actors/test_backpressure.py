"""Bounded mailboxes: what `send` waits for, what a policy drops, and what it never drops."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors
from actors import Actor, ActorStopped, ActorSystem, MailboxSpec, Ref, Terminated
from actors.mailbox import Overflow
from tests.actors.cast import GetNotes, Note, Recorder


@given(
    capacity=st.integers(1, 5),
    senders=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    cancelled=st.sets(st.integers(0, 3)),
)
def test_send_loses_nothing_and_keeps_the_bound(
    capacity: int, senders: list[int], cancelled: set[int]
) -> None:
    """However many wait and whoever of them gives up: the others' messages arrive in order."""

    async def main() -> tuple[str, ...]:
        async with ActorSystem() as system:
            ref = system.spawn(Recorder, "r", mailbox=MailboxSpec(capacity=capacity))

            async def produce(name: int, count: int) -> None:
                for number in range(count):
                    await ref.send(Note(f"{name} {number}"))
                    assert ref.mailbox_depth <= capacity

            tasks = [asyncio.create_task(produce(n, c)) for n, c in enumerate(senders)]
            system.pause(ref)
            await system.clock.sleep(1)
            system.resume(ref)
            for number in cancelled & set(range(len(tasks))):
                tasks[number].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await system.clock.sleep(1)
            assert system.dead_letter_count == 0
            return await ref.ask(GetNotes())

    notes = actors.run(main)
    for name, count in enumerate(senders):
        mine = [note for note in notes if note.startswith(f"{name} ")]
        assert mine == [f"{name} {number}" for number in range(len(mine))]
        if name not in cancelled:
            assert len(mine) == count


async def test_a_sender_that_gives_up_hands_its_room_on(system: ActorSystem) -> None:
    """Room that was given to it, but not yet used, goes to who waits behind it."""
    ref = system.spawn(Recorder, "r", mailbox=MailboxSpec(capacity=1))
    await system.clock.sleep(1)
    ref.tell(Note("a"))
    first, second = (asyncio.create_task(ref.send(Note(text))) for text in "bc")
    system.pause(ref)
    await system.clock.sleep(1)
    loop = asyncio.get_running_loop()
    system.resume(ref)
    loop.call_soon(first.cancel)  # after the turn that made room, before `first` runs again
    await asyncio.wait([first, second])
    assert first.cancelled()
    assert await ref.ask(GetNotes()) == ("a", "c")


class Own(Actor):
    """Sets a timer and watches, then writes down what came."""

    def __init__(self, other: Ref[Any], log: list[str]) -> None:
        self._other = other
        self._log = log

    def started(self) -> None:
        """Begin."""
        self.ctx.watch(self._other)
        self.ctx.after(1, Note("timer"))

    def on_note(self, message: Note) -> None:
        """Write it down."""
        self._log.append(message.text)

    def on_terminated(self, message: Terminated) -> None:
        """Write it down."""
        self._log.append("terminated")


@pytest.mark.parametrize("overflow", ["reject", "drop_oldest", "fail"])
@pytest.mark.parametrize("trace", [False, True])
async def test_what_an_actor_asked_for_gets_through(overflow: Overflow, trace: bool) -> None:
    """Its timers and notifications are not subject to the bound, and never dropped for others."""
    log: list[str] = []
    async with ActorSystem(trace=trace) as system:
        other = system.spawn(Recorder, "other")
        spec = MailboxSpec(capacity=4, overflow=overflow)
        ref = system.spawn(lambda: Own(other, log), "own", mailbox=spec)
        await system.clock.sleep(0.5)
        system.pause(ref)
        await system.clock.sleep(1)
        await system.stop_actor(other)
        for number in range(9):
            ref.offer(Note(str(number)))
            if overflow != "fail":
                ref.tell(Note(str(number)))
        system.resume(ref)
        await system.clock.sleep(1)
        assert log[:2] == ["timer", "terminated"]
        assert len(log) == 4
        if overflow == "drop_oldest":
            assert log[2:] == ["7", "8"]
        else:
            assert log[2:] == ["0", "1"] if overflow == "fail" else ["0", "0"]
        assert all(isinstance(letter.message, Note) for letter in system.dead_letters)


@pytest.mark.parametrize("trace", [False, True])
async def test_dead_letters_are_the_messages_that_were_told(trace: bool) -> None:
    """Whether they waited for an actor that stopped, or came too late."""
    async with ActorSystem(trace=trace) as system:
        ref = system.spawn(Recorder, "r")
        system.pause(ref)
        ref.tell(Note("in time"))
        await system.stop_actor(ref)
        ref.tell(Note("late"))
        with pytest.raises(ActorStopped):
            await ref.ask(GetNotes())
        assert [(d.target, d.message, d.reason) for d in system.dead_letters] == [
            ("/r", Note("in time"), "stopped"),
            ("/r", Note("late"), "stopped"),
        ]
        assert system.dead_letter_count == 2
