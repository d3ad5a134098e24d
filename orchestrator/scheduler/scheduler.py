"""The scheduler: assigns each pending pod to a node, through the API server.

A thin shell. The watch keeps the queue and the snapshot up to date; at the end of a slice of
messages a batch of pods is placed and their bindings are sent, many in flight. A placed pod is
counted on its node at once ("assumed"), and taken off again if its binding fails.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from msgspec import Struct

from actors import Request, Timer
from orchestrator.api.core.v1 import Namespace, Node, Pod
from orchestrator.api.scheduling.v1alpha2 import POD_GROUPS, PodGroup
from orchestrator.client import Change, EventSeriesRecorder, Reflector, Watcher
from orchestrator.machinery.errors import MachineryError
from orchestrator.protocol import (
    ADMIN,
    ApiRef,
    Identity,
)
from orchestrator.scheduler.backoff import QueuedPod
from orchestrator.scheduler.changes import (
    EVENTS_OF_KINDS,
    closes,
    follow_devices,
    has_ended,
    has_node,
    labels_of_namespace,
    matters,
    node_events,
    own_events,
    promised_to,
    watching,
)
from orchestrator.scheduler.configuration import (
    DEFAULT_CONFIGURATION,
    SchedulerConfiguration,
)
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.event_timing import Handler, timed
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.extenders import Extender
from orchestrator.scheduler.group_scheduling import GroupScheduling
from orchestrator.scheduler.metrics import Attempt, Family, Measurements
from orchestrator.scheduler.nominations import Nominations, priority_of
from orchestrator.scheduler.outcomes import Outcomes
from orchestrator.scheduler.plugins.scheduling_gates import SchedulingGates
from orchestrator.scheduler.pod_groups import (
    INDEX,
    group_of,
    keys_of,
)
from orchestrator.scheduler.profile import helped_by, hints
from orchestrator.scheduler.queue import SchedulingQueue
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.reports import FIELD_MANAGER, Reports
from orchestrator.scheduler.rotation import Rotation
from orchestrator.scheduler.snapshot import Snapshot
from orchestrator.scheduler.state import SchedulerState
from orchestrator.scheduler.stopwatch import Stopwatch

HOST: Final = "control-plane"  # where events say that the scheduler runs
BATCH: Final = 128  # pods placed in one turn, before other actors have theirs


class SchedulerStatistics(Struct, frozen=True):
    """What the scheduler has done since it started, and what waits."""

    attempts: int
    scheduled: int
    unschedulable: int
    errors: int
    binding: int
    queue: dict[str, int]


class GetSchedulerStatistics(Request[SchedulerStatistics], frozen=True, gc=False):
    """Answer the scheduler's statistics."""


class GetSchedulerMetrics(Request[tuple[Family, ...]], frozen=True, gc=False):
    """Answer what the scheduler has counted of itself; in virtual time it counts nothing."""


class _Continue(Struct, frozen=True):
    """Pods are left over from the last batch."""


