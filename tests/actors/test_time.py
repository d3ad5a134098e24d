"""Timers, clocks and deadlocks in virtual time."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors
from actors import EPOCH, Actor, ActorSystem, Deadlock, Request
from actors.timers import Timer, TimerQueue
from tests.actors.cast import GetNotes, Note, Recorder


async def test_virtual_time_jumps_to_the_next_timer(system: ActorSystem) -> None:
    """A year is over at once; the calendar agrees."""
    await system.clock.sleep(365 * 86_400)
    assert system.clock.monotonic() == pytest.approx(365 * 86_400)
    assert system.clock.now() == pytest.approx(EPOCH + 365 * 86_400)
    assert system.clock.virtual


async def test_threads_stop_virtual_time(system: ActorSystem) -> None:
    """It does not run away while one works."""
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, sum, (1, 2)) == 3
    assert system.clock.monotonic() == 0


async def test_timers_belong_to_their_actor(system: ActorSystem) -> None:
    """A restart or a stop takes them away."""

    class Alarm(Recorder):
        def started(self) -> None:
            self.ctx.after(10, Note("once"))
            self.ctx.every(4, Note("again"))

    ref = system.spawn(Alarm, "alarm")
    await system.clock.sleep(5)
    system.crash(ref)
    await system.clock.sleep(9.5)
    assert await ref.ask(GetNotes()) == ("again", "again")
    await system.clock.sleep(1)
    assert await ref.ask(GetNotes()) == ("again", "again", "once")


async def test_a_cancelled_timer_does_not_fire(system: ActorSystem) -> None:
    """Nor one that repeats."""

    class Quiet(Recorder):
        def started(self) -> None:
            self.ctx.after(1, Note("never")).cancel()
            timer = self.ctx.every(1, Note("tick"))
            self.ctx.call_after(3.5, timer.cancel)

    ref = system.spawn(Quiet, "quiet")
    await system.clock.sleep(10)
    assert await ref.ask(GetNotes()) == ("tick",) * 3


@given(
    st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.integers(0, 99)), max_size=200),
)
def test_timers_fire_in_the_order_of_their_time_then_of_their_making(
    plan: list[tuple[int, bool, int]],
) -> None:
    """Whichever were cancelled."""

    async def main() -> None:
        queue = TimerQueue(asyncio.get_running_loop())
        fired: list[int] = []
        timers: list[Timer] = []

        def fire(number: int) -> Callable[[], None]:
            return lambda: fired.append(number)

        cancelled = set()
        for number, (at, cancels, which) in enumerate(plan):
            timers.append(queue.at(float(at), fire(number)))
            if cancels:
                timers[which % len(timers)].cancel()
                cancelled.add(which % len(timers))
        await asyncio.sleep(100)  # noqa: TID251
        wanted = [n for n in range(len(plan)) if n not in cancelled]
        assert fired == sorted(wanted, key=lambda n: (plan[n][0], n))
        assert len(queue) == 0

    actors.run(main)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=200))
def test_the_loops_own_timers_do_so_too(plan: list[tuple[int, bool]]) -> None:
    """So that one more, of somebody who only looks on, changes nothing for the others."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        fired: list[int] = []
        for number, (at, cancels) in enumerate(plan):
            timer = loop.call_at(float(at), fired.append, number)
            if cancels:
                timer.cancel()
        await asyncio.sleep(10)  # noqa: TID251
        wanted = [n for n, (_, cancels) in enumerate(plan) if not cancels]
        assert fired == sorted(wanted, key=lambda n: (plan[n][0], n))

    actors.run(main)


async def test_a_repeating_call_is_spared_while_somebody_says_so(system: ActorSystem) -> None:
    """And its first time can be chosen."""
    seen: list[float] = []

    class Watchful(Actor):
        def started(self) -> None:
            clock = self.ctx.clock
            self.ctx.call_every(10, self.look, first=5, unless=lambda: 20 < clock.monotonic() < 40)

        def look(self) -> None:
            seen.append(self.ctx.clock.monotonic())

    system.spawn(Watchful, "watchful")
    await system.clock.sleep(50)
    assert seen == [5.0, 15.0, 45.0]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(0, 40)), max_size=12))
