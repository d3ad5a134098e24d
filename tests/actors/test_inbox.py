"""An inbox: a mailbox for code that is no actor."""

import asyncio

import pytest

import actors
from actors import ActorSystem, Inbox
from tests.actors.cast import Note


async def _texts(inbox: Inbox) -> list[str]:
    return [message.text async for message in inbox]


@pytest.mark.parametrize("trace", [False, True])
async def test_messages_come_in_order_and_the_iteration_ends_with_the_inbox(trace: bool) -> None:
    """A reader that waits when the inbox is left is not left hanging."""
    async with ActorSystem(trace=trace) as system:
        async with system.inbox() as inbox:
            reader = asyncio.create_task(_texts(inbox))
            for text in "abc":
                inbox.ref.tell(Note(text))
                await system.clock.sleep(1)
        assert await reader == ["a", "b", "c"]
        assert await _texts(inbox) == []


async def test_what_was_taken_in_before_the_end_can_be_read_after_it(system: ActorSystem) -> None:
    """Then the iteration ends."""
    async with system.inbox() as inbox:
        inbox.ref.tell(Note("a"))
        await system.clock.sleep(1)
    assert await _texts(inbox) == ["a"]


async def test_the_end_of_the_system_ends_the_iteration() -> None:
    """Also when the inbox was never left."""
    async with ActorSystem() as system:
        inbox = await system.inbox().__aenter__()
        reader = asyncio.create_task(_texts(inbox))
        await system.clock.sleep(1)
    assert await reader == []


async def test_each_message_goes_to_one_of_several_readers(system: ActorSystem) -> None:
    """And one that gives up takes no message with it."""
    async with system.inbox() as inbox:
        readers = [asyncio.create_task(_texts(inbox)) for _ in range(3)]
        await system.clock.sleep(1)
        for number in range(10):
            inbox.ref.tell(Note(str(number)))
        readers[0].cancel()
        await system.clock.sleep(1)
    got = [*await readers[1], *await readers[2]]
    assert sorted(got) == [str(number) for number in range(10)]


def test_a_reader_that_nobody_tells_anything_is_a_deadlock() -> None:
    """In virtual time it is found at once."""

    async def main() -> None:
        async with ActorSystem() as system, system.inbox() as inbox:
            await anext(inbox)

    with pytest.raises(actors.Deadlock, match=r"waits at .*inbox"):
        actors.run(main)


async def test_what_waits_is_weighed_and_a_full_inbox_takes_nothing() -> None:
    """Messages behind another count by their weight, so a slow reader is felt before it has many."""
    async with (
        ActorSystem() as system,
        system.inbox(100, weigh=lambda message: len(message.text), most=10) as inbox,
    ):
        assert inbox.ref.offer(Note("x" * 1000))  # nobody waits before it: it is not weighed
        await system.clock.sleep(0)
        for _ in range(3):
            assert inbox.ref.offer(Note("12345"))
            await system.clock.sleep(0.1)
        assert not inbox.ref.offer(Note(""))
        for _ in range(2):
            await anext(inbox)
        assert inbox.ref.offer(Note("more"))
