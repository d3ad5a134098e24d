"""What becomes of a pod of which was decided: it is prepared and bound, or made room for, and waits again."""

from collections.abc import Callable, Sequence

from actors import Context
from orchestrator.api.core.v1 import Pod
from orchestrator.client import Cache, Client
from orchestrator.protocol import ApiError, ApiRef, Conflict, Identity, NotFound
from orchestrator.scheduler.backoff import QueuedPod
from orchestrator.scheduler.binding import Binder
from orchestrator.scheduler.changes import has_node
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.errors import Rejected, SchedulerFault
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.evicting import Evictions
from orchestrator.scheduler.extenders import Extender
from orchestrator.scheduler.framework import Preparation
from orchestrator.scheduler.on_request import asks
from orchestrator.scheduler.preparing import Preparations
from orchestrator.scheduler.refusals import Refusal, unavailable
from orchestrator.scheduler.reports import FIELD_MANAGER, Reports
from orchestrator.scheduler.state import SchedulerState
from orchestrator.scheduler.volumes import has_claims


class Outcomes:
    """Does what was decided for pods, without waiting. `reports` are those of each profile, by its name.

    `happened` is told of what may help others; `tells`: whether an event is recorded of each pod that is bound.
    """

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        identity: Identity,
        state: SchedulerState,
        *,
        pods: Cache[Pod],
        reports: dict[str, Reports],
        extenders: Sequence[Extender],
        happened: Callable[[ClusterEvent, Pod | None, Pod | None], None],
        tells: bool,
    ) -> None:
        self._ctx, self._state, self._pods = ctx, state, pods
        self._reports, self._happened, self._tells = reports, happened, tells
        client = Client(
            api, clock=ctx.clock, identity=identity, field_manager=FIELD_MANAGER, checked=False
        )
        self._preparations = Preparations(ctx, client)
        self._binder = Binder(
            ctx,
            api,
            identity,
            extenders,
            self._preparations,
            self._bound,
            self._bind_failed,
            tells=tells,
        )
        self.evictions = Evictions(
            ctx, api, identity, state.nominations, self._preparations, reports
        )

    def explain(self, pod: Pod, cycle: Cycle) -> None:
        """Write what plugins say of each node for a pod that is about to be decided about, if it asks for that."""
        if asks(pod):
            self._reports[cycle.name].explained(pod, cycle.explain(pod))

    def place(self, queued: QueuedPod, cycle: Cycle, choice: str | Refusal) -> None:
        """Go on with what was decided for a pod."""
        pod = queued.pod
        assert pod.spec is not None
        if isinstance(choice, Refusal):
            self.fail(queued, cycle, choice)
            return
        waits = cycle.waits(pod)
        if waits:
            self._state.assume(pod, choice)
            self._wait(queued, cycle, choice, waits)
            return
        spec = pod.spec
        uses = (spec.volumes and has_claims(spec.volumes)) or self._state.nodes.uses_devices(pod)
        if not (uses or cycle.always_prepares):
            self._state.assume(pod, choice)
            self._binder.bind(queued, cycle, choice)
            return
        self._prepare(queued, cycle, choice)

    def _wait(self, queued: QueuedPod, cycle: Cycle, node: str, waits: list[Preparation]) -> None:
        """Hold a pod at Permit."""
        uid = queued.pod.metadata.uid
        self._state.queue.take_off(queued)
        self._reports[cycle.name].expected(self.latest(queued.pod), node)

        def told(error: BaseException | None) -> None:
            if error is None:
                self._prepare(queued, cycle, node)
            else:
                self._bind_failed(queued, cycle, node, (), error)

        self._preparations.start(uid, waits, lambda: self._state.binding.get(uid) == node, told)

    def _prepare(self, queued: QueuedPod, cycle: Cycle, node: str) -> None:
        """PreBind, and then the binding."""
        pod = queued.pod
        prepared = cycle.prepare(pod, node)
        if isinstance(prepared, Refusal):
            if self._state.binding.pop(pod.metadata.uid, None) is not None:  # it waited at Permit
                self._state.nodes.remove_pod(pod.metadata.uid, node)
            self.fail(queued, cycle, prepared)
            return
        self._state.assume(pod, node)
        if any(each.takes_time for each in prepared):
            self._write_first(queued, cycle, node, prepared)
        else:  # nobody has to be told first where the pod is expected, as in kube-scheduler
            self._bind_late(queued, cycle, node, prepared)

    def _write_first(
        self, queued: QueuedPod, cycle: Cycle, node: str, prepared: list[Preparation]
    ) -> None:
        """Write what plugins want written, and bind the pod when that has had its effect."""
        uid = queued.pod.metadata.uid
        self._reports[cycle.name].expected(self.latest(queued.pod), node)
        watch = cycle.stopwatch
        began = watch.now() if watch is not None else 0.0

        def told(error: BaseException | None) -> None:
            if watch is not None:
                watch.ended("PreBind", began, "Success" if error is None else "Error")
            if error is None:
                self._bind_late(queued, cycle, node, prepared)
            else:
                self._bind_failed(queued, cycle, node, (), error)

        self._preparations.start(uid, prepared, lambda: self._state.binding.get(uid) == node, told)

    def _bind_late(
        self, queued: QueuedPod, cycle: Cycle, node: str, prepared: Sequence[Preparation]
    ) -> None:
        """Bind a pod for which others were waited for."""
        measured = self._state.measured
        if measured is not None:
            measured.binds(queued.pod.metadata.uid, self._ctx.clock.monotonic())
        self._binder.bind(queued, cycle, node, prepared)

    def _bound(self, pod: Pod, cycle: Cycle, node: str, _: object) -> None:
        fault = cycle.bound(pod, node)
        if fault:
            self._ctx.log.warning("plugin failed", pod=pod.metadata.name, error=fault)
        if self._tells:
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
        if self._state.binding.get(uid) != node:
            return  # the watch has said meanwhile where it is, or that it is gone
        self._state.errors += 1
        if self._state.measured is not None:
            fault = not isinstance(error, Rejected)
            now = self._ctx.clock.monotonic()
            self._state.measured.failed(uid, cycle.name, now, fault=fault)
        del self._state.binding[uid]
        self._state.nodes.remove_pod(uid, node)
        if isinstance(error, NotFound):
            return
        if isinstance(error, Conflict):
            current = self._pods.get(metadata.namespace, metadata.name)
            if current is None or current.metadata.uid != uid or has_node(current):
                return
        self._happened(ClusterEvent.POD_REMOVED, queued.pod, None)  # its place is free again
        now = self._ctx.clock.monotonic()
        refused_by = (error.plugin,) if isinstance(error, Rejected) else ()
        queued.pod = self.latest(queued.pod)
        self._state.queue.fail(queued, frozenset(refused_by), now)
        words = str(error)
        if isinstance(error, Rejected):
            words = unavailable(1, {words: 1})
        elif isinstance(error, ApiError):
            words = f'running Bind plugin "DefaultBinder": {words}'
        elif not isinstance(error, SchedulerFault):
            return  # nobody has answered: there is nothing to say of it
        self._reports[cycle.name].unschedulable(
            queued.pod, words, nominated="", fault=not refused_by
        )

    def fail(self, queued: QueuedPod, cycle: Cycle, refusal: Refusal) -> None:
        """A pod got no node: room may be made for it, and it waits."""
        self._state.unschedulable += 1
        metadata = queued.pod.metadata
        queued.pod = pod = self.latest(queued.pod)
        made = cycle.make_room(pod, refusal)
        if self._state.measured is not None:
            now = self._ctx.clock.monotonic()
            self._state.measured.failed(metadata.uid, cycle.name, now, fault=refusal.fault)
            if not refusal.fault and refusal.stage == "filter":
                self._state.measured.preempted(
                    len(made.nomination.victims) if made.nomination else 0
                )
        self._state.queue.take_off(queued)  # what a victim leaves at once is heard of
        self.evictions.make_room(made, pod, cycle)
        if made.nomination is not None:
            self._state.nominations.put(pod, made.nomination.node)
        elif made.nominated == "":
            self._state.nominations.remove(metadata.uid)
        self._state.queue.fail(queued, made.refusal.plugins, self._ctx.clock.monotonic())
        self._reports[cycle.name].unschedulable(
            pod, made.refusal.message, nominated=made.nominated, fault=made.refusal.fault
        )

    def latest(self, pod: Pod) -> Pod:
        """A pod as the API server has it now: what is said of it already need not be said again."""
        current = self._pods.get(pod.metadata.namespace, pod.metadata.name)
        same = current is not None and current.metadata.uid == pod.metadata.uid
        return current if same and current is not None else pod
