"""The kubelet: registers its node, keeps its lease, and runs the pods that are bound to it.

A thin shell, in layers: what it has (`managed_pods.py`), how it tells of its pods (`pod_reports.py`), does what
their workers want (`pod_effects.py`) and begins with them (`pod_adoption.py`). Here is what it hears: changes of
pods and of its node, and requests, which become events of `PodWorker`s.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actors import Request
from orchestrator.api.core.v1 import Node, Pod, PodStatus
from orchestrator.api.scalars import Quantity
from orchestrator.client import Change, EventRecorder
from orchestrator.kubelet.conversations import Conversations
from orchestrator.kubelet.eviction import EVICTED, thresholds_of
from orchestrator.kubelet.image_collection import ImageCollector
from orchestrator.kubelet.lookups import Lookups
from orchestrator.kubelet.machine_facts import facts_of, stalls_of, told_images
from orchestrator.kubelet.mirrors import StaticPods
from orchestrator.kubelet.mounts import Mounts
from orchestrator.kubelet.node_admission import NodeAdmission
from orchestrator.kubelet.node_events import NodeEvents
from orchestrator.kubelet.node_registration import NodeRegistration
from orchestrator.kubelet.node_spec import node_object
from orchestrator.kubelet.pod_adoption import PodAdoption
from orchestrator.kubelet.pod_events import (
    PodChanged,
    PodRejected,
    PodVanished,
    RecordEvent,
)
from orchestrator.kubelet.pod_status import is_overwritten
from orchestrator.kubelet.pod_writes import PodWrites
from orchestrator.kubelet.pressure import Pressure
from orchestrator.kubelet.runtime_classes import RuntimeClasses
from orchestrator.kubelet.runtimes.interface import ContainerStarted, Weighed
from orchestrator.kubelet.shutdown import (
    MESSAGE,
    NOT_READY,
    REASON,
    ShutDown,
    Shutdown,
)
from orchestrator.kubelet.starting import ContainerStarts
from orchestrator.kubelet.volumes_in_use import VolumesInUse
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.quantities import value
from orchestrator.machinery.times import format_time
from orchestrator.protocol import (
    ContainerUsage,
    DisksOfPods,
    DiskUsage,
    NodeUse,
    UsageOfPods,
    UseOfNode,
    kubelets_group,
)
from orchestrator.sessions import AttachTo, Execute, OpenPort, ReadLog


class ListPods(Request[tuple[Pod, ...]], frozen=True, gc=False):
    """Answer the pods that this kubelet runs, as it sees them."""


class FallSilent(Request[None], frozen=True, gc=False):
    """The node is about to fail. If its renewals are computed, write the last one, then answer."""


class Kubelet(PodAdoption):
    """The node agent of `spec`; `runtimes` and `network` belong to the machine and outlive this actor.

    Without a `network` pods get addresses of `spec.pod_cidr` that exist nowhere.

    `record_events` turns the pods' events (Pulled, Created, Started, Killing, BackOff) on. With
    `computed_heartbeats` the renewals of its lease are computed, not written, and its status, which
    does not change, is not reported again and again; whoever fails the node tells it `FallSilent`.
    """

    # --- the node --------------------------------------------------------------------------

    def started(self) -> None:
        """Find out what the machine is, make the parts, and register the node."""
        self.ctx.join(kubelets_group(self._spec.name))
        runtime = self._runtimes.own
        facts = facts_of(runtime)
        node = node_object(
            self._spec,
            runtime_name=runtime.name,
            machine_id=self.ctx.uid(),
            facts=facts,
            images=told_images(self._storage.images()),
        )
        offers = node.status.allocatable if node.status is not None else {}
        self._admission = NodeAdmission(node)
        self._events = EventRecorder(
            self.ctx,
            self.api,
            "kubelet",
            host=self._spec.name,
            enabled=self._record_events,
            identity=self.identity,
        )
        self._writes = PodWrites(self.ctx, self.api, self.identity)
        self._equip(offers)
        self._registration = NodeRegistration(
            self.ctx,
            self.api,
            self.identity,
            node,
            computed_heartbeats=self._computed_heartbeats,
            registered=self._registered,
            before_report=self._ask_for_everything,
        )
        self._in_use = VolumesInUse(self.ctx, self._registration.report_status)
        self._registration.in_use = self._in_use.told
        self._registration.register()
        self._watch_disk(offers)
        counts = {"pids": str(facts.most_processes), "inodes": str(facts.most_files)}
        self._watch_pressure({**offers, **counts})
        self._most_files = facts.most_files
        self._registration.images = lambda: told_images(self._storage.images())
        self._registration.pressed = lambda: self._pressure.conditions

    def _equip(self, allocatable: Mapping[str, Quantity]) -> None:
        """Make what starts containers and talks with them."""
        lookups = Lookups(self.ctx, self.api, self.identity)
        self._mounts = Mounts(lookups, self._spec.name, self._runtimes)
        self._conversations = Conversations(
            self.ctx,
            self._runtimes,
            lookups,
            self._spec,
            allocatable,
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
            say=self._say_if_wanted,
        )
        self._starts = self._starts_by(self._runtimes.own)
        self._classes = RuntimeClasses(
            self.ctx,
            self.api,
            self.identity,
            self._runtimes,
            begin=self._adopt_latest,
            say=self._say_if_wanted,
        )

    def _watch_disk(self, offers: Mapping[str, Quantity]) -> None:
        """Collect the images that nobody uses."""

        def tell(reason: str, message: str) -> None:
            if self._told is not None:
                self._told.warn(reason, message)

        self._images = ImageCollector(
            self.ctx,
            self._storage,
            self._spec.image_policy,
            value(str(offers.get("ephemeral-storage", "0"))),
            used=lambda: self._storage.used_bytes(self._running()),
            tell=tell,
            removed=self._registration.report_status,
        )
        self._images.begin()

    def _watch_pressure(self, offers: Mapping[str, Quantity]) -> None:
        """Look after what the node has, if it has thresholds; one with limits of pods begins with the first."""
        spec = self._spec
        grace = spec.eviction_soft_grace_period
        thresholds = thresholds_of(
            spec.eviction_hard, offers, spec.eviction_soft, grace, spec.eviction_minimum_reclaim
        )
        self._pressure = Pressure(
            self.ctx,
            self._runtimes,
            self._storage,
            thresholds,
            pods=self._running,
            evict=self._evict,
            reclaiming=self._reclaiming,
            free_images=self._images.free_unused,
            most_grace_seconds=spec.eviction_max_pod_grace_period,
            hold_seconds=spec.eviction_pressure_transition_period,
            changed=self._pressed,
        )
        if thresholds:
            self._pressure.begin()

    def _reclaiming(self, resource: str) -> None:
        if self._told is not None:
            self._told.reclaiming(resource)

    def _pressed(self) -> None:
        self._registration.report_status()
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
        self._registration.report_status()
        if self._told is not None:
            self._told.ready(well=False)
        return Shutdown(self.ctx, message, pods=self._unended, end=self._end_for_shutdown).begin()

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
        if pod.status is not managed.reported and managed.reported is not None:
            if _was_marked(pod.status, managed.reported):
                self._report(managed, self.ctx.clock.now(), whatever_was_reported=True)
            elif pod.status is None or is_overwritten(pod.status, managed.reported):
                self._insist_later(pod.metadata.uid)

    def _evict(self, pod: Pod, message: str, grace_seconds: float) -> None:
        """Give a pod up for the node's sake: it fails."""
        managed = self._pods[pod.metadata.uid]
        self._say(pod, RecordEvent("Warning", EVICTED, message))
        self._apply(managed, PodRejected(EVICTED, message, grace_seconds, "TerminationByKubelet"))

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

    def on_disks_of_pods(self, message: DisksOfPods) -> Mapping[str, DiskUsage]:
        """What some pods keep on the node's disk, where their runtime weighs it."""
        found: dict[str, DiskUsage] = {}
        for uid in message.uids:
            managed = self._pods.get(uid)
            if managed is not None and isinstance(self._runtimes.of(uid), Weighed):
                found[uid] = self._storage.of(managed.worker.pod)
        return found

    def on_use_of_node(self, message: UseOfNode) -> NodeUse:
        """What the node uses beside what its pods do."""
        stalls = stalls_of(self._runtimes.own)
        return NodeUse(self._storage.image_bytes(), self._most_files, stalls)

    # --- effects ---------------------------------------------------------------------------


def _was_marked(status: PodStatus | None, reported: PodStatus) -> bool:
    """Whether somebody else took the pod's readiness away: this node was silent, and is not."""
    return (
        status is not None
        and is_true(reported.conditions, "Ready")
        and not is_true(status.conditions, "Ready")
    )
