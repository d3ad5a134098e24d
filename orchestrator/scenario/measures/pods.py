"""How long pods take: to be scheduled, to start, to be ready; by the cluster's clock.

Pod start-up is Kubernetes' service level indicator: from the pod's creation until all its containers
are reported as started and a watcher can see it, for pods that could be scheduled at once; the time
of init containers does not count (images are never pulled here).
https://github.com/kubernetes/community/blob/master/sig-scalability/slos/pod_startup_latency.md
"""

from collections.abc import Callable

from msgspec import Struct

from orchestrator.api.core.v1 import Pod, PodStatus
from orchestrator.machinery.times import parse_time
from orchestrator.scenario.counts import node_of
from orchestrator.scenario.measures.histogram import Histogram
from orchestrator.store import Change


class _Young(Struct):
    """A pod that is not ready yet."""

    created: float
    schedulable: bool = True
    started: bool = False


class PodTimes:
    """Follows each pod from its creation until it is ready."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._young: dict[str, _Young] = {}
        self.scheduling = Histogram()
        self.start = Histogram()
        self.ready = Histogram()

    @property
    def histograms(self) -> dict[str, Histogram]:
        """By the names that a report uses."""
        return {"scheduling": self.scheduling, "podStart": self.start, "podReady": self.ready}

    def observe(self, change: Change) -> None:
        """One more change of a pod."""
        pod: Pod = change.object
        uid = pod.metadata.uid
        if change.previous is None:
            self._young[uid] = _Young(self._now())
            return
        young = self._young.get(uid)
        if young is None:
            return
        if change.type == "DELETED":
            del self._young[uid]
            return
        if node_of(pod) and not node_of(change.previous):
            self.scheduling.add(self._now() - young.created)
        status = pod.status
        if status is not None and status is not change.previous.status:
            self._look(uid, young, pod, status)

    def _look(self, uid: str, young: _Young, pod: Pod, status: PodStatus) -> None:
        for condition in status.conditions:
            if condition.type == "PodScheduled" and condition.reason == "Unschedulable":
                young.schedulable = False
        ended = status.phase in ("Succeeded", "Failed")
        if not young.started and (ended or _all_started(pod, status)):
            young.started = True
            if young.schedulable and status.phase != "Failed":
                self.start.add(self._now() - young.created - _init_seconds(status))
        if any(c.type == "Ready" and c.status == "True" for c in status.conditions):
            self.ready.add(self._now() - young.created)
            ended = True
        if ended:
            del self._young[uid]


def _all_started(pod: Pod, status: PodStatus) -> bool:
    wanted = len(pod.spec.containers) if pod.spec is not None else 0
    return sum(bool(s.started) for s in status.container_statuses) == wanted > 0


def _init_seconds(status: PodStatus) -> float:
    total = 0.0
    for container in status.init_container_statuses:
        ended = container.state.terminated if container.state is not None else None
        if ended is not None and ended.started_at and ended.finished_at:
            total += parse_time(ended.finished_at) - parse_time(ended.started_at)
    return total
