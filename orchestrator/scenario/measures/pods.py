"""How long pods take: to be scheduled, to start, to be ready; by the cluster's clock.

Pod start-up is Kubernetes' service level indicator: from the pod's creation until all its containers
are reported as started and a watcher can see it, for pods that could be scheduled at once; the time
of init containers does not count (images are never pulled here).
https://github.com/kubernetes/community/blob/master/sig-scalability/slos/pod_startup_latency.md
"""

from msgspec import Struct

from orchestrator.api.core.v1 import Pod, PodStatus
from orchestrator.machinery.times import parse_time
from orchestrator.scenario.measures.histogram import Histogram
from orchestrator.scenario.pod_states import ABSENT, ENDED, PodState


class _Young(Struct):
    """A pod that is not ready yet."""

    created: float
    schedulable: bool = True
    started: bool = False


class PodTimes:
    """Follows each pod from its creation until it is ready."""

    def __init__(self) -> None:
        self._young: dict[str, _Young] = {}
        self.scheduling = Histogram()
        self.start = Histogram()
        self.ready = Histogram()

    @property
    def histograms(self) -> dict[str, Histogram]:
        """By the names that a report uses."""
        return {"scheduling": self.scheduling, "podStart": self.start, "podReady": self.ready}

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
        if status is not None and young.schedulable and status.phase != "Failed":
            self.start.add(now - young.created - _init_seconds(status))


def _init_seconds(status: PodStatus) -> float:
    total = 0.0
    for container in status.init_container_statuses:
        ended = container.state.terminated if container.state is not None else None
        if ended is not None and ended.started_at and ended.finished_at:
            total += parse_time(ended.finished_at) - parse_time(ended.started_at)
    return total