class Scheduler(Watcher):
    """kube-scheduler."""

    def __init__(
        self,
        api: ApiRef,
        configuration: SchedulerConfiguration = DEFAULT_CONFIGURATION,
        *,
        identity: Identity = ADMIN,
        record_events: bool = True,
        pod_groups: bool = False,
    ) -> None:
        super().__init__(api, identity)
        self._pod_groups = pod_groups  # whether pods may belong to a group
        self._record_events = record_events
        self._nodes = Snapshot()
        self._nominations = Nominations()
        rotation = Rotation(self._nodes)
        self._profiles = {
            profile.scheduler_name: Cycle(profile, self._nodes, self._nominations, rotation)
            for profile in configuration.profiles
        }
        self._queue = SchedulingQueue(
            helped_by(configuration.profiles),
            hints=hints(configuration.profiles, self._nodes),
            gate=self._gate,
            initial_backoff=configuration.initial_backoff_seconds,
            max_backoff=configuration.max_backoff_seconds,
            sort_key=next(iter(self._profiles.values())).sort_key,
        )
        self._to_ask: set[str] = set()  # uids of the pods of which a plugin could not say whether
        self._ask_again_seconds = configuration.max_backoff_seconds
        self._extenders = configuration.extenders
        self._alone = False  # whether extenders are being asked about a pod
        self._timer: Timer | None = None
        self._continuing = False
        self._state = SchedulerState(self._nodes, self._nominations, self._queue)

    def started(self) -> None:
        self._reports = {
            name: Reports(self.ctx, self.api, self._recorder(name), self.identity)
            for name in self._profiles
        }
        self._nodes.now, self._nodes.new_uid = self.ctx.clock.now, self.ctx.uid
        if not self.ctx.clock.virtual:
            self.measure()
        self._unsynced: set[str] = set()
        reflector = self.reflect(
            Node, on_change=self._timed(self._on_node), on_synced=self._awaited("nodes")
        )
        self._node_objects = reflector.cache
        self._pods = self.reflect(
            Pod,
            on_change=self._timed(self._on_pod),
            on_synced=self._awaited("pods"),
            **watching(Pod),
        )
        self._nodes.objects[Pod] = self._pods.cache
        self._outcomes = Outcomes(
            self.ctx,
            self.api,
            self.identity,
            self._state,
            pods=self._pods.cache,
            reports=self._reports,
            extenders=self._extenders,
            happened=self._happened,
            tells=self._record_events,
        )
        self._groups = GroupScheduling(
            self.ctx,
            self._state,
            self._outcomes,
            cycles=self._profiles,
            reports=self._reports,
            begin=self._begin,
        )
        kinds = (kind for cycle in self._profiles.values() for kind in cycle.profile.watches())
        for kind in dict.fromkeys(kinds):
            self._watch_objects(kind)
        if self._pod_groups:
            self._pods.cache.add_index(INDEX, keys_of)
            self._watch_objects(PodGroup)

    def _recorder(self, name: str) -> EventSeriesRecorder:
        return EventSeriesRecorder(
            self.ctx,
            self.api,
            name,
            host=HOST,
            enabled=self._record_events,
            identity=self.identity,
            field_manager=FIELD_MANAGER,
        )

    def _awaited(self, what: str) -> Callable[[], None]:
        self._unsynced.add(what)
        return partial(self._unsynced.discard, what)

    def _watch_objects(self, kind: type) -> None:
        """Keep the objects of a kind at hand for plugins."""
        reflector: Reflector[Any] = self.reflect(
            POD_GROUPS if kind is PodGroup else kind,
            on_change=self._timed(partial(self._on_object, kind)),
            on_synced=self._awaited(kind.__name__),
            **watching(kind),
        )
        self._nodes.objects[kind] = reflector.cache
        if kind is Namespace:
            self._nodes.populations.labels_of = partial(labels_of_namespace, reflector.cache)

    def on_statistics(self, message: GetSchedulerStatistics) -> SchedulerStatistics:
        """Counters and depths."""
        return SchedulerStatistics(
            attempts=self._state.attempts,
            scheduled=self._state.scheduled,
            unschedulable=self._state.unschedulable,
            errors=self._state.errors,
            binding=len(self._state.binding),
            queue=self._queue.depths,
        )

    def measure(self) -> None:
        """Count from now on what metrics tell."""
        measured = self._state.measured = Measurements()

        def came(queue: str, event: str) -> None:
            measured.incoming[queue, event] += 1

        self._queue.incoming = came
        self._queue.now, self._queue.hinted = self.ctx.clock.monotonic, measured.hints.observe
        for name, cycle in self._profiles.items():
            cycle.measure(Stopwatch(name, self.ctx.clock.monotonic, measured))

    def _timed(self, handle: Handler) -> Handler:
        """A handler of changes, whose time is taken where it is of use."""
        measured = self._state.measured
        if measured is None:
            return handle
        return timed(handle, self.ctx.clock.monotonic, measured.handled)

    def on_metrics(self, message: GetSchedulerMetrics) -> tuple[Family, ...]:
        """Counters, gauges and histograms."""
        if self._state.measured is None:
            return ()
        refused: Counter[tuple[str, ...]] = Counter()
        for plugins, uids in self._queue.refused.items():
            for uid in uids:
                spec = self._queue.pod_of(uid).spec
                profile = spec.scheduler_name if spec is not None else ""
                refused.update((plugin, profile) for plugin in plugins)
        cached = {
            "nodes": len(self._nodes),
            "pods": self._nodes.pod_count,
            "assumed_pods": len(self._state.binding),
        }
        queue = self._queue
        return tuple(self._state.measured.families(queue.depths, cached, refused, queue.in_flight))

    def depths(self) -> Mapping[str, int]:
        """Those of the scheduling queue, by the name of Kubernetes' metric."""
        return {f"scheduler_pending_pods {k}": n for k, n in self._queue.depths.items()}

    # --- what changes ----------------------------------------------------------------------

    def _on_object(self, kind: type, change: Change[Any]) -> None:
        if matters(kind, change, self._nodes):
            if kind is Namespace:
                self._nodes.populations.relabelled()
            self._nodes.learned()
        elif not follow_devices(kind, change, self._nodes):
            return
        for event in EVENTS_OF_KINDS.get(kind, ()):
            self._happened(event, change.old, change.new)

    def _happened(self, event: ClusterEvent, old: Any = None, new: Any = None) -> None:
        self._queue.happened(event, self.ctx.clock.monotonic(), old, new)

    def _on_node(self, change: Change[Node]) -> None:
        old, new = change.old, change.new
        if new is None:
            assert old is not None
            self._nodes.remove_node(old.metadata.name)
            self._happened(ClusterEvent.NODE_REMOVED, old, None)
            return
        happened = node_events(old, new)
        if not (happened or closes(old, new)):
            return
        try:
            self._nodes.put_node(new)
        except MachineryError as error:
            self.ctx.log.warning("node skipped", node=new.metadata.name, error=str(error))
            self._nodes.remove_node(new.metadata.name)
        for event in happened:
            self._happened(event, old, new)

    def _on_pod(self, change: Change[Pod]) -> None:
        old, new = change.old, change.new
        pod = old if new is None else new
        assert pod is not None
        uid = pod.metadata.uid
        if old is not None and new is not None and old.metadata.uid != uid:
            self._release(old)
        if new is None or has_ended(new):
            if self._state.measured is not None:
                self._state.measured.under_way.pop(uid, None)
            self._queue.remove(uid)
            self._release(pod)
        elif has_node(new):
            self._on_placed(new)
        elif self._is_ours(new):
            if uid in self._state.binding:
                return
            if old is not None and old.metadata.uid == uid and not has_node(old):
                self._on_waiting(old, new)
                return
            self._enqueue(new)
            if self._pod_groups and old is None and group_of(new):
                self._happened(ClusterEvent.POD_WAITS, None, new)
        else:
            self._queue.remove(uid)
            self._nominations.remove(uid)

    def _on_waiting(self, old: Pod, new: Pod) -> None:
        """A pod without a node changed: itself, or what it was promised, perhaps by somebody else."""
        uid, before, after = new.metadata.uid, promised_to(old), promised_to(new)
        if before != after and after != self._nominations.node_of(uid):
            self._nominations.put(new, after)
        events = own_events(old, new)
        if events:
            gated = self._queue.change(old, new, events, self.ctx.clock.monotonic())
            if gated == SchedulingGates.name:
                self._reports[_profile_of(new)].gated(new)
        if before and before != after:
            self._promise_ends(old)

    def _promise_ends(self, pod: Pod) -> None:
        """Others that are no more important than a pod need not leave it the node that it was promised."""
        now = self.ctx.clock.monotonic()
        self._queue.happened(ClusterEvent.POD_REMOVED, now, pod, None, priority_of(pod))

    def _on_placed(self, pod: Pod) -> None:
        """A pod has its node: what was assumed is true, or somebody else placed or changed it."""
        assert pod.spec is not None
        uid, node = pod.metadata.uid, pod.spec.node_name
        self._queue.remove(uid)
        self._nominations.remove(uid)
        assumed = self._state.binding.pop(uid, None)
        if assumed == node:
            self._state.scheduled += 1
            if self._state.measured is not None:
                profile = pod.spec.scheduler_name
                self._state.measured.scheduled(uid, profile, self.ctx.clock.monotonic())
        elif assumed is not None:
            self._nodes.remove_pod(uid, assumed)
        event = ClusterEvent.POD_ADDED
        before = None
        if assumed != node and self._nodes.holds(uid):
            event = ClusterEvent.POD_LABELS
            before = self._nodes.placed_pod(uid)
            if self._nodes.update_pod(uid, pod, node):
                self._happened(ClusterEvent.POD_SMALLER, before, pod)
        else:
            self._nodes.add_pod(uid, pod, node)
        self._happened(event, before, pod)

    def _enqueue(self, pod: Pod) -> None:
        name = pod.spec.scheduler_name if pod.spec is not None else ""
        gated = self._queue.put(pod, self.ctx.clock.monotonic())
        if pod.status is not None and pod.status.nominated_node_name and not gated:
            self._nominations.put(pod, pod.status.nominated_node_name)
        if gated == SchedulingGates.name:
            self._reports[name].gated(pod)

    def _ask_again(self, pod: Pod) -> None:
        """A plugin could not say whether a pod may enter the queue: perhaps it can now."""
        uid = pod.metadata.uid
        self._to_ask.discard(uid)
        if uid in self._queue and self._queue.is_gated(uid):
            self._enqueue(self._outcomes.latest(pod))

    def _gate(self, pod: Pod) -> str:
        """The plugin that keeps a pod out of the queue, as one does that fails; empty: none."""
        name = pod.spec.scheduler_name if pod.spec is not None else ""
        gated = self._profiles[name].gate(pod)
        if not isinstance(gated, PluginError):
            return gated
        self._reports[name].unschedulable(pod, str(gated), nominated=None, fault=True)
        if pod.metadata.uid not in self._to_ask:
            self._to_ask.add(pod.metadata.uid)
            self.ctx.call_after(self._ask_again_seconds, partial(self._ask_again, pod))
        return gated.plugin

    def _is_ours(self, pod: Pod) -> bool:
        name = pod.spec.scheduler_name if pod.spec is not None else ""
        return name in self._profiles and pod.metadata.deletion_timestamp is None

    def _release(self, pod: Pod) -> None:
        uid = pod.metadata.uid
        self._nominations.remove(uid)
        node = self._state.binding.pop(uid, None) or (
            pod.spec.node_name if pod.spec is not None else ""
        )
        if node and self._nodes.remove_pod(uid, node):
            self._happened(ClusterEvent.POD_REMOVED, pod, None)
        elif not node and promised_to(pod):
            self._promise_ends(pod)

    # --- scheduling ------------------------------------------------------------------------

    def on_continue(self, message: _Continue) -> None:
        """The next batch; `drained` places it."""
        self._continuing = False

    def drained(self) -> None:
        """Place a batch of pods."""
        if self._unsynced or not len(self._queue):
            return
        due = self._queue.advance(self.ctx.clock.monotonic())
        for _ in range(BATCH):
            queued = None if self._alone else self._queue.pop()
            if queued is None:
                break
            self._schedule(queued)
        else:
            if not self._continuing:
                self._continuing = True
                self.ctx.me.tell(_Continue())
        due = self._queue.advance(self.ctx.clock.monotonic())
        if due is not None:
            self._wake_at(due)

    def _wake_at(self, due: float) -> None:
        if self._timer is not None and self._timer.active and self._timer.at <= due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.ctx.call_after(due - self.ctx.clock.monotonic(), _nothing)

    def _schedule(self, queued: QueuedPod) -> None:
        pod = queued.pod
        assert pod.spec is not None
        cycle = self._profiles[pod.spec.scheduler_name]
        if self._pod_groups and pod.spec.scheduling_group is not None:
            self._groups.schedule(queued, cycle)
            return
        self._begin(queued)
        if pod.metadata.annotations:
            self._outcomes.explain(pod, cycle)
        if self._extenders:
            extenders = [each for each in self._extenders if each.concerns(pod)]
            if extenders:
                self._alone = True
                self._queue.take_off(queued)
                self.ctx.task(self._schedule_with(extenders, queued, cycle), "extend")
                return
        choice = cycle.choose(pod, self.ctx.random)
        if self._state.measured is not None:
            self._state.measured.decides(pod.metadata.uid, self.ctx.clock.monotonic())
        self._outcomes.place(queued, cycle, choice)

    def _begin(self, queued: QueuedPod) -> None:
        """Count an attempt."""
        self._state.attempts += 1
        if self._state.measured is not None:
            began = self.ctx.clock.monotonic()
            attempt = Attempt(began, queued.queued_at, queued.attempts + 1)
            self._state.measured.begins(queued.pod.metadata.uid, attempt)

    # --- a pod with a node -------------------------------------------------------------------

    async def _schedule_with(
        self, extenders: list[Extender], queued: QueuedPod, cycle: Cycle
    ) -> None:
        """Ask extenders, too; no other pod is scheduled meanwhile."""
        pod = queued.pod
        try:
            nodes = self._node_objects
            choice = await cycle.choose_with(
                extenders, pod, lambda name: nodes.get("", name), self.ctx.random
            )
            if isinstance(choice, Refusal):
                choice = await cycle.reviewed(extenders, self._outcomes.latest(pod), choice)
            metadata = pod.metadata
            current = self._pods.cache.get(metadata.namespace, metadata.name)
            if current is not None and current.metadata.uid == metadata.uid:
                self._outcomes.place(queued, cycle, choice)
        finally:
            self._alone = False
            self.ctx.me.tell(_Continue())


def _profile_of(pod: Pod) -> str:
    return pod.spec.scheduler_name if pod.spec is not None else ""


def _nothing(*_: object) -> None:
    """The actor is awake: at the end of its turn it looks at what is due."""
