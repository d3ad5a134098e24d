"""How a kubelet does what the workers of its pods want: by their runtimes, by timers, by events."""

from orchestrator.kubelet.managed_pods import ManagedPod
from orchestrator.kubelet.pod_events import (
    Effect,
    FinishPod,
    MountVolumes,
    PodChanged,
    PodRejected,
    PodVanished,
    RecordEvent,
    ReportStatus,
    ResizeContainer,
    RunHook,
    RunProbe,
    StartContainer,
    StopContainer,
    TimeCame,
    VolumesMounted,
    WakeAt,
)
from orchestrator.kubelet.pod_reports import PodReports
from orchestrator.kubelet.runtimes.interface import (
    HookEnded,
    Resizable,
)
from orchestrator.kubelet.starting import ContainerStarts


class PodEffects(PodReports):
    """Performs effects."""

    def _apply(
        self, managed: ManagedPod, event: PodChanged | PodRejected | PodVanished | VolumesMounted
    ) -> None:
        self._perform(managed, managed.worker.handle(event, self.ctx.clock.now()))

    def _wake(self, uid: str) -> None:
        managed = self._pods.get(uid)
        if managed is not None:
            self._perform(managed, managed.worker.handle(TimeCame(), self.ctx.clock.now()))

    def _perform(self, managed: ManagedPod, effects: list[Effect]) -> None:
        worker = managed.worker
        for effect in effects:
            kind = type(effect)
            if kind is ReportStatus:
                self._dirty[worker.uid] = None
            elif kind is RecordEvent:
                if self._record_events:  # spares the call for each of many
                    self._say(worker.pod, effect)  # type: ignore[arg-type]
            elif kind is StartContainer:
                self._starts_of(worker.uid).start(worker, managed.ips, effect)  # type: ignore[arg-type]
            elif kind is StopContainer:
                self._runtimes.of(worker.uid).stop(effect.key, effect.grace_seconds)  # type: ignore[union-attr]
            elif kind is WakeAt:
                if managed.wake is not None:
                    managed.wake.cancel()
                delay = max(0.0, effect.at - self.ctx.clock.now())  # type: ignore[union-attr]
                managed.wake = self.ctx.call_after(delay, self._wake, worker.uid)
            elif kind is FinishPod:
                self._finish(managed, effect)  # type: ignore[arg-type]
            else:
                self._perform_rare(managed, effect)  # type: ignore[arg-type]

    def _starts_of(self, uid: str) -> ContainerStarts:
        """What starts a pod's containers: that of its runtime."""
        runtime = self._runtimes.of(uid)
        if runtime is self._runtimes.own:
            return self._starts
        known = self._starts_of_others.get(id(runtime))
        if known is None:
            known = self._starts_of_others[id(runtime)] = self._starts_by(runtime)
        return known

    def _perform_rare(
        self, managed: ManagedPod, effect: RunProbe | RunHook | MountVolumes | ResizeContainer
    ) -> None:
        pod = managed.worker.pod
        runtime = self._runtimes.of(pod.metadata.uid)
        if isinstance(effect, RunProbe):
            runtime.probe(pod, effect.container, effect.key, effect.kind, effect.probe)
        elif isinstance(effect, ResizeContainer):
            if isinstance(runtime, Resizable):
                runtime.resize(pod, effect.container, effect.key)
        elif isinstance(effect, RunHook):
            sleep = effect.handler.sleep
            if sleep is None:
                runtime.run_hook(
                    pod, effect.container, effect.key, effect.handler, effect.before_stop
                )
            else:
                ended = HookEnded(effect.key, effect.before_stop, False)
                self.ctx.call_after(sleep.seconds, self.on_container_event, ended)
        else:
            self._mount(managed)

    def _mount(self, managed: ManagedPod) -> None:
        pod = managed.worker.pod

        def then(event: VolumesMounted) -> None:
            if self._pods.get(pod.metadata.uid) is managed:
                self._in_use.use(pod.metadata.uid, event.attachable)
                self._apply(managed, event)

        self._mounts.look(pod, then)

    def _recall_volumes(self, managed: ManagedPod) -> None:
        """Find out which volumes a pod uses that runs already."""
        uid = managed.worker.uid

        def then(event: VolumesMounted) -> None:
            if self._pods.get(uid) is managed and not managed.released:
                self._in_use.use(uid, event.attachable)

        self._mounts.look(managed.worker.pod, then)
