"""How long a Job waits after failures: 10 s, 20 s, 40 s, up to 10 minutes; a success ends that.

The count is the controller's memory, as in Kubernetes: pods that were deleted leave no other trace.
A controller that begins anew reads what it can from the pods that are still there.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.pods import ready_condition
from orchestrator.machinery.times import parse_time

FIRST_SECONDS: Final = 10.0
MOST_SECONDS: Final = 600.0


class Backoff(NamedTuple):
    """Failures since the last success, and when the last of them was (epoch seconds)."""

    failures: int = 0
    last_failure: float = 0.0

    def after(self, won: Sequence[Pod], lost: Sequence[Pod]) -> "Backoff":
        """The count when these pods have ended, too."""
        success = max((finished_at(pod) for pod in won), default=None)
        times = [at for pod in lost if (at := finished_at(pod)) > (success or 0.0)]
        before = self if success is None else Backoff()
        if not times:
            return before
        return Backoff(before.failures + len(times), max(before.last_failure, *times))

    def left(self, now: float) -> float:
        """Seconds until pods may be made again; zero or less: now."""
        if not self.failures:
            return 0.0
        delay = FIRST_SECONDS * 2.0 ** min(self.failures - 1, 30)
        return self.last_failure + min(delay, MOST_SECONDS) - now


def remembered(pods: Iterable[Pod]) -> Backoff:
    """What pods that ended of themselves, and were counted before, still tell."""
    ended: dict[str, list[Pod]] = {"Succeeded": [], "Failed": []}
    for pod in pods:
        phase = pod.status.phase if pod.status is not None else ""
        if phase in ended and pod.metadata.deletion_timestamp is None:
            ended[phase].append(pod)
    return Backoff().after(ended["Succeeded"], ended["Failed"])


def finished_at(pod: Pod) -> float:
    """When a pod ended (epoch seconds): its last container, or when it was ready no more, or deleted."""
    ends = _ends_of_containers(pod)
    if ends is not None:
        return max(ends)
    ready = ready_condition(pod)
    if ready is not None and ready.status == "False" and ready.last_transition_time:
        return parse_time(ready.last_transition_time)
    metadata = pod.metadata
    if metadata.deletion_timestamp is not None:
        # The timestamp is the end of the grace period.
        grace = metadata.deletion_grace_period_seconds or 0
        return parse_time(metadata.deletion_timestamp) - grace
    return parse_time(metadata.creation_timestamp) if metadata.creation_timestamp else 0.0


def _ends_of_containers(pod: Pod) -> list[float] | None:
    """When each container and sidecar ended; None when one has not, or there are none."""
    if pod.status is None:
        return None
    initial = pod.spec.init_containers if pod.spec is not None else ()
    sidecars = {each.name for each in initial if each.restart_policy == "Always"}
    ends: list[float] = []
    for status in (
        *pod.status.container_statuses,
        *(each for each in pod.status.init_container_statuses if each.name in sidecars),
    ):
        ended = status.state.terminated if status.state is not None else None
        if ended is None or not ended.finished_at:
            return None
        ends.append(parse_time(ended.finished_at))
    return ends or None
