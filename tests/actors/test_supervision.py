"""Who restarts, how often, and who hears of it."""

import asyncio
from itertools import pairwise
from typing import Any, ClassVar

import pytest

import actors
from actors import ALWAYS, NEVER, Actor, ActorSystem, Ref, Restart, Terminated
from actors.supervision import Strategy
from tests.actors.cast import Fail, GetNotes, Note, Recorder


async def _settle(system: ActorSystem, seconds: float = 1.0) -> None:
    await system.clock.sleep(seconds)


async def test_a_failed_actor_begins_anew_at_the_same_address(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """With the state of a new one, and a log line."""
    ref = system.spawn(Recorder, "recorder")
    ref.tell(Note("a"))
    ref.tell(Fail("ouch"))
    await _settle(system)
    assert await ref.ask(GetNotes()) == ()
    assert ref.restarts == 1
    (line,) = caplog.messages
    assert line.startswith("actor restarted actor=/recorder restarts=1 ")
    assert "ouch" in line


async def test_intensity_is_counted_for_each_child(system: ActorSystem) -> None:
    """One that fails too often does not use up what the others have."""
    policy = Restart(most=2, within_seconds=60, escalate=False)
    bad = system.spawn(Recorder, "bad", restart=policy)
    good = system.spawn(Recorder, "good", restart=policy)
    for _ in range(3):
        bad.tell(Fail())
        await _settle(system)
    good.tell(Fail())
    await _settle(system)
    assert (bad.stopped, good.stopped) == (True, False)


async def test_failures_far_apart_do_not_add_up(system: ActorSystem) -> None:
    """The window moves."""
    ref = system.spawn(Recorder, "r", restart=Restart(most=2, within_seconds=60, escalate=False))
    for _ in range(10):
        ref.tell(Fail())
        await _settle(system, 40)
    assert not ref.stopped
    assert ref.restarts == 10


async def test_restarts_wait_longer_and_longer(system: ActorSystem) -> None:
    """Twice as long each time, up to a bound."""
    times: list[float] = []

    class Noted(Recorder):
        def started(self) -> None:
            times.append(self.ctx.clock.monotonic())

    policy = Restart(most=9, within_seconds=1000, backoff_seconds=1, max_backoff_seconds=4)
    ref = system.spawn(Noted, "noted", restart=policy)
    for _ in range(4):
        ref.tell(Fail())
        await _settle(system, 10)
    starts = [b - a for a, b in pairwise(times)]
    assert starts == pytest.approx([1, 11, 12, 10], abs=0.01)


class Family(Actor):
    """Three children, restarted by a strategy."""

    def __init__(self) -> None:
        self.children: list[Ref[Any]] = []

    def started(self) -> None:
        self.children = [self.ctx.spawn(Recorder, name) for name in "abc"]


def _family(strategy: Strategy) -> type[Family]:
    class Named(Family):
        supervision: ClassVar[Strategy] = strategy

    return Named


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [("one_for_one", "ac"), ("one_for_all", ""), ("rest_for_one", "a")],
)
async def test_a_strategy_says_who_begins_anew_together(
    system: ActorSystem, strategy: Strategy, kept: str
) -> None:
    """The failed one alone, all, or it and those after it."""
    parent = system.spawn(_family(strategy), "family")
    await _settle(system)
    for child in parent.children:
        child.tell(Note(child.name))
    system.ref("/family/b").tell(Fail())
    await _settle(system)
    notes = {c.name: await c.ask(GetNotes()) for c in parent.children}
    assert "".join(name for name, texts in notes.items() if texts) == kept


async def test_who_cannot_be_restarted_fails_its_parent(system: ActorSystem) -> None:
    """Whose restart makes the children anew."""

    class Parent(Actor):
        def started(self) -> None:
            self.ctx.spawn(Recorder, "child", restart=Restart(most=1))

    parent = system.spawn(Parent, "parent", restart=ALWAYS)
    await _settle(system)
    for _ in range(2):
        system.ref("/parent/child").tell(Fail())
        await _settle(system)
    assert parent.restarts == 1
    assert system.find("/parent/child") is not None


