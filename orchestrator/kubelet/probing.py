"""The probes of one pod: which is due, what a row of answers means.

As kubelet's prober: whether a container is ready is asked from the start of its run, after its initial delay, on a
grid of the period; whether it has started, and lives, on a grid that began with the pod on its node, when there was
nothing to ask yet: so the first answer may take a period. Only its thresholds turn answers into a verdict; nothing but the startup probe is asked until that has
succeeded, and one that has spoken its last word waits for the next run. A container that is stopping is still asked
whether it is ready.
"""

from collections.abc import Iterable
from math import ceil, floor
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Container, Probe
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.kubelet.pod_events import RunProbe
from orchestrator.kubelet.runtimes.interface import ProbeAnswered

STARTUP: Final = "startup"
READINESS: Final = "readiness"
LIVENESS: Final = "liveness"


def has_probes(container: Container) -> bool:
    """Whether anything is asked of a container."""
    return not (
        container.readiness_probe is None
        and container.liveness_probe is None
        and container.startup_probe is None
    )


class _Asked(Struct, eq=False):
    """One probe of one container."""

    record: ContainerRecord
    kind: str
    probe: Probe
    due: float | None = None  # None: it waits for a run, or for the startup probe
    asked: bool = False  # its answer has not come yet
    last: bool | None = None
    row: int = 0  # how many answers were like the last


class PodProbes:
    """The probes of a pod's containers. `since` is when the pod came to its node."""

    def __init__(self, records: Iterable[ContainerRecord], since: float) -> None:
        self._since = since
        self._all: list[_Asked] = []
        for record in records:
            spec = record.spec
            for kind, probe in (
                (STARTUP, spec.startup_probe),
                (READINESS, spec.readiness_probe),
                (LIVENESS, spec.liveness_probe),
            ):
                if probe is not None:
                    self._all.append(_Asked(record, kind, probe))

    def began(self, record: ContainerRecord, now: float = 0.0) -> None:
        """A run of the container has begun, or its startup probe has succeeded (`now`)."""
        at = record.started_at or 0.0
        for each in self._all:
            if each.record is record and (each.kind == STARTUP) != record.started:
                period = each.probe.period_seconds or 10
                first = at + (each.probe.initial_delay_seconds or 0)
                if each.kind == READINESS:
                    each.due = at + period * ceil((first - at) / period)
                else:
                    turns = ceil((max(first, now) - self._since) / period)
                    each.due = self._since + period * max(turns, 1)
                each.asked, each.last, each.row = False, None, 0

    def ended(self, record: ContainerRecord) -> None:
        """The container's run has ended."""
        for each in self._all:
            if each.record is record:
                each.due = None

    def stopping(self, records: Iterable[ContainerRecord], *, failed: bool) -> None:
        """The containers' runs are about to end: only whether they still serve is asked, and that not of a pod that
        has `failed`."""
        for record in records:
            for each in self._all:
                if each.record is record and (failed or each.kind != READINESS):
                    each.due = None

    def due(self, uid: str, now: float) -> list[RunProbe]:
        """What has to be asked now."""
        asked = []
        for each in self._all:
            if each.due is not None and each.due <= now:
                period = each.probe.period_seconds or 10
                each.due += period * (floor((now - each.due) / period) + 1)
                if not each.asked and each.record.stage in (Stage.RUNNING, Stage.STOPPING):
                    each.asked = True
                    record = each.record
                    asked.append(RunProbe(record.spec, record.key(uid), each.kind, each.probe))
        return asked

    def next_due(self) -> float | None:
        """When something has to be asked next."""
        return min((each.due for each in self._all if each.due is not None), default=None)

    def answered(self, record: ContainerRecord, event: ProbeAnswered) -> bool | None:
        """What the probe's answers mean by now; None when nothing new."""
        for each in self._all:
            if each.record is record and each.kind == event.kind:
                return _counted(each, event.success)
        return None


def _counted(each: _Asked, success: bool | None) -> bool | None:
    if not each.asked:
        return None  # of a run that is over
    each.asked = False
    if success is None:
        return None
    each.row = each.row + 1 if each.last is success else 1
    each.last = success
    probe = each.probe
    threshold = (probe.success_threshold or 1) if success else (probe.failure_threshold or 3)
    if each.row < threshold:
        return None
    if each.kind == STARTUP or (each.kind == LIVENESS and not success):
        each.due = None
        each.row = 0
    return success
