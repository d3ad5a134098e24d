"""One pod's life on a node: a state machine without I/O.

`PodWorker.handle(event, now)` takes what happened and answers what must be done, as values. Every
event changes what is known and then runs the same level-triggered `_sync`, which compares what is
with what should be, like kubelet's `computePodActions`; so an event that comes twice, or late, or
that a restarted kubelet reads from its runtime instead, leads to the same place.

Order of a life: volumes; init containers one after another (a sidecar counts as passed once it
started), then all containers together; ended ones restart by their rules after a back-off;
deletion or a deadline stops the containers first, then the sidecars in reverse order.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    ContainerStatus,
    Pod,
    PodSpec,
    PodStatus,
)
from orchestrator.kubelet.backoff import MAX_SECONDS
from orchestrator.kubelet.container_news import ContainerNews
from orchestrator.kubelet.container_record import ContainerRecord, Role, Stage
from orchestrator.kubelet.happenings import resized
from orchestrator.kubelet.image_names import name_fault
from orchestrator.kubelet.pod_ending import REPORT
from orchestrator.kubelet.pod_events import (
    Effect,
    MountVolumes,
    PodChanged,
    PodEvent,
    PodRejected,
    PodVanished,
    RecordEvent,
    ResizeContainer,
    StartContainer,
    VolumesMounted,
    WakeAt,
)
from orchestrator.kubelet.pod_state import CREATING
from orchestrator.kubelet.pod_traits import traits_of
from orchestrator.kubelet.recollection import lost, recall
from orchestrator.kubelet.refusals import INVALID_NAME, held_back, refused
from orchestrator.kubelet.resetting import Reset
from orchestrator.kubelet.resizing import is_resized, needs_restart
from orchestrator.kubelet.runtimes.interface import ContainerStarted, RuntimeEvent
from orchestrator.machinery.restarts import restarts_all
from orchestrator.machinery.times import parse_time

_FIRST_MOUNT_RETRY: Final = 0.5
_LAST_MOUNT_RETRY: Final = 122.0
_FIRST_ATTACH_LOOK: Final = 0.1
_LAST_ATTACH_LOOK: Final = 5.0
_MOST_ATTACHING: Final = 123.0  # seconds until a pod hears that its volumes are not attached

_MOUNT: Final = MountVolumes()


class PodWorker(ContainerNews):
    """Takes what happens to one pod, and answers what must be done."""

    __slots__ = (
        "_attach_delay",
        "_attached_by",
        "_mount_delay",
        "_mount_retry_at",
        "_wake_at",
    )

    def __init__(self, pod: Pod, now: float, most_delay: float = MAX_SECONDS) -> None:
        super().__init__(pod, now, most_delay)
        self._wake_at: float | None = None
        self._mount_retry_at: float | None = 0.0  # None: the answer has not come
        self._mount_delay = _FIRST_MOUNT_RETRY
        self._attach_delay = _FIRST_ATTACH_LOOK
        self._attached_by: float | None = None

    # --- events ----------------------------------------------------------------------------

    def handle(self, event: PodEvent, now: float) -> list[Effect]:
        """What must be done after `event` at `now` (epoch seconds)."""
        effects: list[Effect] = []
        if self.finished:
            return effects
        if not self._reported(event, now, effects):
            kind = type(event)
            if kind is PodChanged:
                self._on_changed(event.pod, now, effects)  # type: ignore[union-attr]
            elif kind is PodRejected:
                self.failure = event  # type: ignore[assignment]
                effects.append(REPORT)
            elif kind is PodVanished:
                self.vanished = True
            elif kind is VolumesMounted:
                self._on_mounted(event, now, effects)  # type: ignore[arg-type]
            else:
                self._wake_at = None
        self._sync(now, effects)
        return effects

    def restore(self, reports: Iterable[RuntimeEvent], now: float) -> list[Effect]:
        """Take up a pod that this node ran before the kubelet restarted.

        Counts and last states come from its API status; what runs, from the runtime's `reports`.
        A container that neither knows any more (the machine was rebooted) restarts by the policy.
        """
        status = self.pod.status or PodStatus()
        if status.start_time is not None:
            self.start_time = parse_time(status.start_time)
        self._add_debuggers()
        known = {
            s.name: s
            for s in (
                *status.init_container_statuses,
                *status.container_statuses,
                *status.ephemeral_container_statuses,
            )
        }
        records = {r.spec.name: r for r in self.records()}
        for name, record in records.items():
            if name in known:
                recall(record, known[name])
                self.mounted = self.mounted or bool(known[name].container_id)
        effects: list[Effect] = [REPORT]  # what has changed meanwhile is known to nobody else
        for report in reports:
            found = records.get(report.key.name)
            if found is not None and report.key.attempt > found.attempt:
                found.stage = Stage.STARTING  # a run that nobody has heard of, or not of its end
            # The past is not news: only the status matters.
            self._reported(report, now, [])
            if found is not None and isinstance(report, ContainerStarted):
                self._take_up(found, known.get(report.key.name))
        for name, record in records.items():
            reported = known.get(name)
            if record.stage == Stage.WAITING and reported is not None:
                lost(record, reported, now)
            if record.stage is Stage.EXITED and record.role is not Role.DEBUG:
                code = record.exit_code
                self.resetting |= code is not None and restarts_all(record.spec, code)
        effects.extend(self.handle(PodChanged(self.pod), now))
        return effects

    def _take_up(self, record: ContainerRecord, reported: ContainerStatus | None) -> None:
        """Go on with a container that runs: no hook runs again, and it is what it was until its probes say otherwise."""
        if record.hooked is not None:
            event, record.hooked = record.hooked, None
            self._runs(record, event, [])
        ran = reported is not None and reported.state is not None and reported.state.running
        if reported is None or not ran or reported.container_id != record.container_id:
            return
        record.started = record.started or bool(reported.started)
        if record.spec.readiness_probe is not None:
            record.ready = reported.ready
        if self._probes is not None:
            self._probes.ended(record)
            self._probes.began(record)

    def _on_changed(self, pod: Pod, now: float, effects: list[Effect]) -> None:
        known, self.pod = self.pod.spec, pod
        spec = pod.spec
        if spec is known or spec is None:
            return
        self.traits = traits_of(spec)
        for records, containers in (
            (self.containers, spec.containers),
            (self.init_containers, spec.init_containers),
        ):
            for record, container in zip(records, containers, strict=False):
                if record.spec is not container:
                    self._on_redefined(record, container, now, effects)
        self._add_debuggers()
        if known is not None and self.resize_pending is None and is_resized(known, spec):
            effects.extend(resized(pod))

    def resize(self, now: float) -> list[Effect]:
        """Give the containers what was refused before."""
        effects: list[Effect] = [REPORT, *resized(self.pod)]
        spec = self.pod.spec or PodSpec()
        for records, containers in (
            (self.containers, spec.containers),
            (self.init_containers, spec.init_containers),
        ):
            for record, container in zip(records, containers, strict=False):
                self._on_redefined(record, container, now, effects)
        return effects

    def _on_redefined(
        self, record: ContainerRecord, container: Container, now: float, effects: list[Effect]
    ) -> None:
        """Restart a container whose image is another, or which cannot be resized while it runs."""
        known, record.spec = record.spec, container
        name = container.name
        if known.image != container.image:
            record.retry_delay = record.pull_delay = None
            why = f"{record.title} definition changed"
            if not record.sidecar:
                why += ", will be restarted"
        elif known.resources != container.resources:
            effects.append(REPORT)
            if self.resize_pending is not None:
                record.spec = replace(container, resources=known.resources)
                return
            if not needs_restart(known, container):
                if record.active:
                    effects.append(ResizeContainer(container, record.key(self.uid)))
                return
            why = f"Container {name} resize requires restart"
        else:
            return
        if record.stage is Stage.WAITING and record.retry_at is not None:
            record.retry_at = now
        elif record.active and record.stage is not Stage.STOPPING and not self.ending(now):
            record.must_restart = True
            self._kill(record, self.grace_seconds(), now, effects, why)

    def _add_debuggers(self) -> None:
        spec = self.pod.spec
        new = spec.ephemeral_containers[len(self.debuggers) :] if spec is not None else ()
        if not new or self.terminal:
            return  # of what comes to a pod that has ended nothing is told
        for each in new:
            fields = {name: getattr(each, name) for name in Container.__struct_fields__}
            record = ContainerRecord(Container(**fields), Role.DEBUG, CREATING, CREATING)
            self.debuggers.append(record)

    def _on_mounted(self, event: VolumesMounted, now: float, effects: list[Effect]) -> None:
        effects.extend(RecordEvent("Warning", reason, text) for reason, text in event.faults)
        if event.faults:
            self._mount_retry_at = now + self._mount_delay
            self._mount_delay = min(2 * self._mount_delay, _LAST_MOUNT_RETRY)
            return
        if not event.attaching:
            self.mounted = True
            effects.append(REPORT)
            return
        if self._attached_by is None:
            self._attached_by = now + _MOST_ATTACHING
        elif now >= self._attached_by:
            self._attached_by = now + _MOST_ATTACHING
            effects.append(RecordEvent("Warning", "FailedMount", event.attaching))
        self._mount_retry_at = now + self._attach_delay
        self._attach_delay = min(2 * self._attach_delay, _LAST_ATTACH_LOOK)

    # --- decisions -------------------------------------------------------------------------

    def _sync(self, now: float, effects: list[Effect]) -> None:
        failure = self.failure
        if self.ending(now):
            if self.failure is not None and self.failure is not failure:  # a deadline has passed
                effects.append(RecordEvent("Normal", self.failure.reason, self.failure.message))
                effects.append(REPORT)
            self._stop_all(now, effects)
        elif self.resetting:
            if self._reset(now, effects):
                self._start_due(now, effects)
        elif self.terminal:
            self._stop_sidecars(now, effects)
        elif not self.mounted:
            if self._mount_retry_at is not None and now >= self._mount_retry_at:
                self._mount_retry_at = None
                effects.append(_MOUNT)
                effects.append(REPORT)
        else:
            self._start_due(now, effects)
        if self._hooks:
            for record in self.records():
                self._end_hook(record, now, effects)
        if self._probes is not None:
            effects.extend(self._probes.due(self.uid, now))
        self._ask_to_wake(now, effects)

    def _start_due(self, now: float, effects: list[Effect]) -> None:
        if self.traits.welcomed and any(r.hooked is not None for r in self.records()):
            return  # while a container is welcomed, nothing else of its pod begins
        for record in self.debuggers:
            if record.stage is Stage.WAITING:
                self._start_if_due(record, now, effects)
        initialized = bool(self.init_containers) and self.initialized
        for record in self.init_containers:
            if record.role is Role.SIDECAR:
                self._start_if_due(record, now, effects)
                if not (initialized or (record.started and record.stage is Stage.RUNNING)):
                    return
            elif not (initialized or record.completed):
                self._start_if_due(record, now, effects)
                return
        for record in self.containers:
            self._start_if_due(record, now, effects)
            if self.traits.welcomed and _is_to_be_welcomed(record):
                return

    def _start_if_due(self, record: ContainerRecord, now: float, effects: list[Effect]) -> None:
        if record.stage == Stage.EXITED:
            if not self.restarts(record):
                return
            if record.retry_at is None:
                record.retry_at = now
            if now < record.retry_at:
                return
            if record.state.terminated is not None:
                record.last_state = record.state
            record.restarts += 1
        elif record.stage != Stage.WAITING or (record.retry_at or 0.0) > now:
            if record.held_back_at is not None and now >= record.held_back_at:
                effects.extend(held_back(record))
                effects.append(REPORT)
            return
        if record.state.waiting is None:
            record.state = record.waiting
        record.retry_at = record.held_back_at = None
        if not record.must_restart:
            effects.append(REPORT)
        record.must_restart = False
        record.image = record.spec.image
        record.stage = Stage.STARTING
        record.attempt += 1
        fault = name_fault(record.spec.image)
        if fault:
            said = f'Failed to apply default image tag "{record.spec.image}": {fault}'
            effects.append(REPORT)
            effects.extend(refused(record, INVALID_NAME, said, now))
        else:
            effects.append(StartContainer(record.spec, record.key(self.uid)))

    # --- time ------------------------------------------------------------------------------

    def _ask_to_wake(self, now: float, effects: list[Effect]) -> None:
        at: float | None = None
        for record in chain(self.containers, self.init_containers):
            # Most have nothing to wait for.
            if record.retry_at is not None and record.retry_at > now and not record.active:
                at = record.retry_at if at is None else min(at, record.retry_at)
            if record.held_back_at is not None or record.stop_at is not None:
                at = _first(now, at, record.held_back_at, record.stop_at)
        if not self.mounted:
            at = _first(now, at, self._mount_retry_at)
        if self._probes is not None:
            at = _first(now, at, self._probes.next_due())
        spec = self.pod.spec
        if spec is not None and spec.active_deadline_seconds is not None and self.failure is None:
            at = _first(now, at, self.start_time + spec.active_deadline_seconds)
        if self._reset_step is Reset.TOLD:
            at = now
        if at is not None and at != self._wake_at:
            self._wake_at = at
            effects.append(WakeAt(at))


def _is_to_be_welcomed(record: ContainerRecord) -> bool:
    """Whether a container begins that has a hook for it: those behind it begin when that has ended."""
    lifecycle = record.spec.lifecycle
    hooks = lifecycle is not None and lifecycle.post_start is not None
    return hooks and record.stage is Stage.STARTING


def _first(now: float, *times: float | None) -> float | None:
    """The first of these times that is still to come."""
    return min((t for t in times if t is not None and t > now), default=None)
