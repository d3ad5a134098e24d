"""Timers of all actors in one queue: one event-loop timer, for the nearest deadline only.

In virtual time, a turn of the loop does nothing but set the clock when nobody but actors has anything
to do. Then what the timers made ready is run at once, and the clock is set to the next timer: the same
things in the same order, without the loop.

Timers with equal deadlines fire in the order in which they were set. A cancelled timer is left
where it is and skipped; when more than half of the queue is cancelled, it is swept.

Timers that repeat with the same period come round in the same order again and again. So they wait in a
row, a deque; thousands of heartbeats in a heap would cost each of them a way from its top to its bottom.
"""

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from actors.virtual import VirtualLoop

_SWEEP_FROM: Final = 64  # smaller queues are not worth sweeping
# How much is done without the loop, so that it is not kept from signals and threads' calls for long.
_TIMERS: Final = 256  # of one moment: what more of them made ready waits for the loop's next turn
_AT_ONCE: Final = 512  # timers of one moment: the others wait for what these made ready
_MESSAGES: Final = 256  # handled since the loop's last turn


class Timer:
    """A pending timer. `at` is in the loop's time; with a `period` it fires again, until cancelled."""

    __slots__ = ("_fire", "at", "number", "period")

    number: int  # of its turn: of equal deadlines the lower one fires first

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


_Entry: TypeAlias = tuple[float, int, Timer]


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
        self._heap: list[_Entry] = []
        self._rows: dict[
            float, deque[Timer]
        ] = {}  # by period; until it has fired it is in the heap
        self._firsts: list[_Entry] = []  # of all rows, a heap
        self._number = 0
        self._handle: asyncio.TimerHandle | None = None
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        return len(self._heap) + sum(map(len, self._rows.values()))

    def at(self, when: float, fire: Callable[[], None], period: float = 0.0) -> Timer:
        """Call `fire` at `when` (the loop's time), and each `period` seconds after that if it is not 0."""
        timer = Timer(when, fire, period)
        self._number += 1
        heap = self._heap
        heapq.heappush(heap, (when, self._number, timer))
        if heap[0][2] is timer and not self._firing:
            self._arm(when)
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
        self._rows.clear()
        self._firsts.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, when: float) -> None:
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
            when = self._next_at()
            if when is not None:
                self._arm(when)

    def _fire_all(self) -> None:
        heap, firsts, virtual = self._heap, self._firsts, self._virtual
        messages = 0
        while messages <= _MESSAGES:
            now = self._loop.time()
            fired = 0
            while fired < _AT_ONCE:
                timer: Any
                if firsts and (not heap or firsts[0] < heap[0]):
                    if firsts[0][0] > now:
                        break
                    timer = self._go_round()
                    fire = timer._fire
                elif heap and heap[0][0] <= now:
                    timer = heapq.heappop(heap)[2]
                    fire = timer._fire
                    if timer.period and fire is not None:
                        self._join_row(timer)
                    else:
                        timer._fire = None
                else:
                    break
                if fire is not None:
                    fired += 1
                    fire()
            if self._woken and virtual is not None and virtual.idle and fired <= _TIMERS:
                self._woken = False
                assert self._run is not None
                messages += self._run()
            messages += 1  # a timer that wakes nobody counts, too
            when = self._next_at()
            if self._woken or when is None or virtual is None or not virtual.skip_to(when):
                return

    def _next_at(self) -> float | None:
        """When the next timer fires; who was cancelled is dropped on the way to it."""
        heap, firsts = self._heap, self._firsts
        while heap and heap[0][2]._fire is None:
            heapq.heappop(heap)
        while firsts and firsts[0][2]._fire is None:
            self._go_round()
        if firsts and (not heap or firsts[0] < heap[0]):
            return firsts[0][0]
        return heap[0][0] if heap else None

    def _go_round(self) -> Timer:
        """Take the first timer of all rows; unless it was cancelled, it is its row's last one now."""
        firsts = self._firsts
        timer = firsts[0][2]
        row = self._rows[timer.period]
        row.popleft()
        if timer._fire is not None:
            self._number += 1
            timer.number = self._number
            timer.at += timer.period
            row.append(timer)
        if row:
            first = row[0]
            heapq.heapreplace(firsts, (first.at, first.number, first))
        else:
            heapq.heappop(firsts)
        return timer

    def _join_row(self, timer: Timer) -> None:
        """Queue a timer that fires for the first time for its next one, behind the others."""
        self._number += 1
        timer.number = self._number
        timer.at += timer.period
        entry = (timer.at, timer.number, timer)
        row = self._rows.setdefault(timer.period, deque())
        if row and timer.at < row[-1].at:  # it was set for a time that had passed
            heapq.heappush(self._heap, entry)
            return
        if not row:
            heapq.heappush(self._firsts, entry)
        row.append(timer)

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
