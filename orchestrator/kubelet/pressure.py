"""Looks at what a node's pods use, and gives one up when too little is left."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from actors import Context, Timer
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.eviction import (
    CONDITIONS,
    DISK,
    MEMORY,
    RESOURCES,
    PodUse,
    Threshold,
    full_directory,
    is_met,
    message_of,
    ranked,
)
from orchestrator.kubelet.pod_traits import traits_of
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes
from orchestrator.kubelet.runtimes.interface import ContainerStarted

LOOK_SECONDS: Final = 10.0


class Pressure:
    """The eviction manager of the kubelet whose context is `ctx`; it looks from `begin` on.

    `pods` answers the pods that run, `evict` ends one with a message within so many seconds, `reclaiming` hears of which
    resource too little is left, `changed` is called when other conditions of the node are true than before. Who is
    given up for a soft threshold has `most_grace_seconds` to end at the most. A condition lasts for `hold_seconds` at
    the least.
    """

    def __init__(
        self,
        ctx: Context,
        runtimes: NodeRuntimes,
        thresholds: list[Threshold],
        *,
        pods: Callable[[], Iterable[Pod]],
        evict: Callable[[Pod, str, float], None],
        reclaiming: Callable[[str], None],
        most_grace_seconds: float = 0.0,
        hold_seconds: float = 300.0,
        changed: Callable[[], None],
    ) -> None:
        self._ctx = ctx
        self._runtimes = runtimes
        self._thresholds = thresholds
        self._pods = pods
        self._evict = evict
        self._changed = changed
        self._reclaiming = reclaiming
        self._most_grace_seconds = most_grace_seconds
        self._hold_seconds = hold_seconds
        self._met_since: dict[Threshold, float] = {}
        self._seen_at: dict[str, float] = {}  # when a condition was true last
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Look from now on; who looks already goes on."""
        if self._timer is None:
            self._timer = self._ctx.call_every(LOOK_SECONDS, self._look, first=LOOK_SECONDS)

    @property
    def conditions(self) -> frozenset[str]:
        """The node's conditions of pressure that are true."""
        return frozenset(self._seen_at)

    def _look(self) -> None:
        now, before = self._ctx.clock.now(), self.conditions
        pods = list(self._pods())
        volumes = {pod.metadata.uid: self._volumes(pod) for pod in pods}
        for pod in pods:
            if said := full_directory(pod, volumes[pod.metadata.uid]):
                self._evict(pod, said, 0.0)
        self._look_at_thresholds(pods, volumes, now)
        for name, at in list(self._seen_at.items()):
            if now - at >= self._hold_seconds:
                del self._seen_at[name]
        if self.conditions != before:
            self._changed()

    def _look_at_thresholds(
        self, pods: list[Pod], volumes: Mapping[str, Mapping[str, int]], now: float
    ) -> None:
        """See which are met, and give one pod up for the first that has been for long enough."""
        given_up = False
        for threshold in self._thresholds:
            uses = self._uses(threshold.signal, pods, volumes)
            available = is_met(threshold, uses)
            if available is None:
                self._met_since.pop(threshold, None)
                continue
            self._seen_at[CONDITIONS[threshold.signal]] = now
            since = self._met_since.setdefault(threshold, now)
            if given_up or now - since < threshold.grace_seconds:
                continue
            given_up = True
            self._reclaiming(RESOURCES[threshold.signal])
            for use in ranked(threshold.signal, uses)[:1]:
                said = message_of(threshold, available, use)
                self._evict(use.pod, said, self._grace(threshold, use.pod))

    def _grace(self, threshold: Threshold, pod: Pod) -> float:
        """How long a pod that is given up has to end."""
        if not threshold.soft:
            return 0.0
        own = pod.spec.termination_grace_period_seconds if pod.spec is not None else None
        return min(self._most_grace_seconds, self._most_grace_seconds if own is None else own)

    def _volumes(self, pod: Pod) -> Mapping[str, int]:
        """What lies in the pod's emptyDirs, where that matters: to weigh them may take long."""
        weigh = getattr(self._runtimes.of(pod.metadata.uid), "volume_bytes", None)
        limited = pod.spec is not None and traits_of(pod.spec).limited
        matters = limited or any(each.signal == DISK for each in self._thresholds)
        return weigh(pod.metadata.uid) if weigh is not None and matters else {}

    def _uses(
        self, signal: str, pods: list[Pod], volumes: Mapping[str, Mapping[str, int]]
    ) -> list[PodUse]:
        if signal == DISK:
            return [PodUse(pod, sum(volumes[pod.metadata.uid].values()), {}) for pod in pods]
        by_pod: dict[str, dict[str, int]] = {pod.metadata.uid: {} for pod in pods}
        for event in self._runtimes.containers():
            of_pod = by_pod.get(event.key.pod_uid) if isinstance(event, ContainerStarted) else None
            if of_pod is not None and (usage := self._runtimes.usage(event.key)) is not None:
                if signal == MEMORY:
                    of_pod[event.key.name] = usage.memory_bytes or 0
                else:
                    of_pod[event.key.name] = 1 if usage.processes is None else usage.processes
        return [
            PodUse(pod, sum(by_pod[pod.metadata.uid].values()), by_pod[pod.metadata.uid])
            for pod in pods
        ]
