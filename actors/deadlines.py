"""The deadlines of asks: one queue for each timeout value, and one timer for each queue.

Deadlines of one timeout value expire in the order in which they were set, so a deque needs no
sorting; a request that was answered in time is dropped when it has come to the front.
"""

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.errors import AskTimeout
from actors.message import Asked

if TYPE_CHECKING:
    from actors.ref import Ref
    from actors.system import ActorSystem


class Deadlines:
    """All pending asks of one system that have a deadline."""

    def __init__(self, system: "ActorSystem") -> None:
        self._system = system
        self._queues: dict[float, deque[tuple[float, Asked, Ref[Any]]]] = {}

    def add(self, seconds: float, asked: Asked, target: "Ref[Any]") -> None:
        """Fail `asked` with AskTimeout unless it is ended within `seconds`."""
        system = self._system
        at = system.loop.time() + seconds
        queue = self._queues.get(seconds)
        if queue is None:
            queue = self._queues[seconds] = deque()
            system.timers.at(at, partial(self._expire, seconds, queue))
        while queue and queue[0][1].ended:  # nothing is kept longer than it has to be
            queue.popleft()
        queue.append((at, asked, target))

    def waiting(self) -> list[str]:
        """`request -> target` of the asks that are not answered, for a deadlock's report."""
        return [
            f"{type(asked.request).__name__} -> {target.path}"
            for queue in self._queues.values()
            for _, asked, target in queue
            if not asked.ended
        ]

    def _expire(self, seconds: float, queue: deque[tuple[float, Asked, Any]]) -> None:
        now = self._system.loop.time()
        while queue and (queue[0][1].ended or queue[0][0] <= now):
            _, asked, target = queue.popleft()
            if not asked.ended:
                asked.fail(AskTimeout(target.path, type(asked.request).__name__, seconds))
        if queue:
            self._system.timers.at(queue[0][0], partial(self._expire, seconds, queue))
        else:
            del self._queues[seconds]
