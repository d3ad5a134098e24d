"""What the runtime tells of a pod's containers, and what follows for each of them: stages, probes, hooks, back-off.

A report names a run of a container. One that comes twice changes nothing, and news of a run that is over is none.
"""

from functools import lru_cache

from orchestrator.api.core.v1 import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
)
from orchestrator.api.meta.v1 import Time
from orchestrator.kubelet.backoff import format_delay, next_delay
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.kubelet.happenings import (
    normal,
    not_started,
    pulled_anew,
    started,
    started_after_pull,
    warning,
)
from orchestrator.kubelet.pod_ending import LEAST_GRACE_SECONDS, REPORT, PodEnding
from orchestrator.kubelet.pod_events import Effect, PodEvent, RunHook, StopContainer
from orchestrator.kubelet.probing import READINESS, STARTUP
from orchestrator.kubelet.refusals import refused
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    HookEnded,
    ImagePulling,
    ProbeAnswered,
)
from orchestrator.machinery.restarts import restarts_all
from orchestrator.machinery.times import format_time, parse_time


class ContainerNews(PodEnding):
    """What a pod worker makes of its runtime's reports."""

    __slots__ = ()

    def _reported(self, event: PodEvent, now: float, effects: list[Effect]) -> bool:
        """Take a report of the runtime, if `event` is one."""
        kind = type(event)
        if kind is ContainerStarted:
            self._on_started(event, effects)  # type: ignore[arg-type]
        elif kind is ContainerExited:
            self._on_exited(event, now, effects)  # type: ignore[arg-type]
        elif kind is ContainerProbed:
            self._on_probed(event, effects)  # type: ignore[arg-type]
        elif kind is ProbeAnswered:
            self._on_answered(event, now, effects)  # type: ignore[arg-type]
        elif kind is HookEnded:
            self._on_hook_ended(event, now, effects)  # type: ignore[arg-type]
        elif kind is ImagePulling:
            self._on_pulling(event, effects)  # type: ignore[arg-type]
        else:
            return False
        return True

    def _record_of(self, key: ContainerKey) -> ContainerRecord | None:
        for record in self.records():
            if record.spec.name == key.name:
                break
        else:
            return None
        if key.attempt < record.attempt:
            return None  # news of a run that is over
        record.attempt = key.attempt
        return record

    def _on_pulling(self, event: ImagePulling, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is not None and record.stage is Stage.STARTING:
            effects.append(normal(record, "Pulling", f'Pulling image "{record.spec.image}"'))

    def _on_started(self, event: ContainerStarted, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or record.stage in (Stage.RUNNING, Stage.EXITED):
            return
        if record.hooked is not None:
            return  # told again
        record.started_at = event.at
        record.container_id = event.container_id
        record.recursive = event.recursive
        record.pull_delay = None
        if event.pulled_in is None:
            anew = record.spec.image_pull_policy == "Always"
            effects.extend(pulled_anew(record) if anew else started(record))
        else:
            effects.extend(started_after_pull(record, event.pulled_in))
        lifecycle = record.spec.lifecycle
        if (
            lifecycle is not None
            and lifecycle.post_start is not None
            and record.stage is not Stage.STOPPING
        ):
            record.hooked = event
            effects.append(RunHook(record.spec, event.key, lifecycle.post_start, False))
            return
        self._runs(record, event, effects)

    def _runs(
        self, record: ContainerRecord, event: ContainerStarted, effects: list[Effect]
    ) -> None:
        if record.stage != Stage.STOPPING:
            record.stage = Stage.RUNNING
        spec = record.spec
        record.started = spec.startup_probe is None
        record.ready = spec.readiness_probe is None and (record.ready or event.ready)
        record.state = _running_since(format_time(event.at))
        if self._probes is not None:
            self._probes.began(record)
        effects.append(REPORT)

    def _on_probed(self, event: ContainerProbed, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or not record.active or record.ready == event.ready:
            return
        if record.spec.readiness_probe is None:
            record.ready = event.ready  # the report that it has started may come later
            effects.append(REPORT)

    def _on_answered(self, event: ProbeAnswered, now: float, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or not record.active or self._probes is None:
            return
        if record.stage is not Stage.RUNNING and event.kind != READINESS:
            return  # it is stopped already
        verdict = self._probes.answered(record, event)
        if event.success is None:
            said = f"{event.kind.capitalize()} probe errored and resulted in unknown state: {event.output}"
            effects.append(warning(record, "Unhealthy", said))
        elif not event.success:
            said = f"{event.kind.capitalize()} probe failed: {event.output}"
            effects.append(warning(record, "Unhealthy", said))
        if verdict is None:
            return
        if event.kind == READINESS:
            if record.ready != verdict:
                record.ready = verdict
                effects.append(REPORT)
        elif not verdict:
            self._fail_probe(record, event.kind, now, effects)
        elif event.kind == STARTUP:
            record.started = True
            self._probes.began(record, now)
            effects.append(REPORT)

    def _fail_probe(
        self, record: ContainerRecord, kind: str, now: float, effects: list[Effect]
    ) -> None:
        if self.ending(now):
            return
        spec = record.spec
        probe = spec.startup_probe if kind == STARTUP else spec.liveness_probe
        grace = probe.termination_grace_period_seconds if probe is not None else None
        why = f"{record.title} failed {kind} probe"
        # Rules ask for the exit code, which there is none of yet.
        record.replaced = record.sidecar or (spec.restart_policy or self.policy) != "Never"
        if record.replaced and not record.sidecar:
            why += ", will be restarted"
        self._kill(record, self.grace_seconds() if grace is None else grace, now, effects, why)

    def _on_hook_ended(self, event: HookEnded, now: float, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or not record.active:
            return
        if event.before_stop:
            if record.stop_at is not None:
                left = max(LEAST_GRACE_SECONDS, record.stop_at - now)
                record.stop_at = None
                if event.failed:
                    effects.append(warning(record, "FailedPreStopHook", "PreStopHook failed"))
                effects.append(StopContainer(event.key, left))
            return
        kept, record.hooked = record.hooked, None
        if kept is None:
            return
        if event.failed:
            effects.append(warning(record, "FailedPostStartHook", "PostStartHook failed"))
            self._kill(record, self.grace_seconds(), now, effects, "FailedPostStartHook")
        else:
            self._runs(record, kept, effects)

    def _on_exited(self, event: ContainerExited, now: float, effects: list[Effect]) -> None:
        record = self._record_of(event.key)
        if record is None or record.stage in (Stage.EXITED, Stage.WAITING):
            return
        record.ready = record.started = False
        if record.stop_at is not None:
            self._tell_cut_hook(record, effects)
        record.hooked = record.stop_at = None
        if self._probes is not None:
            self._probes.ended(record)
        if not record.must_restart or self.ending(now):
            effects.append(REPORT)  # else the next run is the news, which begins at once
        if event.started_at is None:
            if event.message:
                effects.extend(refused(record, event.reason, event.message, now))
            else:  # it was stopped while it started
                record.stage = Stage.WAITING
                record.retry_at = now
            return
        if event.started_at == 0.0:
            effects.extend(not_started(record, event.message))
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
        if self.ending(now) or self.resetting:
            return
        if self.traits.resets and restarts_all(record.spec, event.exit_code):
            self.resetting = True
        elif not self.terminal and self.restarts(record):
            self._back_off(record, event, effects)

    def _back_off(
        self, record: ContainerRecord, event: ContainerExited, effects: list[Effect]
    ) -> None:
        """When the container runs again.

        The delay counts from the end of its last run. Of one that is stopped for another to begin, kubelet sees the
        run before as the last: so back-off sets in a run later, and not at all where runs last longer than it.
        """
        ran = event.at - (event.started_at or event.at)
        delay = wait = next_delay(record.retry_delay, ran, self.most_delay)
        if record.replaced:
            record.replaced = False
            before = record.last_state.terminated if record.last_state is not None else None
            if before is None or before.finished_at is None:
                record.retry_at = event.at  # and the next run that ends is the first that counts
                return
            if event.at - parse_time(before.finished_at) >= delay:
                wait = 0.0
        record.retry_delay = delay
        record.retry_at = event.at + wait
        if wait == 0.0:
            return
        effects.append(REPORT)
        metadata = self.pod.metadata
        pod = f"{metadata.name}_{metadata.namespace}({metadata.uid})"
        message = f"back-off {format_delay(delay)} restarting failed container={record.spec.name} pod={pod}"
        if (
            event.exit_code or not record.sidecar
        ):  # a sidecar that ended well is shown as what it is
            record.last_state = record.state
            record.state = ContainerState(
                waiting=ContainerStateWaiting(reason="CrashLoopBackOff", message=message)
            )
        said = f"Back-off restarting failed container {record.spec.name} in pod {pod}"
        effects.append(warning(record, "BackOff", said))


# Many containers of one template start in the same second.


@lru_cache(maxsize=1024)
def _running_since(at: Time) -> ContainerState:
    return ContainerState(running=ContainerStateRunning(started_at=at))
