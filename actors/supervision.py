"""What happens when an actor fails: restart policies, as data, and the bookkeeping of restarts."""

from collections import deque
from typing import Literal, TypeAlias

from msgspec import Struct

Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]


class Restart(Struct, frozen=True):
    """How a parent treats one child's failures.

    A child is restarted up to `most` times in `within_seconds`; one failure more stops it and
    escalates: the parent fails in its turn. The n-th restart in that window waits
    `backoff_seconds * 2**(n-1)`, at most `max_backoff_seconds`. `most=0` never restarts.
    """

    most: int = 10
    within_seconds: float = 60.0
    backoff_seconds: float = 0.0
    max_backoff_seconds: float = 30.0
    escalate: bool = True


ALWAYS = Restart(most=1_000_000_000, backoff_seconds=0.1)
NEVER = Restart(most=0, escalate=False)


class RestartHistory:
    """When a child failed; says what to do at the next failure."""

    __slots__ = ("_times", "count")

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self.count = 0

    def next_delay(self, policy: Restart, now: float) -> float | None:
        """Seconds to wait before the restart; None: the intensity is exceeded, do not restart."""
        times = self._times
        while times and now - times[0] >= policy.within_seconds:
            times.popleft()
        if len(times) >= policy.most:
            return None
        times.append(now)
        self.count += 1
        if policy.backoff_seconds == 0.0:
            return 0.0
        doublings = min(len(times) - 1, 30)
        return min(policy.backoff_seconds * 2.0**doublings, policy.max_backoff_seconds)
