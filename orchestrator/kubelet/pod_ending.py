"""How the containers of a pod end: hooks first, then a polite request with a time limit; sidecars after the others."""

from itertools import chain
from typing import Final

from orchestrator.api.core.v1 import ContainerState, ContainerStateTerminated, Pod
from orchestrator.kubelet.backoff import MAX_SECONDS
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.kubelet.happenings import normal, warning
from orchestrator.kubelet.pod_events import Effect, FinishPod, ReportStatus, RunHook, StopContainer
from orchestrator.kubelet.pod_state import DEFAULT_GRACE_SECONDS, PodState
from orchestrator.kubelet.probing import PodProbes
from orchestrator.kubelet.resetting import Reset, forget_runs

# That a container has to stop, however little its pod or its preStop hook left of the time.
LEAST_GRACE_SECONDS: Final = 2.0
REPORT: Final = ReportStatus()
# The end of a container that never ran, as kubelet's status manager says it of pods that go.
_NEVER_RAN: Final = ContainerState(
    terminated=ContainerStateTerminated(
        reason="ContainerStatusUnknown",
        message="The container could not be located when the pod was terminated",
        exit_code=137,
    )
)


class PodEnding(PodState):
    """What a pod worker does to end containers."""

    __slots__ = ("_grace", "_hooks", "_probes", "_reset_step")

    def __init__(self, pod: Pod, now: float, most_delay: float = MAX_SECONDS) -> None:
        super().__init__(pod, now, most_delay)
        self._grace = DEFAULT_GRACE_SECONDS + 0.0  # that its containers were given to stop
        self._hooks = False  # a preStop hook has been begun
        self._reset_step = Reset.NONE
        self._probes = PodProbes(self.records(), now) if self.traits.probed else None

    def _kill(
        self,
        record: ContainerRecord,
        grace: float,
        now: float,
        effects: list[Effect],
        why: str = "",
    ) -> None:
        """Stop a container: its preStop hook first, if it runs and there is time."""
        begun = record.stage is Stage.RUNNING
        record.stage = Stage.STOPPING
        if self._probes is not None:
            self._probes.stopping((record,), failed=False)
        said = why or f"Stopping container {record.spec.name}"
        effects.append(normal(record, "Killing", said))
        lifecycle, key = record.spec.lifecycle, record.key(self.uid)
        if lifecycle is not None and lifecycle.pre_stop is not None and begun and grace > 0:
            record.stop_at = now + grace
            self._hooks = True
            effects.append(RunHook(record.spec, key, lifecycle.pre_stop, True))
        else:
            effects.append(StopContainer(key, self._at_least(grace)))

    def _at_least(self, grace: float) -> float:
        """Nobody waits for a pod that is gone already, nor for containers that all begin anew."""
        return grace if self.vanished or self.resetting else max(grace, LEAST_GRACE_SECONDS)

    def _hurry(
        self, record: ContainerRecord, grace: float, now: float, effects: list[Effect]
    ) -> None:
        """Shorten the time of a container that is stopping."""
        if record.stop_at is None:
            effects.append(StopContainer(record.key(self.uid), self._at_least(grace)))
        elif now + grace < record.stop_at:
            record.stop_at = now + grace

    def _stop_all(self, now: float, effects: list[Effect]) -> None:
        if self._probes is not None:  # sidecars whose turn has not come are left alone, too
            self._probes.stopping(self.records(), failed=self.failure is not None)
        active = [r for r in chain(self.containers, self.debuggers) if r.active]
        # Sidecars outlive the containers that they serve, and end in reverse order.
        for record in reversed(self.init_containers):
            if active:
                break
            if record.active:
                active = [record]
        if not active and self.failure is not None:
            self._conclude()
        grace = self.grace_seconds()
        for record in active:
            if record.stage is not Stage.STOPPING:
                self._kill(record, grace, now, effects)
            elif grace < self._grace:
                self._hurry(record, grace, now, effects)
        self._grace = grace
        if not active and (self.vanished or self.pod.metadata.deletion_timestamp is not None):
            self.finished = True
            self._conclude()
            effects.append(REPORT)
            effects.append(FinishPod(delete=not self.vanished))

    def _conclude(self) -> None:
        """Let each container have ended: who holds the pod by a finalizer is to see a final state.

        Containers whose turn had not come, behind the last init container that has run, go on waiting; the first
        one's turn has always come. Of one that was to run again nothing is known, unless its pod is deleted, of
        which none does.
        """
        last = self.init_containers[-1] if self.init_containers else None
        begun = last is None or (last.started if last.sidecar else last.completed)
        begun = begun or self.initialized
        deleted = self.vanished or self.pod.metadata.deletion_timestamp is not None
        turns = [i for i, record in enumerate(self.init_containers) if _has_run(record)]
        reached = self.init_containers[: max(turns, default=0) + 1]
        for record in chain(reached, self.containers if begun else ()):
            if record.state.terminated is None:
                record.state = (record.last_state if deleted else None) or _NEVER_RAN

    def _reset(self, now: float, effects: list[Effect]) -> bool:
        """End all containers at once, without their hooks; when they have ended, let all begin anew.

        Answers whether they do. It is told first, and done in the next turn. Debuggers have no part in it.
        """
        if self._reset_step is Reset.NONE:
            self._reset_step = Reset.TOLD
            effects.append(REPORT)
            return False
        self._reset_step = Reset.BEGUN
        active = [r for r in chain(self.containers, self.init_containers) if r.active]
        for record in active:
            if record.stage is not Stage.STOPPING:
                self._kill(record, 0.0, now, effects, "killing")
            else:
                self._hurry(record, 0.0, now, effects)
        if active:
            return False
        for record in chain(self.containers, self.init_containers):
            forget_runs(record)
        self.resetting, self._reset_step = False, Reset.NONE
        effects.append(REPORT)
        return True

    def _stop_sidecars(self, now: float, effects: list[Effect]) -> None:
        for record in chain(self.debuggers, reversed(self.init_containers)):
            if record.active:
                if record.stage is not Stage.STOPPING:
                    self._kill(record, self.grace_seconds(), now, effects)
                return

    def _end_hook(self, record: ContainerRecord, now: float, effects: list[Effect]) -> None:
        """A preStop hook that has not ended in its time is not waited for."""
        if record.stop_at is not None and now >= record.stop_at:
            record.stop_at = None
            self._tell_cut_hook(record, effects)
            effects.append(StopContainer(record.key(self.uid), self._at_least(0.0)))

    def _tell_cut_hook(self, record: ContainerRecord, effects: list[Effect]) -> None:
        """A command that ends with its container has failed."""
        lifecycle = record.spec.lifecycle
        if lifecycle is not None and lifecycle.pre_stop is not None and lifecycle.pre_stop.exec:
            effects.append(warning(record, "FailedPreStopHook", "PreStopHook failed"))


def _has_run(record: ContainerRecord) -> bool:
    """Whether there is a trace of a run."""
    return record.state.waiting is None or record.last_state is not None
