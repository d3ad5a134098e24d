"""Who waits for an answer: the asks that are under way, and their deadlines.

There is one queue for each timeout value, with one timer. Deadlines of one value expire in the order
in which they were set, so a deque needs no sorting. What was answered is dropped when it has come to
the front, or, behind one that waits for long, when the queue has doubled.
"""

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from actors.errors import ActorStopped, AskTimeout
from actors.message import Asked, Stopwatch

if TYPE_CHECKING:
    from actors.ref import Ref
    from actors.system import ActorSystem

_SWEEP_FROM: Final = 64  # shorter queues are not worth sweeping
_NEVER: Final = float("inf")


# When it expires, the ask, whom it went to, and who asks: known where it costs nothing to know, or
# where no deadline will end the wait.
_Pending: TypeAlias = "tuple[float, Asked, Ref[Any], str]"


class _Queue:
    """The asks of one timeout value, in the order of their deadlines."""

    __slots__ = ("pending", "sweep_at")

    def __init__(self) -> None:
        self.pending: deque[_Pending] = deque()
        self.sweep_at = _SWEEP_FROM

    def sweep(self) -> None:
        """Drop what has ended."""
        self.pending = deque(entry for entry in self.pending if not entry[1].ended)
        self.sweep_at = max(_SWEEP_FROM, 2 * len(self.pending))


class Deadlines:
    """All pending asks of one system."""

    def __init__(self, system: "ActorSystem") -> None:
        self._system = system
        self._queues: dict[float, _Queue] = {}
        self._stopwatch = (
            Stopwatch(system.loop.time, system.on_answer) if system.on_answer is not None else None
        )

    def add(self, seconds: float | None, asked: Asked, target: "Ref[Any]", asker: str = "") -> None:
        """Fail `asked` with AskTimeout unless it is ended within `seconds`; None waits for ever."""
        system = self._system
        now = system.loop.time()
        if self._stopwatch is not None:
            self._stopwatch.start(asked, now)
        if seconds is None:
            seconds = at = _NEVER
            asker = asker or _running_task()
        else:
            at = now + seconds
        queue = self._queues.get(seconds)
        if queue is None:
            queue = self._queues[seconds] = _Queue()
            if at < _NEVER:
                system.timers.at(at, partial(self._expire, seconds, queue))
        pending = queue.pending
        while pending and pending[0][1].ended:
            pending.popleft()
        pending.append((at, asked, target, asker))
        if len(pending) > queue.sweep_at:
            queue.sweep()

    def waiting(self) -> list[str]:
        """`asker waits for target to answer request`, for each ask that is not answered."""
        return [
            f"{asker or 'somebody'} waits for {target.path} "
            f"to answer {type(asked.request).__name__}"
            for queue in self._queues.values()
            for _, asked, target, asker in queue.pending
            if not asked.ended
        ]

    def close(self) -> None:
        """Nobody will answer any more, and no timer will fire: end all that wait."""
        queues, self._queues = self._queues, {}
        for queue in queues.values():
            for _, asked, target, _ in queue.pending:
                asked.fail(ActorStopped(target.path))

    def _expire(self, seconds: float, queue: _Queue) -> None:
        now = self._system.loop.time()
        pending = queue.pending
        while pending and (pending[0][1].ended or pending[0][0] <= now):
            _, asked, target, _ = pending.popleft()
            if not asked.ended:
                asked.fail(AskTimeout(target.path, type(asked.request).__name__, seconds))
        if pending:
            self._system.timers.at(pending[0][0], partial(self._expire, seconds, queue))
        else:
            self._queues.pop(seconds, None)


def _running_task() -> str:
    task = asyncio.current_task()
    return task.get_name() if task is not None else ""
