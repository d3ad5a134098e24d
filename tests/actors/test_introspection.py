"""Names, groups, and what can be seen from outside."""

import asyncio

import pytest

from actors import Actor, ActorSystem, Misuse
from tests.actors.cast import Fail, GetNotes, Note, Recorder


async def test_names_are_paths(system: ActorSystem) -> None:
    """Unique among siblings, and free again after the end."""

    class Parent(Actor):
        def started(self) -> None:
            self.ctx.spawn(Recorder, "child")

    parent = system.spawn(Parent, "parent")
    assert system.ref("/parent/child").path == "/parent/child"
    with pytest.raises(Misuse, match="/parent exists already"):
        system.spawn(Parent, "parent")
    for name in ("", "a/b"):
        with pytest.raises(Misuse, match="no actor's name"):
            system.spawn(Parent, name)
    await system.stop_actor(parent)
    assert system.find("/parent/child") is None
    with pytest.raises(Misuse, match="no actor at /parent"):
        system.ref("/parent")
    system.spawn(Parent, "parent")


async def test_groups_have_members_in_the_order_of_joining(system: ActorSystem) -> None:
    """Until they leave or stop."""

    class Member(Recorder):
        def started(self) -> None:
            self.ctx.join("choir")

        def on_note(self, message: Note) -> None:
            if message.text == "leave":
                self.ctx.leave("choir")
            else:
                self.notes.extend(ref.name for ref in self.ctx.members("choir"))

    refs = [system.spawn(Member, name) for name in "abc"]
    refs[0].tell(Note("who"))
    assert await refs[0].ask(GetNotes()) == ("a", "b", "c")
    refs[1].tell(Note("leave"))
    await system.stop_actor(refs[2])
    refs[0].tell(Note("who"))
    assert await refs[0].ask(GetNotes()) == ("a", "b", "c", "a")


async def test_the_tree_shows_depths_and_restarts(system: ActorSystem) -> None:
    """As text, indented."""

    class Parent(Actor):
        def started(self) -> None:
            self.ctx.spawn(Recorder, "child")

    system.spawn(Parent, "parent")
    child = system.ref("/parent/child")
    child.tell(Fail())
    await system.clock.sleep(1)
    system.pause(child)
    child.tell(Note("a"))
    child.tell(Note("b"))
    assert system.tree() == "parent\n  child (2 waiting, 1 restarts)"


async def test_statistics_have_rates(system: ActorSystem) -> None:
    """Messages a second since the look before."""
    ref = system.spawn(Recorder, "r")
    system.stats()
    for _ in range(20):
        ref.tell(Note("a"))
    await system.clock.sleep(10)
    (of_one,) = system.stats()
    assert (of_one.path, of_one.handled, of_one.mailbox_depth) == ("/r", 20, 0)
    assert of_one.rate == pytest.approx(2)
    await system.clock.sleep(10)
    assert system.stats()[0].rate == 0


async def test_an_inbox_is_a_mailbox_for_everybody_else(system: ActorSystem) -> None:
    """A slow reader is felt by `offer`."""
    async with system.inbox(capacity=2) as inbox:
        for text in "ab":
            inbox.ref.tell(Note(text))
        await asyncio.sleep(0)  # noqa: TID251
        assert not inbox.ref.offer(Note("c"))
        assert (await anext(inbox)).text == "a"
        assert inbox.ref.offer(Note("d"))
        await asyncio.sleep(0)  # noqa: TID251
        assert [inbox.get_nowait() for _ in range(2)] == [Note("b"), Note("d")]
        assert inbox.get_nowait() is None
