"""A loop in virtual time that stops jumping: its clock stands still, or flows with the wall's."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import actors
from actors import EPOCH, ActorSystem, Misuse
from actors.virtual import VirtualLoop
from tests.actors.cast import GetNotes, Note, Recorder

HOUR = 3_600.0


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


async def _echoes() -> bytes:
    """What comes back over a real socket."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer


async def _flows_from_where_it_is() -> None:
    async with ActorSystem() as system:
        await system.clock.sleep(HOUR)
        loop = _loop()
        before = system.clock.virtual
        loop.become_real()
        assert (before, system.clock.virtual) == (True, False)
        begun = time.perf_counter()
        assert system.clock.now() == pytest.approx(EPOCH + HOUR, abs=0.5)
        await system.clock.sleep(0.05)
        passed = time.perf_counter() - begun
        assert passed >= 0.049
        assert loop.time() - HOUR == pytest.approx(passed, abs=0.02)
        loop.become_real()  # it is real already
        assert loop.time() >= HOUR + passed - 0.02


def test_time_flows_from_where_it_is() -> None:
    """A second is a second of the wall's clock."""
    actors.run(_flows_from_where_it_is)


async def _keeps_timers() -> list[str]:
    loop, fired = _loop(), list[str]()
    done = loop.create_future()
    loop.call_later(0.03, fired.append, "third")
    loop.call_later(0.01, fired.append, "first")
    loop.call_later(0.02, fired.append, "second")
    loop.call_later(0.04, done.set_result, None)
    loop.call_later(HOUR, fired.append, "never")
    loop.become_real()
    loop.call_soon(fired.append, "now")
    await done
    return fired


def test_timers_fire_in_the_order_of_their_deadlines() -> None:
    """Those that were set before, too; one that is an hour off stays an hour off."""
    assert actors.run(_keeps_timers) == ["now", "first", "second", "third"]


async def _keeps_actors_timers() -> tuple[tuple[str, ...], float]:
    class Alarm(Recorder):
        def started(self) -> None:
            for number, seconds in enumerate((0.02, 0.01, 0.01, 0.01)):
                self.ctx.after(seconds, Note(str(number)))
            self.ctx.after(HOUR, Note("late"))

    async with ActorSystem() as system:
        ref = system.spawn(Alarm, "alarm")
        _loop().become_real()
        await system.clock.sleep(0.05)
        notes: tuple[str, ...] = await ref.ask(GetNotes())
        return notes, system.clock.monotonic()


def test_equal_deadlines_of_actors_keep_their_order() -> None:
    """As in virtual time."""
    notes, seconds = actors.run(_keeps_actors_timers)
    assert notes == ("1", "2", "3", "0")
    assert 0.05 <= seconds < 5


async def _serves(change: Callable[[VirtualLoop], None]) -> None:
    loop = _loop()
    await asyncio.get_running_loop().run_in_executor(None, sum, (1, 2))
    change(loop)
    # A thread, a socket, and a call from a thread: whatever can wake a loop.
    assert await loop.run_in_executor(None, sum, (1, 2)) == 3
    assert await _echoes() == b"hello\n"
    called = loop.create_future()
    thread = threading.Timer(0.01, loop.call_soon_threadsafe, (called.set_result, "called"))
    thread.start()
    assert await called == "called"
    thread.join()


@pytest.mark.parametrize("change", [VirtualLoop.become_real, VirtualLoop.stand_still])
def test_threads_and_sockets_are_served(change: Callable[[VirtualLoop], None]) -> None:
    """Whether time flows or stands."""
    actors.run(_serves, change)


async def _stands() -> tuple[float, float, list[str]]:
    loop, fired = _loop(), list[str]()
    loop.call_later(0.005, fired.append, "future")
    loop.stand_still()
    loop.call_later(0, fired.append, "due")
    begun = time.perf_counter()
    await loop.run_in_executor(None, threading.Event().wait, 0.05)
    waited = time.perf_counter() - begun
    assert fired == ["due"]
    stood = loop.time()
    loop.become_real()
    done: asyncio.Future[None] = loop.create_future()
    loop.call_later(0.01, done.set_result, None)
    await done
    return stood, waited, fired


def test_a_clock_that_stands_fires_what_is_due_and_nothing_else() -> None:
    """Afterwards it may flow, and nothing has been missed."""
    stood, waited, fired = actors.run(_stands)
    assert stood == 0
    assert waited >= 0.049
    assert fired == ["due", "future"]


async def _stands_for(seconds: float) -> float:
    loop = _loop()
    for number in range(100):
        loop.call_later(0.001 * (number + 1), int)
    loop.stand_still()
    begun = time.process_time()
    await loop.run_in_executor(None, threading.Event().wait, seconds)
    return time.process_time() - begun


def test_a_clock_that_stands_costs_nothing() -> None:
    """It does not look again and again for timers that never come."""
    assert actors.run(_stands_for, 0.3) < 0.1


async def _stands_again() -> None:
    loop = _loop()
    loop.become_real()
    with pytest.raises(Misuse, match="does not stand still again"):
        loop.stand_still()


def test_a_clock_that_flows_cannot_be_stopped() -> None:
    """What lives in it has met the outside."""
    actors.run(_stands_again)


async def _waits_for_a_socket(change: Callable[[VirtualLoop], None]) -> Any:
    """Nobody can run but somebody outside: that is no deadlock any more."""
    loop = _loop()
    change(loop)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        threading.Timer(0.02, theirs.send, (b"x",)).start()
        received: Awaitable[bytes] = loop.sock_recv(ours, 1)
        return await received


@pytest.mark.parametrize("change", [VirtualLoop.become_real, VirtualLoop.stand_still])
def test_waiting_for_the_outside_is_no_deadlock(change: Callable[[VirtualLoop], None]) -> None:
    """A loop that serves may have nothing to do."""
    assert actors.run(_waits_for_a_socket, change) == b"x"
