"""One pod's life on a node: a state machine without I/O.

`PodWorker.handle(event, now)` takes what happened and answers what must be done, as values. Every
event changes what is known and then runs the same level-triggered `_sync`, which compares what is
with what should be, like kubelet's `computePodActions`; so an event that comes twice, or late, or
that a restarted kubelet reads from its runtime instead, leads to the same place.

Order of a life: init containers one after another (a sidecar counts as passed once it started),
then all containers together; ended ones restart by the pod's restart policy after a back-off;
deletion or a deadline stops the containers first, then the sidecars in reverse order.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

from orchestrator.api.core.v1 import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodStatus,
)
from orchestrator.api.meta.v1 import Time
from orchestrator.kubelet.backoff import format_delay, next_delay
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    RuntimeEvent,
)
from orchestrator.machinery.times import format_time, parse_time

DEFAULT_GRACE_SECONDS: Final = 30
LOST_EXIT_CODE: Final = 255  # of a container whose end nobody saw
CREATE_RETRY_SECONDS: Final = 10.0  # a container that could not be created is tried again

# --- what happens --------------------------------------------------------------------------


class PodChanged(Struct, frozen=True, gc=False):
    """The API server's pod, first or again; a deletion timestamp on it begins the end."""

    pod: Pod


class PodRejected(Struct, frozen=True, gc=False):
    """The node cannot take the pod (`OutOfcpu`, `NodePorts`, ...): it fails without a start."""

    reason: str
    message: str


class PodVanished(Struct, frozen=True, gc=False):
    """The API server no longer has the pod: whatever runs of it must end now."""


class TimeCame(Struct, frozen=True, gc=False):
    """The moment that a `WakeAt` asked for."""


PodEvent: TypeAlias = PodChanged | PodRejected | PodVanished | TimeCame | RuntimeEvent

# --- what must be done ---------------------------------------------------------------------


class StartContainer(Struct, frozen=True, gc=False):
    container: Container
    key: ContainerKey


class StopContainer(Struct, frozen=True, gc=False):
    key: ContainerKey
    grace_seconds: float


class ReportStatus(Struct, frozen=True, gc=False):
    """The pod's status is no longer what was reported."""


class RecordEvent(Struct, frozen=True, gc=False):
    type: str  # Normal or Warning
    reason: str
    message: str


class WakeAt(Struct, frozen=True, gc=False):
    """Send `TimeCame` at this time (epoch seconds); replaces an earlier wish."""

    at: float


class FinishPod(Struct, frozen=True, gc=False):
    """Nothing of the pod is left on the node; `delete` it from the API server if it is there."""

    delete: bool


Effect: TypeAlias = StartContainer | StopContainer | ReportStatus | RecordEvent | WakeAt | FinishPod

_REPORT: Final = ReportStatus()
_CREATING: Final = ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating"))
_INITIALIZING: Final = ContainerState(waiting=ContainerStateWaiting(reason="PodInitializing"))


