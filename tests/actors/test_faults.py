"""Fault plans: what happens to messages and actors, and that a seed decides it."""

import asyncio
from typing import Any

import pytest

import actors
from actors import (
    ALWAYS,
    Actor,
    ActorSystem,
    AskTimeout,
    Crash,
    Fault,
    FaultPlan,
    MessageFault,
    Partition,
    Pause,
    Ref,
)
from tests.actors.cast import GetNotes, Note, Recorder


class Sender(Actor):
    """Sends one note a second, numbered from 0."""

    def __init__(self, target: Ref[Any]) -> None:
        self._target = target
        self._number = 0

    def started(self) -> None:
        self.ctx.every(1, Note("tick"))

    def on_note(self, message: Note) -> None:
        self._target.tell(Note(str(self._number)))
        self._number += 1


async def _heard(*faults: Fault, seconds: float = 10.5, seed: int = 0) -> list[int]:
    async with ActorSystem(seed=seed, faults=FaultPlan(faults)) as system:
        recorder = Recorder()
        ref = system.spawn(lambda: recorder, "recorder")
        system.spawn(lambda: Sender(ref), "sender")
        await system.clock.sleep(seconds)
        return [int(text) for text in recorder.notes]


def _hear(*faults: Fault, seconds: float = 10.5, seed: int = 0) -> list[int]:
    return actors.run(lambda: _heard(*faults, seconds=seconds, seed=seed))


ALL = list(range(10))


def test_without_faults_everything_arrives() -> None:
    """A plan may be empty."""
    assert _hear() == ALL


def test_messages_are_dropped_by_count() -> None:
    """After those that pass, so many."""
    fault = MessageFault(action="drop", sender="/sender", target="/recorder", skip=3, count=2)
    assert _hear(fault) == [0, 1, 2, 5, 6, 7, 8, 9]


def test_messages_are_dropped_by_time_and_by_class() -> None:
    """Between two moments; another class passes."""
    one = MessageFault(action="drop", target="/recorder", message="Note", start=2.5, end=4.5)
    other = MessageFault(action="drop", target="/recorder", message="Loud")
    assert _hear(one, other) == [0, 1, 4, 5, 6, 7, 8, 9]


def test_messages_come_twice() -> None:
    """One after the other."""
    fault = MessageFault(action="duplicate", target="/recorder", skip=1, count=1)
    assert _hear(fault)[:4] == [0, 1, 1, 2]


def test_messages_are_late() -> None:
    """By so many seconds; what comes behind overtakes."""
    fault = MessageFault(action="delay", target="/recorder", count=1, seconds=2.5)
    assert _hear(fault) == [1, 2, 0, 3, 4, 5, 6, 7, 8, 9]


def test_two_messages_change_places() -> None:
    """The reordered one comes after the next."""
    fault = MessageFault(action="reorder", target="/recorder", count=1, seconds=100)
    assert _hear(fault)[:3] == [1, 0, 2]


def test_chance_is_the_seeds() -> None:
    """Equal seeds, equal losses."""
    fault = MessageFault(action="drop", target="/recorder", probability=0.5)
    once, again = (_hear(fault, seconds=100.5, seed=7) for _ in range(2))
    assert once == again
    assert once != _hear(fault, seconds=100.5, seed=8)
    assert 20 < len(once) < 80


def test_a_partition_cuts_two_groups_off_and_heals() -> None:
    """Messages of that time are lost."""
    cut = Partition(group=("/sender",), others=("/rec*",), start=2.5, end=5.5)
    assert _hear(cut) == [0, 1, 5, 6, 7, 8, 9]


def test_an_actor_is_paused_and_loses_nothing() -> None:
    """It hears everything afterwards."""
    assert _hear(Pause(actor="/recorder", at=2.5, seconds=4)) == ALL


def test_an_actor_crashes_by_time() -> None:
    """And again, as often as asked."""

    async def main() -> int:
        plan = FaultPlan((Crash(actor="/r*", at=1, every=2, count=3),))
        async with ActorSystem(faults=plan) as system:
            ref = system.spawn(Recorder, "recorder")
            await system.clock.sleep(20)
            return ref.restarts

    assert actors.run(main) == 3


def test_an_actor_crashes_after_so_many_messages() -> None:
    """In the middle of a burst."""

    async def main() -> tuple[str, ...]:
        plan = FaultPlan((Crash(actor="/recorder", after_messages=3),))
        async with ActorSystem(faults=plan) as system:
            ref = system.spawn(Recorder, "recorder")
            for n in range(6):
                ref.tell(Note(str(n)))
            await system.clock.sleep(1)
            return await ref.ask(GetNotes())

    assert actors.run(main) == ("3", "4", "5")


def test_an_actor_crashes_by_chance() -> None:
    """The seed's, after any message."""

    async def main(seed: int) -> tuple[str, ...]:
        plan = FaultPlan((Crash(actor="/recorder", probability=0.2, count=1000),))
        async with ActorSystem(seed=seed, faults=plan) as system:
            ref = system.spawn(Recorder, "recorder", restart=ALWAYS)
            for n in range(40):
                ref.tell(Note(str(n)))
                await system.clock.sleep(100)
            assert 2 <= ref.restarts <= 20
            return await ref.ask(GetNotes())

    assert actors.run(main, 3) == actors.run(main, 3)


def test_an_actor_is_paused_after_so_many_messages() -> None:
    """And goes on after its time."""

    async def main() -> None:
        plan = FaultPlan((Pause(actor="/recorder", after_messages=3, seconds=10),))
        async with ActorSystem(faults=plan) as system:
            recorder = Recorder()
            ref = system.spawn(lambda: recorder, "recorder")
            for n in range(6):
                ref.tell(Note(str(n)))
            await system.clock.sleep(5)
            assert recorder.notes == ["0", "1", "2"]
            await system.clock.sleep(10)
            assert recorder.notes == ["0", "1", "2", "3", "4", "5"]

    actors.run(main)


def test_replies_are_messages_too() -> None:
    """One that is lost is a timeout for who asked."""

    async def main() -> None:
        plan = FaultPlan((MessageFault(action="drop", sender="/recorder", message="tuple"),))
        async with ActorSystem(faults=plan) as system:
            ref = system.spawn(Recorder, "recorder")
            with pytest.raises(AskTimeout):
                await ref.ask(GetNotes(), timeout=5)

    actors.run(main)


async def test_faults_can_be_added_while_it_runs() -> None:
    """As a test would."""
    async with ActorSystem(faults=FaultPlan()) as system:
        ref = system.spawn(Recorder, "recorder")
        ref.tell(Note("before"))
        await asyncio.sleep(0)  # noqa: TID251
        assert system.faults is not None
        system.faults.add(MessageFault(action="drop", message="Note"))
        ref.tell(Note("after"))
        assert await ref.ask(GetNotes()) == ("before",)
        assert system.faults.counts == {"drop": 1}
