"""How actors and systems end: in order, in time, and leaving nobody waiting."""

import asyncio
from typing import Any

import pytest

from actors import (
    Actor,
    ActorStopped,
    ActorSystem,
    Deferred,
    Misuse,
    Restart,
)
from tests.actors.cast import Fail, GetNotes, Recorder


class Slowly(Actor):
    """Takes a second to end, and says so."""

    def __init__(self, ends: list[str]) -> None:
        self._ends = ends

    async def stopped(self) -> None:
        """Note it."""
        await self.ctx.clock.sleep(1)
        self._ends.append(self.ctx.path)


class Above(Slowly):
    """Has two children."""

    def started(self) -> None:
        """Spawn them."""
        for name in ("one", "two"):
            self.ctx.spawn(lambda: Slowly(self._ends), name)


async def test_a_parent_waits_for_a_child_that_is_stopping_already(system: ActorSystem) -> None:
    """Whoever began to stop the child: the parent ends after it."""
    ends: list[str] = []
    parent = system.spawn(lambda: Above(ends), "a")
    system.stop_actor(system.ref("/a/one"))
    await system.stop_actor(parent)
    assert ends == ["/a/one", "/a/two", "/a"] or ends == ["/a/two", "/a/one", "/a"]


async def test_stopping_twice_is_stopping_once(system: ActorSystem) -> None:
    """Both wait until it is done."""
    ends: list[str] = []
    ref = system.spawn(lambda: Slowly(ends), "a")
    first, second = system.stop_actor(ref), system.stop_actor(ref)
    await second
    assert ref.stopped
    assert first.done()
    assert ends == ["/a"]


async def test_the_end_does_not_wait_for_a_restart() -> None:
    """An actor that waits for its restart stops at once."""
    async with ActorSystem() as system:
        ref = system.spawn(
            Recorder, "r", restart=Restart(backoff_seconds=1000, max_backoff_seconds=1000)
        )
        ref.tell(Fail())
        await system.clock.sleep(1)
        ended = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() == ended


async def test_no_child_is_born_to_an_actor_that_stops(system: ActorSystem) -> None:
    """It would outlive its parent."""
    errors: list[str] = []

    class Late(Actor):
        def stopped(self) -> None:
            try:
                self.ctx.spawn(Recorder, "child")
            except Misuse as error:
                errors.append(str(error))

    ref = system.spawn(Late, "late")
    await system.stop_actor(ref)
    assert errors == ["/late is stopping: it can have no more children"]
    assert system.refs() == []


class Keeper(Actor):
    """Promises a reply that never comes."""

    def on_get_notes(self, message: GetNotes) -> Deferred[Any]:
        """Promise."""
        return self.ctx.defer()


async def test_nobody_waits_for_a_system_that_has_ended() -> None:
    """Who asked and has no answer yet gets ActorStopped."""
    async with ActorSystem() as system:
        ref = system.spawn(Keeper, "keeper")
        waiting = [ref.ask(GetNotes(), timeout) for timeout in (5.0, None)]
        await system.clock.sleep(1)
    for future in waiting:
        with pytest.raises(ActorStopped):
            await future


async def test_the_members_of_groups_and_the_names_are_gone(system: ActorSystem) -> None:
    """Nothing refers to an actor that has ended, neither as watcher nor as member."""

    class Member(Actor):
        def __init__(self, other: Any) -> None:
            self._other = other

        def started(self) -> None:
            self.ctx.join("choir")
            self.ctx.watch(self._other)

    other = system.spawn(Recorder, "other")
    for number in range(3):
        await system.stop_actor(system.spawn(lambda: Member(other), f"m{number}"))
    assert not system.members("choir")
    assert not other.watchers
    assert [ref.path for ref in system.refs()] == ["/other"]
