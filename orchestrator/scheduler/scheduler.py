"""The scheduler: assigns each pending pod to a node, through the API server.

A thin shell. The watch keeps the queue and the snapshot up to date; at the end of a slice of
messages a batch of pods is placed and their bindings are sent, many in flight. A placed pod is
counted on its node at once ("assumed"), and taken off again if its binding fails.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from msgspec import Struct

from actors import Request, Timer
from orchestrator.api.core.v1 import Binding, Node, ObjectReference, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.client import Change, EventRecorder, Watcher
from orchestrator.machinery.errors import MachineryError
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ADMIN, ApiRef, Conflict, Create, Identity, NotFound, Patch
from orchestrator.scheduler.framework import Profile
from orchestrator.scheduler.placement import Placement, Refusal
from orchestrator.scheduler.plugins import DEFAULT_PROFILE
from orchestrator.scheduler.queue import ClusterEvent, QueuedPod, SchedulingQueue
from orchestrator.scheduler.snapshot import Snapshot

BATCH: Final = 128  # pods placed in one turn, before other actors have theirs

_PODS: Final = resource_of(Pod)


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


class _Continue(Struct, frozen=True):
    """Pods are left over from the last batch."""


class Scheduler(Watcher):
    """kube-scheduler with one profile."""

    def __init__(
        self,
        api: ApiRef,
        profile: Profile = DEFAULT_PROFILE,
        *,
        identity: Identity = ADMIN,
        record_events: bool = True,
    ) -> None:
        super().__init__(api, identity)
        self._profile = profile
        self._gates = profile.with_point("pre_enqueue")
        self._record_events = record_events
        self._nodes = Snapshot()
        self._queue = SchedulingQueue(profile.helped_by())
        self._placement = Placement(profile, self._nodes)
        self._binding: dict[str, str] = {}  # uid -> node of bindings under way
        self._post_filters = profile.with_point("post_filter")
        self._before_binding = [
            (point, plugin)
            for point in ("reserve", "permit")
            for plugin in profile.with_point(point)
        ]
        self._unreservers = profile.with_point("unreserve")
        self._post_binders = profile.with_point("post_bind")
        self._acts_on_binding = record_events or bool(self._post_binders)
        self._timer: Timer | None = None
        self._continuing = False
        self._attempts = self._scheduled = self._unschedulable = self._errors = 0

    def started(self) -> None:
        self._events = EventRecorder(
            self.ctx,
            self.api,
            self._profile.scheduler_name,
            enabled=self._record_events,
            identity=self.identity,
        )
        self._synced: dict[str, None] = {}
        self.reflect(Node, on_change=self._on_node, on_synced=lambda: self._in_step("nodes"))
        self._pods = self.reflect(
            Pod, on_change=self._on_pod, on_synced=lambda: self._in_step("pods")
        )

    def _in_step(self, what: str) -> None:
        self._synced[what] = None

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

    def depths(self) -> Mapping[str, int]:
        """Those of the scheduling queue, by the name of Kubernetes' metric."""
        return {f"scheduler_pending_pods {k}": n for k, n in self._queue.depths.items()}

    # --- what changes ----------------------------------------------------------------------

    def _on_node(self, change: Change[Node]) -> None:
        old, new = change.old, change.new
        now = self.ctx.clock.monotonic()
        if new is None:
            assert old is not None
            self._nodes.remove_node(old.metadata.name)
            return
        happened = _node_events(old, new)
        if not happened:
            return
        try:
            self._nodes.put_node(new)
        except MachineryError as error:
            self.ctx.log.warning("node skipped", node=new.metadata.name, error=str(error))
            self._nodes.remove_node(new.metadata.name)
        for event in happened:
            self._queue.happened(event, now)

    def _on_pod(self, change: Change[Pod]) -> None:
        old, new = change.old, change.new
        if old is not None and new is not None and _says_nothing(old, new):
            return
        pod = old if new is None else new
        assert pod is not None
        uid = pod.metadata.uid
        if old is not None and new is not None and old.metadata.uid != new.metadata.uid:
            self._release(old)
        node = pod.spec.node_name if pod.spec is not None else ""
        if new is None or _has_ended(new):
            self._queue.remove(uid)
            self._release(pod)
        elif node:
            self._queue.remove(uid)
            assumed = self._binding.pop(uid, None)
            if assumed == node:
                self._scheduled += 1
            elif assumed is not None:
                self._nodes.remove_pod(uid, assumed)
            self._nodes.add_pod(uid, new, node)
        elif self._is_ours(new):
            if uid not in self._binding and _worth_a_try(old, new):
                gate = self._gate(new)
                self._queue.put(new, self.ctx.clock.monotonic(), gated=bool(gate))
                if gate:
                    self._report_gated(new, gate)
        else:
            self._queue.remove(uid)

    def _is_ours(self, pod: Pod) -> bool:
        name = pod.spec.scheduler_name if pod.spec is not None else ""
        return name == self._profile.scheduler_name and pod.metadata.deletion_timestamp is None

    def _release(self, pod: Pod) -> None:
        uid = pod.metadata.uid
        node = self._binding.pop(uid, None) or (pod.spec.node_name if pod.spec is not None else "")
        if node and self._nodes.remove_pod(uid, node):
            self._queue.happened(ClusterEvent.POD_REMOVED, self.ctx.clock.monotonic())

    def _gate(self, pod: Pod) -> str:
        for plugin in self._gates:
            reason = plugin.pre_enqueue(pod)
            if reason:
                return reason
        return ""

    # --- scheduling ------------------------------------------------------------------------

    def on_continue(self, message: _Continue) -> None:
        """The next batch; `drained` places it."""
        self._continuing = False

    def drained(self) -> None:
        """Place a batch of pods."""
        if len(self._synced) < 2 or not len(self._queue):
            return
        due = self._queue.advance(self.ctx.clock.monotonic())
        for _ in range(BATCH):
            queued = self._queue.pop()
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
        self._attempts += 1
        pod = queued.pod
        try:
            choice = self._placement.choose(pod, self.ctx.random)
        except MachineryError as error:
            choice = Refusal(str(error), frozenset())
        if isinstance(choice, Refusal):
            for plugin in self._post_filters:
                plugin.post_filter(pod, self._nodes)
        elif refusal := self._refused_before_binding(pod, choice):
            choice = refusal
        if isinstance(choice, Refusal):
            self._unschedulable += 1
            self._queue.fail(queued, choice.plugins, self.ctx.clock.monotonic())
            self._report_unschedulable(pod, choice.message)
            return
        metadata = pod.metadata
        self._nodes.add_pod(metadata.uid, pod, choice)
        self._binding[metadata.uid] = choice
        binding = Binding(
            metadata=ObjectMeta(name=metadata.name, namespace=metadata.namespace, uid=metadata.uid),
            target=ObjectReference(kind="Node", name=choice),
        )
        self.ctx.request(
            self.api,
            Create(
                resource=_PODS,
                object=binding,
                namespace=metadata.namespace,
                name=metadata.name,
                subresource="binding",
                identity=self.identity,
            ),
            then=partial(self._bound, pod, choice) if self._acts_on_binding else None,
            failed=partial(self._bind_failed, queued, choice),
        )

    def _refused_before_binding(self, pod: Pod, node: str) -> Refusal | None:
        """Reserve, then permit; the first plugin that says no undoes what was reserved."""
        for point, plugin in self._before_binding:
            reason = getattr(plugin, point)(pod, node)
            if reason:
                self._unreserve(pod, node)
                message = f'running {point.capitalize()} plugin "{plugin.name}": {reason}'
                return Refusal(message, frozenset((plugin.name,)))
        return None

    def _unreserve(self, pod: Pod, node: str) -> None:
        for plugin in reversed(self._unreservers):
            plugin.unreserve(pod, node)

    def _bound(self, pod: Pod, node: str, _: object) -> None:
        for plugin in self._post_binders:
            plugin.post_bind(pod, node)
        if self._record_events:
            name = f"{pod.metadata.namespace}/{pod.metadata.name}"
            message = f"Successfully assigned {name} to {node}"
            self._events.event(pod, "Normal", "Scheduled", message)

    def _bind_failed(self, queued: QueuedPod, node: str, error: BaseException) -> None:
        uid = queued.pod.metadata.uid
        self._unreserve(queued.pod, node)
        if self._binding.get(uid) != node:
            return  # the watch has said meanwhile where it is, or that it is gone
        self._errors += 1
        del self._binding[uid]
        self._nodes.remove_pod(uid, node)
        if isinstance(error, NotFound):
            return
        if isinstance(error, Conflict):
            metadata = queued.pod.metadata
            current = self._pods.cache.get(metadata.namespace, metadata.name)
            if current is None or current.metadata.uid != uid or _has_node(current):
                return
        self._queue.fail(queued, frozenset(), self.ctx.clock.monotonic())

    # --- reports ---------------------------------------------------------------------------

    def _report_unschedulable(self, pod: Pod, message: str) -> None:
        self._write_condition(pod, "Unschedulable", message)
        if self._record_events:
            self._events.event(pod, "Warning", "FailedScheduling", message)

    def _report_gated(self, pod: Pod, message: str) -> None:
        self._write_condition(
            pod, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates"
        )

    def _write_condition(self, pod: Pod, reason: str, message: str) -> None:
        """PodScheduled False; nothing is written when it says so already."""
        conditions = pod.status.conditions if pod.status is not None else ()
        was = next((c for c in conditions if c.type == "PodScheduled"), None)
        if was is not None and (was.status, was.reason, was.message) == ("False", reason, message):
            return
        at = format_time(self.ctx.clock.now())
        since = was.last_transition_time if was is not None and was.status == "False" else at
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": reason,
            "message": message,
            "lastTransitionTime": since,
            "observedGeneration": pod.metadata.generation,
        }
        self.ctx.request(
            self.api,
            Patch(
                resource=_PODS,
                name=pod.metadata.name,
                namespace=pod.metadata.namespace,
                patch_type="strategic",
                body={"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": [condition]}},
                subresource="status",
                identity=self.identity,
            ),
            then=None,
            failed=_nothing,
        )


