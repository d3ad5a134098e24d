"""A system in which nobody can ever run again says who waits for what."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import actors
from actors import Actor, ActorSystem, Deadlock, Deferred, MailboxSpec, Ref, Restart
from tests.actors.cast import Fail, GetNotes, Note, Recorder


class Mute(Actor):
    """Never answers."""

    def on_get_notes(self, message: GetNotes) -> Deferred[Any]:
        """Promise."""
        return self.ctx.defer()


class Asker(Actor):
    """Asks without a deadline."""

    def __init__(self, target: Ref[Any]) -> None:
        self._target = target

    def on_note(self, message: Note) -> None:
        """By request, or in a task."""
        if message.text == "request":
            self.ctx.request(self._target, GetNotes(), print, timeout=None)
        else:
            self.ctx.task(self._ask(), "asks")

    async def _ask(self) -> None:
        await self._target.ask(GetNotes(), timeout=None)


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def _asks() -> None:
    async with ActorSystem() as system:
        mute = system.spawn(Mute, "mute")
        asker = system.spawn(lambda: Asker(mute), "asker")
        asker.tell(Note("request"))
        asker.tell(Note("task"))
        await _for_ever()


async def _pause() -> None:
    async with ActorSystem() as system:
        ref = system.spawn(Recorder, "paused", mailbox=MailboxSpec(capacity=2))
        await system.clock.sleep(1)
        system.pause(ref)
        for number in range(5):
            await ref.send(Note(str(number)))


async def _failure() -> None:
    async with ActorSystem() as system:
        ref = system.spawn(Recorder, "broken", restart=Restart(most=0))
        ref.tell(Fail("the real reason"))
        await _for_ever()


async def _suspension() -> None:
    class Hung(Recorder):
        async def on_note(self, message: Note) -> None:  # type: ignore[override]
            await _for_ever()

    async with ActorSystem() as system:
        ref = system.spawn(Hung, "hung")
        for text in "abc":
            ref.tell(Note(text))
        await _for_ever()


@pytest.mark.parametrize(
    ("main", "lines"),
    [
        (
            _asks,
            (
                "/asker waits for /mute to answer GetNotes",
                "/asker asks waits for /mute to answer GetNotes",
                "task /asker asks waits at ",
            ),
        ),
        (
            _pause,
            (
                "/paused is paused, and 2 messages wait",
                "1 senders wait for room in the mailbox of /paused",
            ),
        ),
        (_failure, ("an actor that nobody restarts has failed: RuntimeError('the real reason')",)),
        (_suspension, ("/hung is suspended, and 2 messages wait", "task /hung handler waits at ")),
    ],
)
def test_the_report_names_who_waits_for_what(
    main: Callable[[], Coroutine[Any, Any, None]], lines: tuple[str, ...]
) -> None:
    """Asks without a deadline, full and paused mailboxes, hung handlers, and what failed before."""
    with pytest.raises(Deadlock) as stuck:
        actors.run(main)
    report = [line.strip() for line in str(stuck.value).splitlines()]
    for wanted in lines:
        assert any(line.startswith(wanted) for line in report), report


def test_an_answer_takes_an_ask_off_the_report() -> None:
    """Only what is still waited for is named."""

    async def main() -> None:
        async with ActorSystem() as system:
            ref = system.spawn(Recorder, "r")
            for _ in range(200):
                await ref.ask(GetNotes(), timeout=None)
            assert system.deadlines.waiting() == []
            await _for_ever()

    with pytest.raises(Deadlock) as stuck:
        actors.run(main)
    assert "GetNotes" not in str(stuck.value)


async def test_answered_asks_are_not_kept_behind_one_that_waits(system: ActorSystem) -> None:
    """One slow answer does not make the others pile up."""
    mute, quick = system.spawn(Mute, "mute"), system.spawn(Recorder, "quick")
    waiting = mute.ask(GetNotes())
    for _ in range(1000):
        await quick.ask(GetNotes())
    assert sum(len(q.pending) for q in system.deadlines._queues.values()) < 200
    waiting.cancel()