def test_a_failure_that_nobody_handles_ends_the_system() -> None:
    """And is raised where the system was."""

    async def main() -> None:
        async with ActorSystem() as system:
            system.spawn(Recorder, "alone", restart=Restart(most=0)).tell(Fail("fatal"))
            await system.clock.sleep(1)

    with pytest.raises(RuntimeError, match="fatal"):
        actors.run(main)


async def test_a_constructor_that_fails_is_a_failure_like_others(system: ActorSystem) -> None:
    """It is tried again."""
    attempts: list[int] = []

    def factory() -> Recorder:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("not yet")
        return Recorder()

    ref = system.spawn(factory, "late")
    ref.tell(Note("patience"))
    assert await ref.ask(GetNotes()) == ("patience",)
    assert len(attempts) == 3


async def test_a_failing_started_is_a_failure_like_others(system: ActorSystem) -> None:
    """Async ones, too."""
    attempts: list[int] = []

    class Starter(Recorder):
        async def started(self) -> None:
            await self.ctx.clock.sleep(1)
            attempts.append(1)
            if len(attempts) < 3:
                raise OSError("not yet")

    ref = system.spawn(Starter, "starter")
    ref.tell(Note("a"))
    assert await ref.ask(GetNotes()) == ("a",)
    assert len(attempts) == 3


async def test_watchers_hear_of_the_end_and_not_of_restarts(system: ActorSystem) -> None:
    """With the reason; one who begins to watch too late hears at once."""
    heard: list[Terminated] = []

    class Watcher(Actor):
        def __init__(self, ref: Ref[Any]) -> None:
            self._ref = ref

        def started(self) -> None:
            self.ctx.watch(self._ref)

        def on_terminated(self, message: Terminated) -> None:
            heard.append(message)

    ref = system.spawn(Recorder, "r", restart=Restart(most=1, escalate=False))
    system.spawn(lambda: Watcher(ref), "watcher")
    ref.tell(Fail("one"))
    await _settle(system)
    assert heard == []
    ref.tell(Fail("two"))
    await _settle(system)
    assert [(t.ref.name, str(t.reason)) for t in heard] == [("r", "two")]
    system.spawn(lambda: Watcher(ref), "late")
    await _settle(system)
    assert len(heard) == 2


async def test_never_restarted_means_stopped(system: ActorSystem) -> None:
    """And nobody else is touched."""
    ref = system.spawn(Recorder, "once", restart=NEVER)
    other = system.spawn(Recorder, "other")
    ref.tell(Fail())
    await _settle(system)
    assert ref.stopped
    assert not other.stopped


async def test_a_task_that_fails_fails_its_actor(system: ActorSystem) -> None:
    """And is cancelled when the actor ends."""
    cancelled: list[str] = []

    class Tasker(Recorder):
        def started(self) -> None:
            self.ctx.task(self._work())

        async def _work(self) -> None:
            try:
                await asyncio.sleep(1000)  # noqa: TID251
            except asyncio.CancelledError:
                cancelled.append("work")
                raise

        def on_note(self, message: Note) -> None:
            self.ctx.task(self._fail())

        async def _fail(self) -> None:
            raise RuntimeError("in a task")

    ref = system.spawn(Tasker, "tasker")
    ref.tell(Note("go"))
    await _settle(system)
    assert ref.restarts == 1
    assert cancelled == ["work"]


async def test_the_end_is_ordered(system: ActorSystem) -> None:
    """Children before parents, the last spawned first; `stopped` may be async."""
    ends: list[str] = []

    class Leaf(Actor):
        async def stopped(self) -> None:
            await self.ctx.clock.sleep(1)
            ends.append(self.ctx.path)

    class Branch(Leaf):
        def started(self) -> None:
            self.ctx.spawn(Leaf, "one")
            self.ctx.spawn(Leaf, "two")

    system.spawn(Branch, "a")
    system.spawn(Leaf, "b")
    await _settle(system)
    await system.stop()
    assert ends == ["/b", "/a/two", "/a/one", "/a"]
