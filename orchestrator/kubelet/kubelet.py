"""The kubelet: registers its node, keeps its lease, and runs the pods that are bound to it.

A thin shell. It turns watch changes and container reports into events of `PodWorker`s and performs
the effects that they answer. Statuses are written once for all that happened in one slice of
messages, in `drained()`; a write that fails is made again from what is true by then.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from actors import Request, Timer
from orchestrator.api.core.v1 import Node, Pod, PodStatus
from orchestrator.client import Change, EventRecorder, Reflector, Watcher
from orchestrator.kubelet.conversations import Conversations
from orchestrator.kubelet.cpu_time import CpuTime
from orchestrator.kubelet.eviction import EVICTED, thresholds_of
from orchestrator.kubelet.happenings import resize_pending
from orchestrator.kubelet.lookups import Lookups
from orchestrator.kubelet.machine_facts import facts_of, images_of
from orchestrator.kubelet.mirrors import StaticPods
from orchestrator.kubelet.mounts import Mounts
from orchestrator.kubelet.networks.interface import NetworkFault, PodNetwork
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from orchestrator.kubelet.node_admission import NodeAdmission
from orchestrator.kubelet.node_events import NodeEvents
from orchestrator.kubelet.node_registration import NodeRegistration
from orchestrator.kubelet.node_spec import NodeSpec, node_object
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
from orchestrator.kubelet.pod_status import status_of
from orchestrator.kubelet.pod_traits import TRAITS
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.pod_writes import PodWrites
from orchestrator.kubelet.pressure import Pressure
from orchestrator.kubelet.runtime_classes import RuntimeClasses
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerProbed,
    ContainerStarted,
    HookEnded,
    ImagePulling,
    ProbeAnswered,
    Resizable,
    RuntimeEvent,
)
from orchestrator.kubelet.shutdown import (
    MESSAGE,
    NOT_ADMITTED,
    NOT_ADMITTED_MESSAGE,
    NOT_READY,
    REASON,
    ShutDown,
    Shutdown,
)
from orchestrator.kubelet.starting import ContainerStarts
from orchestrator.kubelet.static_pods import MIRROR
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.resources import qos_class
from orchestrator.machinery.times import format_time
from orchestrator.protocol import (
    AUTHENTICATED,
    ApiRef,
    ContainerUsage,
    Deleted,
    Identity,
    NotFound,
    UsageOfPods,
    kubelets_group,
)
from orchestrator.sessions import AttachTo, Execute, OpenPort, ReadLog

RETRY_SECONDS: Final = 1.0  # after a write that failed


class ListPods(Request[tuple[Pod, ...]], frozen=True, gc=False):
    """Answer the pods that this kubelet runs, as it sees them."""


class FallSilent(Request[None], frozen=True, gc=False):
    """The node is about to fail. If its renewals are computed, write the last one, then answer."""


class _Managed(Struct, gc=False, eq=False):
    """A pod worker with what the shell keeps for it."""

    worker: PodWorker
    ips: tuple[str, ...] = ()
    reported: PodStatus | None = None
    done: FinishPod | None = None
    released: bool = False
    wake: Timer | None = None


class Kubelet(Watcher):
    """The node agent of `spec`; `runtimes` and `network` belong to the machine and outlive this actor.

    Without a `network` pods get addresses of `spec.pod_cidr` that exist nowhere.

    `record_events` turns the pods' events (Pulled, Created, Started, Killing, BackOff) on. With
    `computed_heartbeats` the renewals of its lease are computed, not written, and its status, which
    does not change, is not reported again and again; whoever fails the node tells it `FallSilent`.
    """

    def __init__(
        self,
        api: ApiRef,
        spec: NodeSpec,
        runtimes: NodeRuntimes,
        network: PodNetwork | None = None,
        *,
        record_events: bool = True,
        computed_heartbeats: bool = False,
    ) -> None:
        super().__init__(api, Identity(f"system:node:{spec.name}", ("system:nodes", AUTHENTICATED)))
        self._spec = spec
        self._runtimes = runtimes
        self._record_events = record_events
        self._computed_heartbeats = computed_heartbeats
        self._pods: dict[str, _Managed] = {}  # by uid
        self._dirty: dict[str, None] = {}
        self._deferred: dict[str, None] = {}  # pods whose resize waits for room
        self._network = network or SimulatedNetwork(spec.address, spec.pod_cidr)
        self._unlisted: list[Pod] = []  # new pods of the first list
        self._cpu_time = CpuTime()
        self._admission: NodeAdmission
        self._registration: NodeRegistration
        self._known: Reflector[Pod]
        self._static: StaticPods | None = None
        self._told: NodeEvents | None = None
        self._pressure: Pressure

    # --- the node --------------------------------------------------------------------------

    def started(self) -> None:
        self.ctx.join(kubelets_group(self._spec.name))
        runtime = self._runtimes.own
        facts = facts_of(runtime)
        node = node_object(
            self._spec,
            runtime_name=runtime.name,
            machine_id=self.ctx.uid(),
            facts=facts,
            images=images_of(runtime),
        )
        self._admission = NodeAdmission(node)
        self._events = EventRecorder(
            self.ctx,
            self.api,
            "kubelet",
            host=self._spec.name,
            enabled=self._record_events,
            identity=self.identity,
        )
        lookups = Lookups(self.ctx, self.api, self.identity)
        self._mounts = Mounts(lookups, self._spec.name, self._runtimes)
        self._writes = PodWrites(self.ctx, self.api, self.identity)
        self._conversations = Conversations(
            self.ctx,
            self.api,
            self.identity,
            self._runtimes,
            lookups.find,
            self._spec,
            node.status.allocatable if node.status is not None else {},
        )
        self._starts_by = partial(
            ContainerStarts,
            self.ctx,
            network=self._network,
            address=self._spec.address,
            lookups=lookups,
            conversations=self._conversations,
            lives=self._lives,
            pod_of=self._pod_of,
            report=self.on_container_event,
        )
        self._starts = self._starts_by(runtime)
        self._starts_of_others: dict[int, ContainerStarts] = {}  # by the runtime's identity
        self._classes = RuntimeClasses(
            self.ctx,
            self.api,
            self.identity,
            self._runtimes,
            begin=self._adopt_latest,
            say=self._say_if_wanted,
        )
        self._registration = NodeRegistration(
            self.ctx,
            self.api,
            self.identity,
            node,
            computed_heartbeats=self._computed_heartbeats,
            registered=self._registered,
            before_report=self._ask_for_everything,
        )
        self._registration.register()
        offers = node.status.allocatable if node.status is not None else {}
        spec = self._spec
        grace = spec.eviction_soft_grace_period
        offers = {**offers, "pids": str(facts.most_processes)}
        thresholds = thresholds_of(spec.eviction_hard, offers, spec.eviction_soft, grace)
        self._pressure = Pressure(
            self.ctx,
            self._runtimes,
            thresholds,
            pods=self._running,
            evict=self._evict,
            reclaiming=self._reclaiming,
            most_grace_seconds=spec.eviction_max_pod_grace_period,
            changed=self._pressed,
        )
        self._registration.images = lambda: images_of(runtime)
        self._registration.pressed = lambda: self._pressure.conditions
        if thresholds:
            self._pressure.begin()

    def _reclaiming(self, resource: str) -> None:
        if self._told is not None:
            self._told.reclaiming(resource)

    def _pressed(self) -> None:
        self._registration.report_conditions()
        if self._told is not None:
            self._told.pressed(self._pressure.conditions)

    def _registered(self, node: Node) -> None:
        self._admission = NodeAdmission(node)
        if self._record_events:
            self._told = NodeEvents(self._events, node)
            self._told.began()
        if place := self._spec.static_pod_path:
            place = place.replace("{node}", self._spec.name)
            self._static = StaticPods(self.ctx, self._writes, Path(place), node, self)
        self._known = self.reflect(
            Pod,
            field_selector=f"spec.nodeName={self._spec.name}",
            on_change=self._on_pod,
            on_synced=self._on_synced,
        )

    def on_fall_silent(self, message: FallSilent) -> Any:
        """Write when the lease was renewed last, if that is only computed."""
        return self._registration.fall_silent()

    def on_shut_down(self, message: ShutDown) -> Any:
        """End the node's pods before it is switched off."""
        self._registration.not_ready = NOT_READY
        self._registration.report_conditions()
        if self._told is not None:
            self._told.ready(well=False)
        return Shutdown(self.ctx, message, pods=self._unended, end=self._end_for_shutdown).begin()

    def _unended(self) -> list[Pod]:
        workers = (managed.worker for managed in self._pods.values())
        return [w.pod for w in workers if not w.finished and not w.terminal]

    def _end_for_shutdown(self, pod: Pod, grace_seconds: float) -> None:
        ended = PodRejected(REASON, MESSAGE, grace_seconds, "TerminationByKubelet")
        self._apply(self._pods[pod.metadata.uid], ended)

    def _ask_for_everything(self) -> None:
        """Hear of each container from the runtime: a report may have been lost."""
        for event in list(self._runtimes.containers()):
            self.on_container_event(event)

    # --- pods ------------------------------------------------------------------------------

    def _on_pod(self, change: Change[Pod]) -> None:
        if self._static is not None and self._static.took(change):
            return
        pod = change.new
        if pod is None:
            assert change.old is not None
            managed = self._pods.get(change.old.metadata.uid)
            if managed is not None:
                if managed.done is not None:
                    self._forget(managed)
                else:
                    self._apply(managed, PodVanished())
            return
        if change.old is not None and change.old.metadata.uid != pod.metadata.uid:
            self._on_pod(Change(old=change.old, new=None))
        managed = self._pods.get(pod.metadata.uid)
        if managed is None:
            if self._known.synced or (pod.status is not None and pod.status.pod_ip):
                self._adopt(pod)
            else:  # those that have addresses come first, so that theirs are not given away
                self._unlisted.append(pod)
            return
        known = managed.worker.pod
        # Most changes are the echo of a status that this kubelet wrote.
        if (
            pod.spec is not known.spec
            or pod.metadata.deletion_timestamp != known.metadata.deletion_timestamp
            or pod.metadata.generation != known.metadata.generation
            or (pod.spec is not None and pod.spec.readiness_gates)
        ):
            if pod.spec is not known.spec:
                self._resize(managed, pod)
            self._apply(managed, PodChanged(pod))
            managed.worker.pod = pod  # one that has finished does not look at it any more
            self._dirty[pod.metadata.uid] = None
            return
        managed.worker.pod = pod
        if pod.status is not managed.reported and _was_marked(pod.status, managed.reported):
            managed.reported = None
            self._dirty[pod.metadata.uid] = None

    def _resize(self, managed: _Managed, pod: Pod) -> None:
        """See whether the node has what the pod's containers ask for by now."""
        worker = managed.worker
        before, worker.resize_pending = worker.resize_pending, self._admission.resize(pod)
        pending = worker.resize_pending
        self._deferred.pop(worker.uid, None)
        if pending is not None:
            if pending[0] == "Deferred":
                self._deferred[worker.uid] = None
            if pending != before:
                self._say(pod, resize_pending(pod, *pending))

    def _resize_deferred(self) -> None:
        """Something has become free: those may get it that wait for more."""
        for uid in list(self._deferred):
            managed = self._pods.get(uid)
            if managed is not None:
                pod = managed.worker.pod
                self._resize(managed, pod)
                if managed.worker.resize_pending is None:
                    self._perform(managed, managed.worker.resize(self.ctx.clock.now()))
            else:
                del self._deferred[uid]

    def _adopt(self, pod: Pod, *, looked: bool = False) -> None:
        """Begin with a pod: a new one, or one that this node ran before the kubelet restarted.

        `looked`: the node's labels were just read.
        """
        now = self.ctx.clock.now()
        metadata, status = pod.metadata, pod.status or PodStatus()
        if MIRROR in metadata.annotations:  # of a pod that this node does not have any more
            self._writes.delete(pod, _ignore, _ignore)
            return
        if pod.spec is not None and pod.spec.runtime_class_name and self._classes.waits(pod):
            return
        managed = self._pods[metadata.uid] = _Managed(PodWorker(pod, now))
        if status.phase in ("Succeeded", "Failed"):
            managed.worker.finished = managed.released = True
            managed.ips = tuple(ip.ip for ip in status.pod_ips)
            self._network.leave(metadata.uid)
            if metadata.deletion_timestamp is not None:
                self._finish(managed, FinishPod(delete=True))
            return
        if status.container_statuses or status.init_container_statuses:
            if not self._join(managed):
                return
            managed.reported = status
            self._admission.add(pod)
            # What the runtime knows counts more than what was reported last.
            self._perform(managed, managed.worker.restore(self._reports_of(metadata.uid), now))
            self._starts_of(metadata.uid).take_up(managed.worker)
            return
        rejection = None
        if metadata.deletion_timestamp is None:
            if self._registration.not_ready:
                self._reject(managed, NOT_ADMITTED, NOT_ADMITTED_MESSAGE)
                return
            rejection = self._under_pressure(pod) or self._admission.reject(pod)
        if rejection is not None:
            if rejection[0] != EVICTED and not looked:
                del self._pods[metadata.uid]
                self._look_at_node(pod)
            else:
                self._reject(managed, *rejection)
            return
        if self._join(managed):
            self._admission.add(pod)
            if pod.spec is not None and TRAITS(pod.spec).limited:
                self._pressure.begin()
            self._apply(managed, PodChanged(pod))

    def _join(self, managed: _Managed) -> bool:
        """Give the pod its address. Where that takes time, it is begun with anew when it is there; if the machine
        refuses, after a while.
        """
        pod = managed.worker.pod
        preparing = self._network.prepare(pod)
        if preparing is not None and self._latest(pod) is not None:  # a static pod is waited for
            del self._pods[pod.metadata.uid]
            self.ctx.task(self._adopt_prepared(pod, preparing), "network")
            return False
        try:
            address = self._network.join(pod).address
        except NetworkFault as fault:
            said = f"Failed to create pod sandbox: rpc error: code = Unknown desc = {fault}"
            if self._record_events:
                self._events.event(pod, "Warning", "FailedCreatePodSandBox", said)
            del self._pods[pod.metadata.uid]
            self.ctx.call_after(RETRY_SECONDS, self._adopt_latest, pod)
            return False
        managed.ips = (address,) if address else ()
        return True

    async def _adopt_prepared(self, pod: Pod, preparing: Future[Any]) -> None:
        with suppress(NetworkFault):  # joining says so, too
            # What is cut off with this actor is the waiting: the next one finds what is prepared.
            await asyncio.shield(asyncio.wrap_future(preparing))
        self._adopt_latest(pod)
        if pod.metadata.uid not in self._pods:
            self._network.leave(pod.metadata.uid)

    def _reject(self, managed: _Managed, reason: str, message: str) -> None:
        if self._record_events:
            self._events.event(managed.worker.pod, "Warning", reason, message)
        self._apply(managed, PodRejected(reason, f"Pod was rejected: {message}"))

    def _look_at_node(self, pod: Pod) -> None:
        """Read the node, whose labels or resources may have changed, before a pod is rejected for them."""

        def then(node: Node | None) -> None:
            if node is not None:
                self._admission.renew(node)
            self._adopt_latest(pod, looked=True)

        self._registration.read(then, lambda _: then(None))

    def _pod_of(self, uid: str) -> Pod | None:
        managed = self._pods.get(uid)
        return managed.worker.pod if managed is not None else None

    def _adopt_latest(self, pod: Pod, *, looked: bool = False) -> None:
        """Begin with the pod as it is now, if it is still there."""
        latest = self._latest(pod)
        if latest is not None and pod.metadata.uid not in self._pods:
            self._adopt(latest, looked=looked)

    def _latest(self, pod: Pod) -> Pod | None:
        metadata = pod.metadata
        latest = self._known.cache.get(metadata.namespace, metadata.name)
        return latest if latest is not None and latest.metadata.uid == metadata.uid else None

    def _running(self) -> list[Pod]:
        workers = (managed.worker for managed in self._pods.values())
        return [w.pod for w in workers if w.failure is None and not w.finished and not w.terminal]

    def _evict(self, pod: Pod, message: str, grace_seconds: float) -> None:
        """Give a pod up for the node's sake: it fails."""
        managed = self._pods[pod.metadata.uid]
        self._say(pod, RecordEvent("Warning", EVICTED, message))
        self._apply(managed, PodRejected(EVICTED, message, grace_seconds, "TerminationByKubelet"))

    def _under_pressure(self, pod: Pod) -> tuple[str, str] | None:
        """A node that runs short takes no pod that asks for nothing, nor any where its disk is full."""
        pressed = self._pressure.conditions
        memory_only = pressed == {"MemoryPressure"}
        if not pressed or (memory_only and qos_class(pod) != "BestEffort"):
            return None
        return EVICTED, f"The node had condition: [{' '.join(sorted(pressed))}]. "

    def _reports_of(self, uid: str) -> list[RuntimeEvent]:
        return [event for event in self._runtimes.containers() if event.key.pod_uid == uid]

    def _on_synced(self) -> None:
        """What is left of pods that the API server does not have any more is removed."""
        unlisted, self._unlisted = self._unlisted, []
        here = self._pods.keys() | {pod.metadata.uid for pod in unlisted}
        if self._static is not None:
            here |= self._static.read()
        for event in list(self._runtimes.containers()):
            if event.key.pod_uid not in here:
                self._runtimes.remove(event.key.pod_uid)
        for uid in self._network.joined():
            if uid not in here:
                self._network.leave(uid)
        for pod in unlisted:
            self._adopt(pod)
        if self._static is not None:
            self._static.begin()

    def on_container_event(
        self,
        message: ContainerStarted
        | ContainerExited
        | ContainerProbed
        | ImagePulling
        | ProbeAnswered
        | HookEnded,
    ) -> None:
        """What the runtime reports."""
        managed = self._pods.get(message.key.pod_uid)
        if managed is not None:
            self._perform(managed, managed.worker.handle(message, self.ctx.clock.now()))

    def on_list_pods(self, message: ListPods) -> tuple[Pod, ...]:
        """The pods that this node runs."""
        return tuple(managed.worker.pod for managed in self._pods.values())

    # --- static pods -----------------------------------------------------------------------

    def runs_static(self, uid: str) -> bool:
        """Whether something of a static pod is left on the node."""
        return uid in self._pods

    def begin_static(self, pod: Pod) -> None:
        """Run a static pod."""
        self._adopt(pod)

    def end_static(self, uid: str) -> None:
        """Stop a static pod in its grace period."""
        managed = self._pods[uid]
        pod = managed.worker.pod
        if pod.metadata.deletion_timestamp is None and not managed.worker.finished:
            grace = pod.spec.termination_grace_period_seconds if pod.spec is not None else None
            ending = replace(
                pod.metadata,
                deletion_timestamp=format_time(self.ctx.clock.now()),
                deletion_grace_period_seconds=grace,
            )
            self._apply(managed, PodChanged(replace(pod, metadata=ending)))
        elif managed.worker.finished:
            self._forget(managed)

    def show_static(self, uid: str, mirror: Pod) -> None:
        """The mirror of a static pod is there, or has changed."""
        managed = self._pods.get(uid)
        if managed is not None:
            managed.worker.pod = replace(managed.worker.pod, status=mirror.status)
            if mirror.status is not managed.reported and mirror.status != managed.reported:
                managed.reported = None
                self._dirty[uid] = None

    def on_session(self, message: ReadLog | Execute | AttachTo | OpenPort) -> Any:
        """A client wants to talk with a container."""
        uid = message.reach.pod_uid
        managed = self._pods.get(uid if self._static is None else self._static.uid_of(uid))
        return self._conversations.open(managed.worker if managed is not None else None, message)

    def on_usage_of_pods(self, message: UsageOfPods) -> Mapping[str, Mapping[str, ContainerUsage]]:
        """What the running containers of some pods use."""
        found: dict[str, dict[str, ContainerUsage]] = {uid: {} for uid in message.uids}
        now = self.ctx.clock.now()
        for event in self._runtimes.containers():
            of_pod = found.get(event.key.pod_uid)
            if of_pod is None or not isinstance(event, ContainerStarted):
                continue
            if (usage := self._runtimes.usage(event.key)) is not None:
                of_pod[event.key.name] = self._cpu_time.whole(event, usage, now)
        return found

    # --- effects ---------------------------------------------------------------------------

    def _apply(
        self, managed: _Managed, event: PodChanged | PodRejected | PodVanished | VolumesMounted
    ) -> None:
        self._perform(managed, managed.worker.handle(event, self.ctx.clock.now()))

    def _wake(self, uid: str) -> None:
        managed = self._pods.get(uid)
        if managed is not None:
            self._perform(managed, managed.worker.handle(TimeCame(), self.ctx.clock.now()))

    def _perform(self, managed: _Managed, effects: list[Effect]) -> None:
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

    def _say_if_wanted(self, pod: Pod, said: RecordEvent) -> None:
        if self._record_events:
            self._say(pod, said)

    def _say(self, pod: Pod, said: RecordEvent) -> None:
        self._events.event(pod, said.type, said.reason, said.message, said.field_path)

    def _perform_rare(
        self, managed: _Managed, effect: RunProbe | RunHook | MountVolumes | ResizeContainer
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

    def _lives(self, worker: PodWorker) -> bool:
        managed = self._pods.get(worker.uid)
        return managed is not None and managed.worker is worker and not worker.finished

    def _mount(self, managed: _Managed) -> None:
        pod = managed.worker.pod

        def then(event: VolumesMounted) -> None:
            if self._pods.get(pod.metadata.uid) is managed:
                self._apply(managed, event)

        self._mounts.look(pod, then)

    def drained(self) -> None:
        """Write the statuses that changed in this slice of messages."""
        if not self._dirty:
            return
        dirty, self._dirty = self._dirty, {}
        now = self.ctx.clock.now()
        for uid in dirty:
            managed = self._pods.get(uid)
            if managed is not None:
                self._report(managed, now)

    def _report(self, managed: _Managed, now: float) -> None:
        worker = managed.worker
        if managed.done is not None and not managed.done.delete:
            return
        shown: Pod | None = worker.pod
        if self._static is not None and self._static.is_static(worker.uid):
            shown = self._static.mirror_of(worker.uid)
        if shown is None:
            return  # until there is a mirror
        ips = managed.ips if worker.mounted else ()  # it gets its network after its volumes
        status = status_of(worker, node_ips=(self._spec.address,), pod_ips=ips, now=now)
        if status == managed.reported:
            return
        managed.reported = status
        if status.phase in ("Succeeded", "Failed"):
            self._release(managed)
        self._writes.report(shown, status, partial(self._report_failed, worker.uid))

    def _report_failed(self, uid: str, error: BaseException) -> None:
        managed = self._pods.get(uid)
        if managed is None or isinstance(error, NotFound):
            return  # the watch will tell that it is gone
        managed.reported = None
        self.ctx.call_after(RETRY_SECONDS, self._mark_dirty, uid)

    def _mark_dirty(self, uid: str) -> None:
        self._dirty[uid] = None

    def _finish(self, managed: _Managed, effect: FinishPod) -> None:
        managed.done = effect
        static = self._static is not None and self._static.is_static(managed.worker.uid)
        if static or not effect.delete:
            self._forget(managed)
            return
        worker = managed.worker
        self._report(managed, self.ctx.clock.now())
        self._dirty.pop(worker.uid, None)
        self._delete(worker.pod)

    def _delete(self, pod: Pod) -> None:
        self._writes.delete(pod, self._deleted, partial(self._delete_failed, pod))

    def _deleted(self, answer: Deleted) -> None:
        managed = self._pods.get(answer.object.metadata.uid)
        if managed is not None and answer.gone:
            self._forget(managed)

    def _delete_failed(self, pod: Pod, error: BaseException) -> None:
        managed = self._pods.get(pod.metadata.uid)
        if managed is None:
            return
        if isinstance(error, NotFound):
            self._forget(managed)
        else:
            self.ctx.call_after(RETRY_SECONDS, self._delete, pod)

    def _forget(self, managed: _Managed) -> None:
        worker = managed.worker
        if self._pods.pop(worker.uid, None) is None:
            return
        if managed.wake is not None:
            managed.wake.cancel()
        self._runtimes.remove(worker.uid)
        self._cpu_time.forget(worker.uid)
        for starts in (self._starts, *self._starts_of_others.values()):
            starts.forget(worker.uid)
        self._release(managed)

    def _release(self, managed: _Managed) -> None:
        """What a pod held is free as soon as no container of it will run again."""
        if managed.released:
            return
        managed.released = True
        pod = managed.worker.pod
        self._admission.remove(pod)
        if self._deferred:
            self._resize_deferred()
        self._network.leave(pod.metadata.uid)


def _ignore(_: object) -> None:
    """The watch tells what has become of it."""


def _was_marked(status: PodStatus | None, reported: PodStatus | None) -> bool:
    """Whether somebody else took the pod's readiness away: this node was silent, and is not."""
    return (
        status is not None
        and reported is not None
        and is_true(reported.conditions, "Ready")
        and not is_true(status.conditions, "Ready")
    )