def test_repeating_timers_fire_in_the_order_of_their_time(plan: list[tuple[int, int, int]]) -> None:
    """Each at its own times until it is cancelled, whoever else has its period; then none is left."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue = TimerQueue(loop)
        fired: list[tuple[float, int]] = []

        def fire(number: int) -> Callable[[], None]:
            return lambda: fired.append((loop.time(), number))

        for number, (first, period, cancelled_at) in enumerate(plan):
            timer = queue.at(float(first), fire(number), float(period))
            queue.at(cancelled_at + 0.5, timer.cancel)
        await asyncio.sleep(100)  # noqa: TID251
        assert [at for at, _ in fired] == sorted(at for at, _ in fired)
        assert sorted(fired) == sorted(
            (float(at), number)
            for number, (first, period, cancelled_at) in enumerate(plan)
            for at in range(first, cancelled_at + 1, period)
        )
        assert len(queue) == 0

    actors.run(main)


class AskOther(Request[None], frozen=True):
    pass


class Stuck(Actor):
    def __init__(self) -> None:
        self.other: Any = None

    async def on_ask_other(self, message: AskOther) -> None:
        await self.other.ask(AskOther(), timeout=None)


def test_a_system_in_which_nobody_can_run_again_says_who_waits_for_what() -> None:
    """Two actors that ask each other."""

    async def main() -> None:
        async with ActorSystem() as system:
            one, other = Stuck(), Stuck()
            first = system.spawn(lambda: one, "first")
            second = system.spawn(lambda: other, "second")
            one.other, other.other = second, first
            await first.ask(AskOther(), timeout=None)

    with pytest.raises(Deadlock) as stuck:
        actors.run(main)
    text = str(stuck.value)
    assert "nobody can ever run again" in text
    for path in ("/first", "/second"):
        assert path in text


async def test_real_time_is_real() -> None:
    """The clock of another loop is the wall's."""

    async def main() -> bool:
        async with ActorSystem() as system:
            return system.clock.virtual

    assert (
        await asyncio.get_running_loop().run_in_executor(
            None, lambda: actors.run(main, virtual=False)
        )
        is False
    )


async def test_what_waits_in_the_loop_comes_before_the_next_deadline(system: ActorSystem) -> None:
    """Though the loop is spared where only actors have anything to do."""
    seen: list[tuple[str, float]] = []

    class Beating(Actor):
        def started(self) -> None:
            self.beat()

        def beat(self) -> None:
            now = self.ctx.clock.monotonic()
            seen.append(("beat", now))
            asyncio.get_running_loop().call_soon(lambda: seen.append(("soon", now)))
            if now < 3:
                self.ctx.call_after(1, self.beat)

    system.spawn(Beating, "beating")
    await system.clock.sleep(10)
    assert seen == [(what, float(at)) for at in range(4) for what in ("beat", "soon")]


async def test_a_sleeping_task_wakes_between_the_beats_of_actors(system: ActorSystem) -> None:
    """In the order of their times."""
    seen: list[tuple[str, float]] = []

    class Beating(Actor):
        def started(self) -> None:
            self.ctx.every(1, Note("beat"))

        def on_note(self, message: Note) -> None:
            seen.append(("beat", self.ctx.clock.monotonic()))

    system.spawn(Beating, "beating")
    for _ in range(3):
        await system.clock.sleep(1.5)
        seen.append(("task", system.clock.monotonic()))
    times = [at for _, at in seen]
    assert times == sorted(times)
    assert [what for what, _ in seen].count("beat") == 4


async def test_a_thread_reaches_a_loop_that_never_rests(system: ActorSystem) -> None:
    """Its call is seen, however many timers are due one after another."""

    class Beating(Actor):
        def started(self) -> None:
            self.beat()

        def beat(self) -> None:
            self.ctx.call_after(0.001, self.beat)

    system.spawn(Beating, "beating")
    loop = asyncio.get_running_loop()
    called: asyncio.Future[None] = loop.create_future()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(called.set_result, None))
    thread.start()
    await called
    thread.join()


async def test_a_timer_that_raises_leaves_nobody_waiting(system: ActorSystem) -> None:
    """What others made ready at the same moment still runs."""
    loop = asyncio.get_running_loop()
    errors: list[object] = []
    loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))
    ref = system.spawn(Recorder, "recorder")

    def fail() -> None:
        raise RuntimeError("on purpose")

    system.timers.at(1.0, lambda: ref.tell(Note("first")))
    system.timers.at(1.0, fail)
    system.timers.at(2.0, lambda: ref.tell(Note("second")))
    await system.clock.sleep(3)
    assert await ref.ask(GetNotes()) == ("first", "second")
    assert [str(error) for error in errors] == ["on purpose"]
