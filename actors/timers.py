"""Timers of all actors in one queue: one event-loop timer, for the nearest deadline only.

In virtual time, a turn of the loop does nothing but set the clock when nobody but actors has anything
to do. Then what the timers made ready is run at once, and the clock is set to the next timer: the same
things in the same order, without the loop.

Timers with equal deadlines fire in the order in which they were set. A cancelled timer is left
where it is and skipped; when more than half of the queue is cancelled, it is swept.
"""

import asyncio
import contextvars
import heapq
from collections.abc import Callable
from typing import Any, Final

from actors.virtual import VirtualLoop

_SWEEP_FROM: Final = 64  # smaller queues are not worth sweeping
# How much is done without the loop, so that it is not kept from signals and threads' calls for long.
_TIMERS: Final = 256  # of one moment: what more of them made ready waits for the loop's next turn
_MESSAGES: Final = 256  # handled since the loop's last turn


class Timer:
    """A pending timer. `at` is in the loop's time; with a `period` it fires again, until cancelled."""

    __slots__ = ("_fire", "at", "period")

    def __init__(self, at: float, fire: Callable[[], None], period: float = 0.0) -> None:
        self.at = at
        self.period = period
        self._fire: Callable[[], None] | None = fire

    @property
    def active(self) -> bool:
        """Whether it will still fire."""
        return self._fire is not None

    def cancel(self) -> None:
        """Do not fire; cancelling twice, or after it fired, does nothing."""
        self._fire = None


class TimerQueue:
    """The pending timers of one system.

    `run` runs what they made ready, if they said so by `wake`, and answers how many messages it was.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, run: Callable[[], int] | None = None
    ) -> None:
        self._loop = loop
        self._virtual = loop if isinstance(loop, VirtualLoop) else None
        self._run = run
        self._firing = False
        self._woken = False
        self._context = contextvars.copy_context()  # not that of whoever set the nearest timer
        self._heap: list[tuple[float, int, Timer]] = []
        self._number = 0
        self._handle: asyncio.TimerHandle | None = None
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, when: float, fire: Callable[[], None], period: float = 0.0) -> Timer:
        """Call `fire` at `when` (the loop's time), and each `period` seconds after that if it is not 0."""
        timer = Timer(when, fire, period)
        self._number += 1
        heap = self._heap
        heapq.heappush(heap, (when, self._number, timer))
        if heap[0][2] is timer and not self._firing:
            self._arm()
        if len(heap) > self._sweep_at:
            self._sweep()
        return timer

    def wake(self) -> bool:
        """Something is ready. Answers whether timers are firing: then they see to it that it runs."""
        self._woken = self._firing
        return self._firing

    def close(self) -> None:
        """Forget all timers."""
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self) -> None:
        when = self._heap[0][0]
        if self._handle is not None:
            if self._handle.when() <= when:
                return
            self._handle.cancel()
        self._handle = self._loop.call_at(when, self._expired, context=self._context)

    def _expired(self) -> None:
        self._handle = None
        self._firing = True
        try:
            self._fire_all()
        finally:
            self._firing = False
            if self._woken:
                self._run_later()
            if self._heap:
                self._arm()

    def _fire_all(self) -> None:
        heap, virtual = self._heap, self._virtual
        messages = 0
        while messages <= _MESSAGES:
            now = self._loop.time()
            fired = 0
            while heap and heap[0][0] <= now:
                timer: Any = heap[0][2]
                fire = timer._fire
                if timer.period and fire is not None:
                    timer.at = when = timer.at + timer.period
                    self._number += 1
                    heapq.heapreplace(heap, (when, self._number, timer))
                else:
                    heapq.heappop(heap)
                    timer._fire = None
                if fire is not None:
                    fired += 1
                    fire()
            if self._woken and virtual is not None and virtual.idle and fired <= _TIMERS:
                self._woken = False
                assert self._run is not None
                messages += self._run()
            messages += 1  # a timer that wakes nobody counts, too
            while heap and heap[0][2]._fire is None:
                heapq.heappop(heap)
            if self._woken or not heap or virtual is None or not virtual.skip_to(heap[0][0]):
                return

    def _run_later(self) -> None:
        self._woken = False
        assert self._run is not None
        self._loop.call_soon(self._run, context=self._context)

    def _sweep(self) -> None:
        live = [entry for entry in self._heap if entry[2]._fire is not None]
        if len(live) * 2 < len(self._heap):
            heapq.heapify(live)
            self._heap[:] = live
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._heap))