def _nothing(*_: object) -> None:
    """The next attempt reports again."""


def _has_node(pod: Pod) -> bool:
    return pod.spec is not None and pod.spec.node_name != ""


def _has_ended(pod: Pod) -> bool:
    return pod.status is not None and pod.status.phase in ("Succeeded", "Failed")


def _says_nothing(old: Pod, new: Pod) -> bool:
    """A pod that has its node goes on running: most changes are of this kind."""
    return (
        new.spec is old.spec
        and new.spec is not None
        and new.spec.node_name != ""
        and old.metadata.uid == new.metadata.uid
        and not _has_ended(new)
        and not _has_ended(old)
    )


def _worth_a_try(old: Pod | None, new: Pod) -> bool:
    """Whether something has changed that scheduling depends on: not the status alone."""
    return (
        old is None
        or old.metadata.uid != new.metadata.uid
        or old.spec is not new.spec
        or old.metadata.labels != new.metadata.labels
    )


def _node_events(old: Node | None, new: Node) -> tuple[ClusterEvent, ...]:
    """What of a node's change concerns scheduling; a heartbeat does not."""
    if old is None:
        return (ClusterEvent.NODE_ADDED,)
    events = []
    was = old.status.allocatable if old.status is not None else None
    now = new.status.allocatable if new.status is not None else None
    if was != now:
        events.append(ClusterEvent.NODE_ALLOCATABLE)
    if old.metadata.labels != new.metadata.labels:
        events.append(ClusterEvent.NODE_LABELS)
    before = (old.spec.taints, old.spec.unschedulable) if old.spec is not None else ((), None)
    after = (new.spec.taints, new.spec.unschedulable) if new.spec is not None else ((), None)
    if before != after:
        events.append(ClusterEvent.NODE_TAINTS)
    return tuple(events)