class PodWorker:
    """The state of one pod on its node. Fields are read by `pod_status.py`."""

    __slots__ = (
        "_killing",
        "_wake_at",
        "containers",
        "failure",
        "finished",
        "init_containers",
        "pod",
        "start_time",
        "uid",
        "vanished",
    )

    def __init__(self, pod: Pod, now: float) -> None:
        self.pod = pod
        self.uid = pod.metadata.uid
        self.start_time = now
        self.failure: PodRejected | None = None  # why the pod as a whole failed
        self.vanished = False
        self.finished = False
        self._killing = False
        self._wake_at: float | None = None
        spec = pod.spec
        init = spec.init_containers if spec is not None else ()
        waiting = _INITIALIZING if init else _CREATING
        self.init_containers = [
            ContainerRecord(c, c.restart_policy == "Always", _INITIALIZING) for c in init
        ]
        self.containers = [
            ContainerRecord(c, False, waiting)
            for c in (spec.containers if spec is not None else ())
        ]

    # --- events ----------------------------------------------------------------------------

    def handle(self, event: PodEvent, now: float) -> list[Effect]:
        """What must be done after `event` at `now` (epoch seconds)."""
        effects: list[Effect] = []
        if self.finished:
            return effects
        kind = type(event)
        if kind is ContainerStarted:
            self._on_started(event, effects)  # type: ignore[arg-type]
        elif kind is ContainerExited:
            self._on_exited(event, now, effects)  # type: ignore[arg-type]
        elif kind is ContainerProbed:
            self._on_probed(event, effects)  # type: ignore[arg-type]
        elif kind is PodChanged:
            self.pod = event.pod  # type: ignore[union-attr]
        elif kind is PodRejected:
            self.failure = event  # type: ignore[assignment]
            effects.append(_REPORT)
        elif kind is PodVanished:
            self.vanished = True
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
        known = {s.name: s for s in (*status.init_container_statuses, *status.container_statuses)}
        for record in (*self.init_containers, *self.containers):
            if record.spec.name in known:
                _recall(record, known[record.spec.name])
        records = {r.spec.name: r for r in (*self.init_containers, *self.containers)}
        effects: list[Effect] = [_REPORT]  # what has changed meanwhile is known to nobody else
        for report in reports:
            found = records.get(report.key.name)
            if found is not None and report.key.attempt > found.attempt:
                found.stage = Stage.STARTING  # a run that nobody has heard of, or not of its end
            effects.extend(self._note(report, now))
        for name, record in records.items():
            reported = known.get(name)
            if record.stage == Stage.WAITING and reported is not None:
                _lost(record, reported, now)
        effects.extend(self.handle(PodChanged(self.pod), now))
        return effects

    def _note(self, report: RuntimeEvent, now: float) -> list[Effect]:
        """Take a report without deciding anything yet."""
        effects: list[Effect] = []
        if isinstance(report, ContainerStarted):
            self._on_started(report, effects)
        elif isinstance(report, ContainerExited):
            self._on_exited(report, now, effects)
        else:
            self._on_probed(report, effects)
        # The past is not news: only the status matters.
        return [e for e in effects if isinstance(e, ReportStatus)]

    def _record_of(self, key: ContainerKey) -> ContainerRecord | None:
        for record in self.containers:
            if record.spec.name == key.name:
                break
        else:
            for record in self.init_containers:
                if record.spec.name == key.name:
                    break
            else:
                return None
        if key.attempt < record.attempt:
            return None  # news of a run that is over
        record.attempt = key.attempt
        return record

    def _on_started(self, event: ContainerStarted, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or record.stage in (Stage.RUNNING, Stage.EXITED):
            return
        if record.stage != Stage.STOPPING:
            record.stage = Stage.RUNNING
        record.started_at = event.at
        record.started = True
        record.ready = record.ready or event.ready
        record.container_id = event.container_id
        record.state = _running_since(format_time(event.at))
        effects.append(_REPORT)
        effects.append(_started(record.spec.name))

    def _on_probed(self, event: ContainerProbed, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or not record.active or record.ready == event.ready:
            return
        record.ready = event.ready  # the report that it has started may come later
        effects.append(_REPORT)

    def _on_exited(self, event: ContainerExited, now: float, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or record.stage in (Stage.EXITED, Stage.WAITING):
            return
        record.ready = record.started = False
        effects.append(_REPORT)
        if event.started_at is None:
            record.stage = Stage.WAITING
            record.retry_at = now + CREATE_RETRY_SECONDS
            record.state = ContainerState(
                waiting=ContainerStateWaiting(reason=event.reason, message=event.message)
            )
            if event.message:  # a container that was stopped while it started has none
                effects.append(RecordEvent("Warning", "Failed", f"Error: {event.message}"))
            return
        record.stage = Stage.EXITED
        record.started_at = event.started_at
        record.container_id = event.container_id
        record.state = ContainerState(
            terminated=ContainerStateTerminated(
                exit_code=event.exit_code,
                reason=event.reason,
                message=event.message,
                started_at=format_time(event.started_at),
                finished_at=format_time(event.at),
                container_id=event.container_id,
            )
        )
        if not self._ending(now) and not self.terminal and self._restarts(record):
            self._back_off(record, event, effects)

    def _back_off(
        self, record: ContainerRecord, event: ContainerExited, effects: list[Effect]
    ) -> None:
        ran = event.at - (event.started_at or event.at)
        delay = record.retry_delay = next_delay(record.retry_delay, ran)
        record.retry_at = event.at + delay
        record.last_state = record.state
        if delay == 0.0:
            return
        metadata = self.pod.metadata
        pod = f"{metadata.name}_{metadata.namespace}({metadata.uid})"
        message = f"back-off {format_delay(delay)} restarting failed container={record.spec.name} pod={pod}"
        record.state = ContainerState(
            waiting=ContainerStateWaiting(reason="CrashLoopBackOff", message=message)
        )
        said = f"Back-off restarting failed container {record.spec.name} in pod {pod}"
        effects.append(RecordEvent("Warning", "BackOff", said))

    # --- decisions -------------------------------------------------------------------------

    def _restarts(self, record: ContainerRecord) -> bool:
        """Whether the container's last run is followed by another."""
        if record.sidecar:
            return True
        policy = self.pod.spec.restart_policy if self.pod.spec is not None else "Always"
        ended = record.state.terminated or (
            record.last_state.terminated if record.last_state is not None else None
        )
        failed = ended is not None and ended.exit_code != 0
        if any(record is init for init in self.init_containers):
            return failed and policy != "Never"
        return policy in ("", "Always") or (policy == "OnFailure" and failed)

    def _ending(self, now: float) -> bool:
        """Whether the pod as a whole is to stop, noticing a deadline that has passed."""
        if self.vanished or self.failure is not None:
            return True
        if self.pod.metadata.deletion_timestamp is not None:
            return True
        deadline = self.pod.spec.active_deadline_seconds if self.pod.spec is not None else None
        if deadline is not None and now >= self.start_time + deadline and not self.terminal:
            self.failure = PodRejected(
                "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
            )
            return True
        return False

    @property
    def terminal(self) -> bool:
        """Whether no container runs and none will run again."""
        if self.failure is not None:
            return not any(r.active for r in (*self.init_containers, *self.containers))
        for record in self.init_containers:
            if not record.sidecar and self._failed_for_good(record):
                return True
        for record in self.containers:
            if record.stage != Stage.EXITED or self._restarts(record):
                return False
        return bool(self.containers)

    def _failed_for_good(self, record: ContainerRecord) -> bool:
        return (
            record.stage == Stage.EXITED and bool(record.exit_code) and not self._restarts(record)
        )

    def _sync(self, now: float, effects: list[Effect]) -> None:
        if self._ending(now):
            self._stop_all(now, effects)
        elif self.terminal:
            self._stop_sidecars(effects)
        else:
            self._start_due(now, effects)
        self._ask_to_wake(now, effects)

    def _start_due(self, now: float, effects: list[Effect]) -> None:
        for record in self.init_containers:
            if record.sidecar:
                self._start_if_due(record, now, effects)
                if record.stage != Stage.RUNNING:
                    return
            elif not (record.stage == Stage.EXITED and record.exit_code == 0):
                self._start_if_due(record, now, effects)
                return
        for record in self.containers:
            self._start_if_due(record, now, effects)

    def _start_if_due(self, record: ContainerRecord, now: float, effects: list[Effect]) -> None:
        if record.stage == Stage.EXITED:
            if not self._restarts(record):
                return
            if record.retry_at is None:
                record.retry_at = now
                record.last_state = record.state
            if now < record.retry_at:
                return
            record.restarts += 1
        elif record.stage != Stage.WAITING or (record.retry_at or 0.0) > now:
            return
        if record.state.waiting is None or record.state.waiting.reason == "PodInitializing":
            record.state = _CREATING
        record.retry_at = None
        record.stage = Stage.STARTING
        record.attempt += 1
        effects.append(StartContainer(record.spec, record.key(self.uid)))
        effects.append(_REPORT)
        effects.append(_pulled(record.spec.image))
        effects.append(_created(record.spec.name))

    def _stop_all(self, now: float, effects: list[Effect]) -> None:
        active = [r for r in self.containers if r.active]
        # Sidecars outlive the containers that they serve, and end in reverse order.
        for record in reversed(self.init_containers):
            if active:
                break
            if record.active:
                active = [record]
        grace = self._grace_seconds()
        for record in active:
            if record.stage != Stage.STOPPING:
                record.stage = Stage.STOPPING
                effects.append(StopContainer(record.key(self.uid), grace))
                effects.append(
                    RecordEvent("Normal", "Killing", f"Stopping container {record.spec.name}")
                )
        if not active and (self.vanished or self.pod.metadata.deletion_timestamp is not None):
            self.finished = True
            effects.append(_REPORT)
            effects.append(FinishPod(delete=not self.vanished))

    def _stop_sidecars(self, effects: list[Effect]) -> None:
        for record in reversed(self.init_containers):
            if record.active:
                if record.stage != Stage.STOPPING:
                    record.stage = Stage.STOPPING
                    effects.append(StopContainer(record.key(self.uid), self._grace_seconds()))
                return

    def _grace_seconds(self) -> float:
        if self.vanished:
            return 0.0
        metadata, spec = self.pod.metadata, self.pod.spec
        if metadata.deletion_grace_period_seconds is not None:
            return float(metadata.deletion_grace_period_seconds)
        seconds = spec.termination_grace_period_seconds if spec is not None else None
        return float(DEFAULT_GRACE_SECONDS if seconds is None else seconds)

    def _ask_to_wake(self, now: float, effects: list[Effect]) -> None:
        at: float | None = None
        for records in (self.init_containers, self.containers):
            for r in records:
                if r.retry_at is not None and r.retry_at > now and not r.active:
                    at = r.retry_at if at is None else min(at, r.retry_at)
        spec = self.pod.spec
        if spec is not None and spec.active_deadline_seconds is not None and self.failure is None:
            deadline = self.start_time + spec.active_deadline_seconds
            at = deadline if at is None else min(at, deadline)
        if at is not None and at != self._wake_at:
            self._wake_at = at
            effects.append(WakeAt(at))


# Many containers of one template start in the same second.


@lru_cache(maxsize=1024)
def _running_since(at: Time) -> ContainerState:
    return ContainerState(running=ContainerStateRunning(started_at=at))


@lru_cache(maxsize=1024)
def _pulled(image: str | None) -> RecordEvent:
    return RecordEvent("Normal", "Pulled", f'Container image "{image}" already present on machine')


@lru_cache(maxsize=1024)
def _created(name: str) -> RecordEvent:
    return RecordEvent("Normal", "Created", f"Created container: {name}")


@lru_cache(maxsize=1024)
def _started(name: str) -> RecordEvent:
    return RecordEvent("Normal", "Started", f"Started container {name}")


def _recall(record: ContainerRecord, status: ContainerStatus) -> None:
    """What was last reported of a container. Its attempts go on from its restarts."""
    record.restarts = status.restart_count
    record.last_state = status.last_state
    record.container_id = status.container_id
    record.attempt = status.restart_count - 1
    state = status.state
    if state is not None and state.terminated is not None:
        record.attempt = status.restart_count
        record.state, record.stage = state, Stage.EXITED


def _lost(record: ContainerRecord, reported: ContainerStatus, now: float) -> None:
    """If the container was reported to run, it has ended: the runtime has never heard of it."""
    running = reported.state.running if reported.state is not None else None
    if running is None:
        return
    record.attempt += 1
    record.stage = Stage.EXITED
    record.state = ContainerState(
        terminated=ContainerStateTerminated(
            exit_code=LOST_EXIT_CODE,
            reason="Unknown",
            started_at=running.started_at,
            finished_at=format_time(now),
            container_id=record.container_id,
        )
    )
