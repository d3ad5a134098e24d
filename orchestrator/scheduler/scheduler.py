"""The scheduler: assigns each pending pod to a node, through the API server.

A thin shell. The watch keeps the queue and the snapshot up to date; at the end of a slice of
messages a batch of pods is placed and their bindings are sent, many in flight. A placed pod is
counted on its node at once ("assumed"), and taken off again if its binding fails.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct

from actors import Request, Timer
from orchestrator.api.core.v1 import Namespace, Node, Pod
from orchestrator.api.scheduling.v1alpha2 import POD_GROUPS, PodGroup
from orchestrator.client import Change, Client, EventSeriesRecorder, Reflector, Watcher
from orchestrator.machinery.errors import MachineryError
from orchestrator.protocol import (
    ADMIN,
    ApiError,
    ApiRef,
    Conflict,
    Identity,
    NotFound,
)
from orchestrator.scheduler.backoff import QueuedPod
from orchestrator.scheduler.binding import Binder
from orchestrator.scheduler.changes import (
    EVENTS_OF_KINDS,
    follow_devices,
    has_ended,
    has_node,
    labels_of_namespace,
    matters,
    node_events,
    says_nothing,
    watching,
    worth_a_try,
)
from orchestrator.scheduler.configuration import (
    DEFAULT_CONFIGURATION,
    SchedulerConfiguration,
)
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.errors import PluginError, Rejected, SchedulerFault
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.evicting import Evictions
from orchestrator.scheduler.extenders import Extender
from orchestrator.scheduler.framework import Preparation
from orchestrator.scheduler.group_cycle import GroupCycle, GroupVerdict, Verdict
from orchestrator.scheduler.metrics import Attempt, Family, Measurements
from orchestrator.scheduler.nominations import Nominations, priority_of
from orchestrator.scheduler.placement import Refusal
from orchestrator.scheduler.plugins.scheduling_gates import SchedulingGates
from orchestrator.scheduler.pod_groups import (
    INDEX,
    group_object,
    group_of,
    keys_of,
    members,
    with_condition,
)
from orchestrator.scheduler.preparing import Preparations
from orchestrator.scheduler.profile import helped_by, hints
from orchestrator.scheduler.queue import SchedulingQueue
from orchestrator.scheduler.reports import FIELD_MANAGER, Reports
from orchestrator.scheduler.rotation import Rotation
from orchestrator.scheduler.snapshot import Snapshot
from orchestrator.scheduler.volumes import has_claims

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
        self._binding: dict[str, str] = {}  # uid -> node of bindings under way
        self._timer: Timer | None = None
        self._continuing = False
        self._attempts = self._scheduled = self._unschedulable = self._errors = 0
        self._measured: Measurements | None = None  # where metrics are of use

    def started(self) -> None:
        self._reports = {
            name: Reports(self.ctx, self.api, self._recorder(name), self.identity)
            for name in self._profiles
        }
        self._nodes.now, self._nodes.new_uid = self.ctx.clock.now, self.ctx.uid
        if not self.ctx.clock.virtual:
            self.measure()
        client = Client(
            self.api,
            clock=self.ctx.clock,
            identity=self.identity,
            field_manager=FIELD_MANAGER,
            checked=False,
        )
        self._preparations = Preparations(self.ctx, client)
        self._binder = Binder(
            self.ctx,
            self.api,
            self.identity,
            self._extenders,
            self._preparations,
            self._bound,
            self._bind_failed,
            tells=self._record_events,
        )
        self._evictions = Evictions(
            self.ctx,
            self.api,
            self.identity,
            self._nominations,
            self._preparations,
            self._reports,
        )
        self._unsynced: set[str] = set()
        reflector = self.reflect(Node, on_change=self._on_node, on_synced=self._awaited("nodes"))
        self._node_objects = reflector.cache
        self._pods = self.reflect(Pod, on_change=self._on_pod, on_synced=self._awaited("pods"))
        self._nodes.objects[Pod] = self._pods.cache
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
            on_change=partial(self._on_object, kind),
            on_synced=self._awaited(kind.__name__),
            **watching(kind),
        )
        self._nodes.objects[kind] = reflector.cache
        if kind is Namespace:
            self._nodes.populations.labels_of = partial(labels_of_namespace, reflector.cache)

    def on_statistics(self, message: GetSchedulerStatistics) -> SchedulerStatistics:
        """Counters and depths."""
        return SchedulerStatistics(
            attempts=self._attempts,
            scheduled=self._scheduled,
            unschedulable=self._unschedulable,
            errors=self._errors,
            binding=len(self._binding),
            queue=self._queue.depths,
        )

    def measure(self) -> None:
        """Count from now on what metrics tell."""
        measured = self._measured = Measurements()

        def came(queue: str, event: str) -> None:
            measured.incoming[queue, event] += 1

        self._queue.incoming = came

    def on_metrics(self, message: GetSchedulerMetrics) -> tuple[Family, ...]:
        """Counters, gauges and histograms."""
        if self._measured is None:
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
            "assumed_pods": len(self._binding),
        }
        return tuple(self._measured.families(self._queue.depths, cached, refused))

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
        if not happened:
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
        if (
            old is not None
            and new is not None
            and says_nothing(old, new)
            and new.metadata.uid not in self._nodes.resizing
        ):
            return
        pod = old if new is None else new
        assert pod is not None
        uid = pod.metadata.uid
        if old is not None and new is not None and old.metadata.uid != uid:
            self._release(old)
        if new is None or has_ended(new):
            if self._measured is not None:
                self._measured.under_way.pop(uid, None)
            self._queue.remove(uid)
            self._release(pod)
        elif has_node(new):
            self._on_placed(new)
        elif self._is_ours(new):
            if uid not in self._binding and worth_a_try(old, new):
                self._enqueue(new)
                if self._pod_groups and old is None and group_of(new):
                    self._happened(ClusterEvent.POD_WAITS, None, new)
        else:
            self._queue.remove(uid)
            self._nominations.remove(uid)

    def _on_placed(self, pod: Pod) -> None:
        """A pod has its node: what was assumed is true, or somebody else placed or changed it."""
        assert pod.spec is not None
        uid, node = pod.metadata.uid, pod.spec.node_name
        self._queue.remove(uid)
        self._nominations.remove(uid)
        assumed = self._binding.pop(uid, None)
        if assumed == node:
            self._scheduled += 1
            if self._measured is not None:
                profile = pod.spec.scheduler_name
                self._measured.scheduled(uid, profile, self.ctx.clock.monotonic())
        elif assumed is not None:
            self._nodes.remove_pod(uid, assumed)
        event = ClusterEvent.POD_ADDED
        before = None
        if assumed != node and self._nodes.holds(uid):
            event = ClusterEvent.POD_LABELS
            before = self._nodes.placed_pod(uid)
            if self._nodes.update_pod(uid, pod, node):
                self._happened(ClusterEvent.POD_SMALLER, None, pod)
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
            self._enqueue(self._latest(pod))

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
        node = self._binding.pop(uid, None) or (pod.spec.node_name if pod.spec is not None else "")
        if node and self._nodes.remove_pod(uid, node):
            self._happened(ClusterEvent.POD_REMOVED, pod, None)

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
            self._schedule_group(queued, cycle)
            return
        began = self._begin(queued)
        extenders = [each for each in self._extenders if each.concerns(pod)]
        if extenders:
            self._alone = True
            self._queue.take_off(queued)
            self.ctx.task(self._schedule_with(extenders, queued, cycle), "extend")
        else:
            choice = cycle.choose(pod, self.ctx.random)
            if self._measured is not None:
                self._measured.decided.observe(self.ctx.clock.monotonic() - began)
            self._place(queued, cycle, choice)

    def _begin(self, queued: QueuedPod) -> float:
        """Count an attempt; answers when it began, where that is measured."""
        self._attempts += 1
        if self._measured is None:
            return 0.0
        began = self.ctx.clock.monotonic()
        attempt = Attempt(began, queued.queued_at, queued.attempts + 1)
        self._measured.begins(queued.pod.metadata.uid, attempt)
        return began

    # --- groups of pods ----------------------------------------------------------------------

    def _schedule_group(self, first: QueuedPod, cycle: Cycle) -> None:
        """Decide for all waiting pods of a group, and place them, or none."""
        batch = self._group_batch(first)
        for queued in batch:
            self._begin(queued)
        strange = [each for each in batch if _profile_of(each.pod) != cycle.name]
        if strange:
            words = (
                "all pods in a single pod group should have the same .spec.schedulerName set, "
                f'got: "{cycle.name}" and "{_profile_of(strange[0].pod)}"'
            )
            for queued in batch:
                own = self._profiles[_profile_of(queued.pod)]
                self._fail_in_group(queued, own, Verdict(words=words, fault=True))
            return
        decided = GroupCycle(
            cycle,
            self._nodes,
            self._nominations,
            self.ctx.random,
            partial(self._evictions.make_room, cycle=cycle),
        ).decide([each.pod for each in batch])
        pairs = list(zip(batch, decided.pods, strict=True))
        self._place_group([(q, v) for q, v in pairs if v.node], cycle)
        for queued, verdict in pairs:
            if not verdict.node:
                self._fail_in_group(queued, cycle, verdict)
        self._tell_of_group(first.pod, decided, cycle)

    def _group_batch(self, first: QueuedPod) -> list[QueuedPod]:
        """All pods of a pod's group that wait, by priority, and then as they came."""
        uid = first.pod.metadata.uid
        others = [each.metadata.uid for each in members(first.pod, self._nodes)]
        taken = [self._queue.take(each) for each in others if each != uid]
        batch = [first, *(each for each in taken if each is not None)]
        for each in batch:
            each.pod = self._latest(each.pod)
        return sorted(batch, key=lambda each: (-priority_of(each.pod), each.queued_at))

    def _place_group(self, chosen: list[tuple[QueuedPod, Verdict]], cycle: Cycle) -> None:
        """Bind the pods of a group; all are on their nodes before Permit is asked about the first."""
        ready: list[tuple[QueuedPod, str]] = []
        for queued, verdict in chosen:
            refusal = cycle.reserve(queued.pod, verdict.node)
            if refusal is not None:
                self._fail(queued, cycle, refusal)
                continue
            self._assume(queued.pod, verdict.node)
            ready.append((queued, verdict.node))
        for queued, node in ready:
            refusal = cycle.permit_or_wait(queued.pod, node)
            if refusal is None:
                self._place(queued, cycle, node)
                continue
            del self._binding[queued.pod.metadata.uid]
            self._nodes.remove_pod(queued.pod.metadata.uid, node)
            self._fail(queued, cycle, refusal)

    def _fail_in_group(self, queued: QueuedPod, cycle: Cycle, verdict: Verdict) -> None:
        """A pod waits for its group's next cycle, which comes by time alone, as in kube-scheduler."""
        self._unschedulable += 1
        pod, now = queued.pod, self.ctx.clock.monotonic()
        if self._measured is not None:
            self._measured.failed(pod.metadata.uid, cycle.name, now, fault=verdict.fault)
        said = pod.status.nominated_node_name if pod.status is not None else None
        promised = said if verdict.nominated is None else verdict.nominated
        if promised:
            self._nominations.put(pod, promised)
        else:
            self._nominations.remove(pod.metadata.uid)
        self._queue.fail(queued, frozenset(), now)
        self._reports[cycle.name].unschedulable(
            pod, verdict.words, nominated=verdict.nominated, fault=verdict.fault
        )

    def _tell_of_group(self, pod: Pod, decided: GroupVerdict, cycle: Cycle) -> None:
        group = group_object(pod, self._nodes)
        body = with_condition(group, decided, self.ctx.clock.now()) if group is not None else None
        if group is not None and body is not None:
            self._reports[cycle.name].group(group, body)

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
                choice = await cycle.reviewed(extenders, self._latest(pod), choice)
            metadata = pod.metadata
            current = self._pods.cache.get(metadata.namespace, metadata.name)
            if current is not None and current.metadata.uid == metadata.uid:
                self._place(queued, cycle, choice)
        finally:
            self._alone = False
            self.ctx.me.tell(_Continue())

    def _place(self, queued: QueuedPod, cycle: Cycle, choice: str | Refusal) -> None:
        """Go on with what was decided for a pod."""
        pod = queued.pod
        assert pod.spec is not None
        if isinstance(choice, Refusal):
            self._fail(queued, cycle, choice)
            return
        waits = cycle.waits(pod)
        if waits:
            self._assume(pod, choice)
            self._wait(queued, cycle, choice, waits)
            return
        spec = pod.spec
        uses = has_claims(spec.volumes) or self._nodes.uses_devices(pod)
        if not (uses or cycle.always_prepares):
            self._assume(pod, choice)
            self._binder.bind(queued, cycle, choice)
            return
        self._prepare(queued, cycle, choice)

    def _wait(self, queued: QueuedPod, cycle: Cycle, node: str, waits: list[Preparation]) -> None:
        """Hold a pod at Permit."""
        uid = queued.pod.metadata.uid
        self._queue.take_off(queued)
        self._reports[cycle.name].expected(self._latest(queued.pod), node)

        def told(error: BaseException | None) -> None:
            if error is None:
                self._prepare(queued, cycle, node)
            else:
                self._bind_failed(queued, cycle, node, (), error)

        self._preparations.start(waits, lambda: self._binding.get(uid) == node, told)

    def _prepare(self, queued: QueuedPod, cycle: Cycle, node: str) -> None:
        """PreBind, and then the binding."""
        pod = queued.pod
        prepared = cycle.prepare(pod, node)
        if isinstance(prepared, Refusal):
            if self._binding.pop(pod.metadata.uid, None) is not None:  # it waited at Permit
                self._nodes.remove_pod(pod.metadata.uid, node)
            self._fail(queued, cycle, prepared)
            return
        self._assume(pod, node)
        if any(each.takes_time for each in prepared):
            self._write_first(queued, cycle, node, prepared)
        else:  # nobody has to be told first where the pod is expected, as in kube-scheduler
            self._binder.bind(queued, cycle, node, prepared)

    def _assume(self, pod: Pod, node: str) -> None:
        self._nodes.add_pod(pod.metadata.uid, pod, node)
        self._binding[pod.metadata.uid] = node

    def _write_first(
        self, queued: QueuedPod, cycle: Cycle, node: str, prepared: list[Preparation]
    ) -> None:
        """Write what plugins want written, and bind the pod when that has had its effect."""
        uid = queued.pod.metadata.uid
        self._reports[cycle.name].expected(self._latest(queued.pod), node)

        def told(error: BaseException | None) -> None:
            if error is None:
                self._binder.bind(queued, cycle, node, prepared)
            else:
                self._bind_failed(queued, cycle, node, (), error)

        self._preparations.start(prepared, lambda: self._binding.get(uid) == node, told)

    def _bound(self, pod: Pod, cycle: Cycle, node: str, _: object) -> None:
        fault = cycle.bound(pod, node)
        if fault:
            self.ctx.log.warning("plugin failed", pod=pod.metadata.name, error=fault)
        if self._record_events:
            self._reports[cycle.name].scheduled(pod, node)

    def _bind_failed(
        self,
        queued: QueuedPod,
        cycle: Cycle,
        node: str,
        prepared: Sequence[Preparation],
        error: BaseException,
    ) -> None:
        metadata = queued.pod.metadata
        uid = metadata.uid
        if prepared:
            self._preparations.withdraw(prepared)
        cycle.unreserve(queued.pod, node)
        if self._binding.get(uid) != node:
            return  # the watch has said meanwhile where it is, or that it is gone
        self._errors += 1
        if self._measured is not None:
            fault = not isinstance(error, Rejected)
            now = self.ctx.clock.monotonic()
            self._measured.failed(uid, cycle.name, now, fault=fault)
        del self._binding[uid]
        self._nodes.remove_pod(uid, node)
        if isinstance(error, NotFound):
            return
        if isinstance(error, Conflict):
            current = self._pods.cache.get(metadata.namespace, metadata.name)
            if current is None or current.metadata.uid != uid or has_node(current):
                return
        self._happened(ClusterEvent.POD_REMOVED, queued.pod, None)  # its place is free again
        now = self.ctx.clock.monotonic()
        refused_by = (error.plugin,) if isinstance(error, Rejected) else ()
        queued.pod = self._latest(queued.pod)
        self._queue.fail(queued, frozenset(refused_by), now)
        words = str(error)
        if isinstance(error, ApiError):
            words = f'running Bind plugin "DefaultBinder": {words}'
        elif not isinstance(error, SchedulerFault):
            return  # nobody has answered: there is nothing to say of it
        self._reports[cycle.name].unschedulable(
            queued.pod, words, nominated="", fault=not refused_by
        )

    # --- a pod without a place ---------------------------------------------------------------

    def _fail(self, queued: QueuedPod, cycle: Cycle, refusal: Refusal) -> None:
        self._unschedulable += 1
        metadata = queued.pod.metadata
        queued.pod = pod = self._latest(queued.pod)
        made = cycle.make_room(pod, refusal)
        if self._measured is not None:
            now = self.ctx.clock.monotonic()
            self._measured.failed(metadata.uid, cycle.name, now, fault=refusal.fault)
            if not refusal.fault and refusal.stage == "filter":
                self._measured.preempted(len(made.nomination.victims) if made.nomination else 0)
        self._evictions.make_room(made, pod, cycle)
        if made.nomination is not None:
            self._nominations.put(pod, made.nomination.node)
        elif made.nominated == "":
            self._nominations.remove(metadata.uid)
        self._queue.fail(queued, made.refusal.plugins, self.ctx.clock.monotonic())
        self._reports[cycle.name].unschedulable(
            pod, made.refusal.message, nominated=made.nominated, fault=made.refusal.fault
        )

    def _latest(self, pod: Pod) -> Pod:
        """A pod as the API server has it now: what is said of it already need not be said again."""
        current = self._pods.cache.get(pod.metadata.namespace, pod.metadata.name)
        same = current is not None and current.metadata.uid == pod.metadata.uid
        return current if same and current is not None else pod


def _profile_of(pod: Pod) -> str:
    return pod.spec.scheduler_name if pod.spec is not None else ""


def _nothing(*_: object) -> None:
    """The actor is awake: at the end of its turn it looks at what is due."""
