"""Looks at what a node's pods use, and gives one up when too little is left."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from actors import Context, Timer
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.eviction import (
    CONDITIONS,
    DISK,
    FILES,
    MEMORY,
    RESOURCES,
    PodUse,
    Threshold,
    is_met,
    message_of,
    overstepped,
    ranked,
)
from orchestrator.kubelet.node_storage import NodeStorage, bytes_of, files_of
from orchestrator.kubelet.pod_traits import traits_of
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes
from orchestrator.kubelet.runtimes.interface import ContainerStarted
from orchestrator.protocol import DiskUsage

LOOK_SECONDS: Final = 10.0
_NO_DISK: Final = DiskUsage()


class Pressure:
    """The eviction manager of the kubelet whose context is `ctx`; it looks from `begin` on.

    `pods` answers the pods that run, `evict` ends one with a message within so many seconds, `reclaiming` hears of which
    resource too little is left, `free_images` takes the images away that nobody uses, `changed` is called when other
    conditions of the node are true than before. Who is
    given up for a soft threshold has `most_grace_seconds` to end at the most. A condition lasts for `hold_seconds` at
    the least.
    """

    def __init__(
        self,
        ctx: Context,
        runtimes: NodeRuntimes,
        storage: NodeStorage,
        thresholds: list[Threshold],
        *,
        pods: Callable[[], Iterable[Pod]],
        evict: Callable[[Pod, str, float], None],
        reclaiming: Callable[[str], None],
        free_images: Callable[[], None],
        most_grace_seconds: float = 0.0,
        hold_seconds: float = 300.0,
        changed: Callable[[], None],
    ) -> None:
        self._ctx = ctx
        self._runtimes = runtimes
        self._storage = storage
        self._thresholds = thresholds
        self._pods = pods
        self._evict = evict
        self._changed = changed
        self._reclaiming = reclaiming
        self._free_images = free_images
        self._most_grace_seconds = most_grace_seconds
        self._hold_seconds = hold_seconds
        self._met_since: dict[Threshold, float] = {}
        self._acted_on: set[Threshold] = set()  # and not yet well again
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
        disks = {pod.metadata.uid: self._disk(pod) for pod in pods}
        for pod in pods:
            disk = disks[pod.metadata.uid]
            volumes = {name: each.used_bytes for name, each in disk.volumes.items()}
            if said := overstepped(pod, volumes, disk.logs):
                self._evict(pod, said, 0.0)
        self._look_at_thresholds(pods, disks, now)
        for name, at in list(self._seen_at.items()):
            if now - at >= self._hold_seconds:
                del self._seen_at[name]
        if self.conditions != before:
            self._changed()

    def _look_at_thresholds(
        self, pods: list[Pod], disks: Mapping[str, DiskUsage], now: float
    ) -> None:
        """See which are met, and do something for the first that has been for long enough."""
        acted = False
        for threshold in self._thresholds:
            uses = self._uses(threshold.signal, pods, disks)
            again = threshold in self._acted_on
            available = is_met(threshold, self._used(threshold.signal, uses), again=again)
            if available is None:
                self._met_since.pop(threshold, None)
                self._acted_on.discard(threshold)
                continue
            self._seen_at[CONDITIONS[threshold.signal]] = now
            since = self._met_since.setdefault(threshold, now)
            if now - since < threshold.grace_seconds:
                continue
            self._acted_on.add(threshold)
            if acted:
                continue
            acted = True
            self._reclaiming(RESOURCES[threshold.signal])
            if self._is_relieved(threshold.signal, pods, disks):
                continue
            for use in ranked(threshold.signal, uses)[:1]:
                said = message_of(threshold, available, use)
                self._evict(use.pod, said, self._grace(threshold, use.pod))

    def _is_relieved(self, signal: str, pods: list[Pod], disks: Mapping[str, DiskUsage]) -> bool:
        """Whether all is well once the images have gone that nobody uses, so that no pod has to."""
        if signal not in DISK and signal not in FILES:
            return False
        self._free_images()
        return all(
            is_met(each, self._used(each.signal, self._uses(each.signal, pods, disks)), again=True)
            is None
            for each in self._thresholds
        )

    def _used(self, signal: str, uses: list[PodUse]) -> int:
        """What is used altogether: on the disk not by pods alone."""
        images = self._storage.image_bytes() if signal in DISK else 0
        return images + sum(use.used for use in uses)

    def _grace(self, threshold: Threshold, pod: Pod) -> float:
        """How long a pod that is given up has to end."""
        if not threshold.soft:
            return 0.0
        own = pod.spec.termination_grace_period_seconds if pod.spec is not None else None
        return min(self._most_grace_seconds, self._most_grace_seconds if own is None else own)

    def _disk(self, pod: Pod) -> DiskUsage:
        """What the pod keeps on the disk, where that matters."""
        limited = pod.spec is not None and traits_of(pod.spec).limited
        signals = {each.signal for each in self._thresholds}
        matters = limited or not signals.isdisjoint(DISK | FILES)
        return self._storage.of(pod) if matters else _NO_DISK

    def _uses(self, signal: str, pods: list[Pod], disks: Mapping[str, DiskUsage]) -> list[PodUse]:
        if signal in DISK:
            kept = [(pod, disks[pod.metadata.uid]) for pod in pods]
            return [PodUse(pod, bytes_of(disk), disk.logs) for pod, disk in kept]
        if signal in FILES:
            return [PodUse(pod, files_of(disks[pod.metadata.uid]), {}) for pod in pods]
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
