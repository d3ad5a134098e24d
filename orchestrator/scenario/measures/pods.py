"""How long pods take: to be scheduled, to start, to be ready; by the cluster's clock.

Pod start-up is Kubernetes' service level indicator: from the pod's creation until all its containers
are reported as started and a watcher can see it, for pods that could be scheduled at once; the time
of init containers does not count (images are never pulled here).
https://github.com/kubernetes/community/blob/master/sig-scalability/slos/pod_startup_latency.md

So the indicator leaves out the pods that had the worst of it. They are counted, by the reason why, and
`podStartAll` leaves out nothing: a pod that had to wait for room counts with all of its waiting, and one
that has not started counts with its waiting so far.
"""

from collections import Counter
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Pod, PodStatus
from orchestrator.machinery.times import parse_time
from orchestrator.scenario.measures import distribution
from orchestrator.scenario.measures.distribution import Distribution
from orchestrator.scenario.pod_states import ABSENT, ENDED, PodState

UNSCHEDULABLE: Final = "not schedulable at once"
FAILED: Final = "failed"
DELETED: Final = "deleted before they started"
WAITING: Final = "not started yet"
START: Final = "podStart"
START_ALL: Final = "podStartAll"


class _Young(Struct):
    """A pod that is not ready yet."""

    created: float
    schedulable: bool = True
    started: bool = False


class PodMark(Struct, frozen=True):
    """How far the times of pods had come."""

    distributions: dict[str, distribution.Mark] = {}
    left_out: Counter[str] = Counter()


class PodTimes:
    """Follows each pod from its creation until it is ready."""

    def __init__(self) -> None:
        self._young: dict[str, _Young] = {}
        self._left_out: Counter[str] = Counter()
        self.scheduling = Distribution()
        self.start = Distribution()
        self.ready = Distribution()
        self._start_all = Distribution()  # without those that have not started

    def observe(self, pod: Pod, before: PodState, after: PodState, now: float) -> None:
        """A pod was in one state and is in another, at `now` (seconds of the cluster's clock)."""
        uid = pod.metadata.uid
        if before is ABSENT:
            self._young[uid] = _Young(now)
        young = self._young.get(uid)
        if young is None:
            return
        if after is ABSENT:
            del self._young[uid]
            if not young.started:
                self._left_out[DELETED] += 1
                self._start_all.add(now - young.created)
            return
        if after.bound and not before.bound:
            self.scheduling.add(now - young.created)
        if after.unschedulable:
            young.schedulable = False
        ended = after.phase in ENDED
        if not young.started and (after.started or ended):
            young.started = True
            self._add_start(pod, young, now)
        if after.ready:
            self.ready.add(now - young.created)
        if after.ready or ended:
            del self._young[uid]

    def _add_start(self, pod: Pod, young: _Young, now: float) -> None:
        status = pod.status
        assert status is not None  # it is what says that it has started
        self._start_all.add(now - young.created)
        if not young.schedulable:
            self._left_out[UNSCHEDULABLE] += 1
        elif status.phase == "Failed":
            self._left_out[FAILED] += 1
        else:
            self.start.add(now - young.created - _init_seconds(status))

    # --- what came of it -------------------------------------------------------------------

    @property
    def so_far(self) -> dict[str, Distribution]:
        """Of the pods that came so far, by the names that a report uses."""
        return {
            "scheduling": self.scheduling,
            START: self.start,
            START_ALL: self._start_all,
            "podReady": self.ready,
        }

    def mark(self) -> PodMark:
        """How far they have come."""
        marks = {name: each.mark() for name, each in self.so_far.items()}
        return PodMark(marks, self._left_out.copy())

    def since(self, mark: PodMark, now: float) -> dict[str, Distribution]:
        """What came since, by the names that a report uses; of `podStartAll` also who still waits."""
        start = distribution.Mark()
        found = {
            name: each.since(mark.distributions.get(name, start))
            for name, each in self.so_far.items()
        }
        for young in self._young.values():
            if not young.started:
                found[START_ALL].add(now - young.created)
        return found

    def left_out(self, mark: PodMark) -> dict[str, int]:
        """How many pods the start-up indicator leaves out since a mark, by the reason why."""
        waiting = sum(not young.started for young in self._young.values())
        found = self._left_out - mark.left_out
        return {**found, WAITING: waiting} if waiting else dict(found)


def _init_seconds(status: PodStatus) -> float:
    total = 0.0
    for container in status.init_container_statuses:
        ended = container.state.terminated if container.state is not None else None
        if ended is not None and ended.started_at and ended.finished_at:
            total += parse_time(ended.finished_at) - parse_time(ended.started_at)
    return total
