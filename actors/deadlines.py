"""Who waits for an answer: the asks that are under way, and their deadlines.

There is one queue for each timeout value, with one timer. Deadlines of one value expire in the order
in which they were set, so a deque needs no sorting. What was answered is dropped when it has come to
the front, or, behind one that waits for long, when the queue has doubled.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Final

from actors.clock import monotonic_of
from actors.errors import ActorStopped, AskTimeout
from actors.message import Addressee, Asked, OnAnswer, Stopwatch
from actors.timers import TimerQueue

_SWEEP_FROM: Final = 64  # shorter queues are not worth sweeping
_NEVER: Final = float("inf")


class _Queue:
    """The asks of one timeout value, in the order of their deadlines."""

    __slots__ = ("pending", "sweep_at")

    def __init__(self) -> None:
        self.pending: deque[Asked] = deque()
        self.sweep_at = _SWEEP_FROM

    def sweep(self) -> None:
        """Drop what has ended."""
        self.pending = deque(asked for asked in self.pending if not asked.ended)
        self.sweep_at = max(_SWEEP_FROM, 2 * len(self.pending))


class Deadlines:
    """All pending asks of one system."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, timers: TimerQueue, on_answer: OnAnswer | None
    ) -> None:
        self._time = monotonic_of(loop)
        self._timers = timers
        self._queues: dict[float, _Queue] = {}
        self._stopwatch = Stopwatch(loop.time, on_answer) if on_answer is not None else None

    def add(self, seconds: float | None, asked: Asked, target: Addressee, asker: str = "") -> None:
        """Fail `asked` with AskTimeout unless it is ended within `seconds`; None waits for ever."""
        now = asked.asked_at = self._time()
        if seconds is None:
            seconds = _NEVER
            asker = asker or _running_task()
        asked.stopwatch, asked.target, asked.asker = self._stopwatch, target, asker
        queue = self._queues.get(seconds)
        if queue is None:
            queue = self._queues[seconds] = _Queue()
            if seconds < _NEVER:
                self._timers.at(now + seconds, partial(self._expire, seconds, queue))
        pending = queue.pending
        while pending and pending[0].ended:
            pending.popleft()
        pending.append(asked)
        if len(pending) > queue.sweep_at:
            queue.sweep()

    def waiting(self) -> list[str]:
        """`asker waits for target to answer request`, for each ask that is not answered."""
        return [
            f"{asked.asker or 'somebody'} waits for {asked.target.path} "
            f"to answer {type(asked.request).__name__}"
            for queue in self._queues.values()
            for asked in queue.pending
            if not asked.ended
        ]

    def close(self) -> None:
        """Nobody will answer any more, and no timer will fire: end all that wait."""
        queues, self._queues = self._queues, {}
        for queue in queues.values():
            for asked in queue.pending:
                asked.fail(ActorStopped(asked.target.path))

    def _expire(self, seconds: float, queue: _Queue) -> None:
        now = self._time()
        pending = queue.pending
        while pending and (pending[0].ended or pending[0].asked_at + seconds <= now):
            asked = pending.popleft()
            if not asked.ended:
                request = type(asked.request).__name__
                asked.fail(AskTimeout(asked.target.path, request, seconds))
        if pending:
            at = pending[0].asked_at + seconds
            self._timers.at(at, partial(self._expire, seconds, queue))
        else:
            self._queues.pop(seconds, None)


def _running_task() -> str:
    task = asyncio.current_task()
    return task.get_name() if task is not None else ""
