"""Who has failed and waits a while before another try. Pure.

As kube-scheduler 1.36 keeps it: back-off ends in whole seconds, so that those who wait to the same
second come back together, by the order of the active queue. A pod that a plugin refused, and that
something has happened for, may be taken before its time where nothing else is to do; one that failed
by an error may not.
"""

import heapq
from math import floor
from typing import Final, TypeAlias

from msgspec import Struct

from orchestrator.api.core.v1 import Pod

INITIAL_BACKOFF_SECONDS: Final = 1.0
MAX_BACKOFF_SECONDS: Final = 10.0
_DOUBLINGS: Final = 64  # at most: past them a delay would be no number
# Where no time passes between a try and the next, pods that wake one another would be tried for ever.
_MOST_AT_ONCE: Final = 16

Entry: TypeAlias = tuple[float, tuple[float, ...], int, str]
"""(when it is over, what orders the pods of that second, a running number, uid)."""


class QueuedPod(Struct):
    """A pod that waits. Times are seconds of the clock."""

    pod: Pod
    queued_at: float
    attempts: int = 0
    refusals: int = 0
    errors: int = 0  # since a plugin refused it last
    failed_at: float | None = None
    tries: int = 0  # that failed at that moment
    refused_by: frozenset[str] = frozenset()  # names of plugins; none: an error

    @property
    def waits_since(self) -> float:
        """When it came to the queue, as it does at each failure."""
        return self.queued_at if self.failed_at is None else self.failed_at

    def fails(self, now: float) -> None:
        """It was tried in vain."""
        self.tries = self.tries + 1 if self.failed_at == now else 1
        self.failed_at = now


class Backoff:
    """The pods that wait for a time, by uid."""

    def __init__(
        self, initial: float = INITIAL_BACKOFF_SECONDS, longest: float = MAX_BACKOFF_SECONDS
    ) -> None:
        self._initial, self._longest = initial, longest
        self._refused: list[Entry] = []
        self._failed: list[Entry] = []
        self._current: dict[str, int] = {}  # uid -> the number of its entry; others are of the past
        self._number = 0

    def over_at(self, queued: QueuedPod) -> float:
        """When a pod may be tried again, in seconds of the clock."""
        failures = queued.errors or queued.refusals
        if not failures or queued.failed_at is None:
            return 0.0
        delay = self._initial * 2.0 ** min(failures - 1, _DOUBLINGS)
        return floor(queued.failed_at + min(delay, self._longest)) + 1.0

    def put(self, queued: QueuedPod, key: tuple[float, ...]) -> None:
        """A pod waits; `key` orders those whose time ends in the same second."""
        self._number += 1
        uid = queued.pod.metadata.uid
        self._current[uid] = self._number
        may_be_early = queued.refused_by and queued.tries < _MOST_AT_ONCE
        heap = self._refused if may_be_early else self._failed
        heapq.heappush(heap, (self.over_at(queued), key, self._number, uid))

    def discard(self, uid: str) -> None:
        """A pod waits no longer."""
        self._current.pop(uid, None)

    def pop_early(self) -> str | None:
        """The pod whose time ends first, of those that plugins refused; None: there is none."""
        if self._head(self._refused) is None:
            return None
        uid = heapq.heappop(self._refused)[3]
        del self._current[uid]
        return uid

    def pop_due(self, now: float) -> str | None:
        """A pod whose time is over; None: there is none."""
        for heap in (self._refused, self._failed):
            head = self._head(heap)
            if head is not None and head[0] <= now:
                heapq.heappop(heap)
                del self._current[head[3]]
                return head[3]
        return None

    def next_due(self) -> float | None:
        """When the next pod's time is over; None: no pod waits."""
        heads = (self._head(heap) for heap in (self._refused, self._failed))
        return min((head[0] for head in heads if head is not None), default=None)

    def _head(self, heap: list[Entry]) -> Entry | None:
        while heap and self._current.get(heap[0][3]) != heap[0][2]:
            heapq.heappop(heap)
        return heap[0] if heap else None
