"""Pods of one group are scheduled together: all that wait are taken from the queue, and all placed, or none."""

from collections.abc import Callable, Mapping
from functools import partial

from actors import Context
from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.backoff import QueuedPod
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.group_cycle import GroupCycle, GroupVerdict, Verdict
from orchestrator.scheduler.nominations import priority_of
from orchestrator.scheduler.outcomes import Outcomes
from orchestrator.scheduler.pod_groups import group_object, members, with_condition
from orchestrator.scheduler.reports import Reports
from orchestrator.scheduler.state import SchedulerState


class GroupScheduling:
    """Decides for groups. `cycles` and `reports` are those of each profile, by its name; `begin` counts an attempt."""

    def __init__(
        self,
        ctx: Context,
        state: SchedulerState,
        outcomes: Outcomes,
        *,
        cycles: Mapping[str, Cycle],
        reports: Mapping[str, Reports],
        begin: Callable[[QueuedPod], None],
    ) -> None:
        self._ctx, self._state, self._outcomes = ctx, state, outcomes
        self._cycles, self._reports, self._begin = cycles, reports, begin

    def schedule(self, first: QueuedPod, cycle: Cycle) -> None:
        """Decide for all waiting pods of a group, and place them, or none."""
        batch = self._batch(first)
        for queued in batch:
            self._begin(queued)
        strange = [each for each in batch if _profile_of(each.pod) != cycle.name]
        if strange:
            words = (
                "all pods in a single pod group should have the same .spec.schedulerName set, "
                f'got: "{cycle.name}" and "{_profile_of(strange[0].pod)}"'
            )
            for queued in batch:
                own = self._cycles[_profile_of(queued.pod)]
                self._fail(queued, own, Verdict(words=words, fault=True))
            return
        decided = GroupCycle(
            cycle,
            self._state.nodes,
            self._state.nominations,
            self._ctx.random,
            partial(self._outcomes.evictions.make_room, cycle=cycle),
            partial(self._outcomes.explain, cycle=cycle),
        ).decide([each.pod for each in batch])
        pairs = list(zip(batch, decided.pods, strict=True))
        self._place([(q, v) for q, v in pairs if v.node], cycle)
        for queued, verdict in pairs:
            if not verdict.node:
                self._fail(queued, cycle, verdict)
        self._tell(first.pod, decided, cycle)

    def _batch(self, first: QueuedPod) -> list[QueuedPod]:
        """All pods of a pod's group that wait, by priority, and then as they came."""
        uid = first.pod.metadata.uid
        others = [each.metadata.uid for each in members(first.pod, self._state.nodes)]
        taken = [self._state.queue.take(each) for each in others if each != uid]
        batch = [first, *(each for each in taken if each is not None)]
        for each in batch:
            each.pod = self._outcomes.latest(each.pod)
        return sorted(batch, key=lambda each: (-priority_of(each.pod), each.queued_at))

    def _place(self, chosen: list[tuple[QueuedPod, Verdict]], cycle: Cycle) -> None:
        """Bind the pods of a group; all are on their nodes before Permit is asked about the first."""
        ready: list[tuple[QueuedPod, str]] = []
        for queued, verdict in chosen:
            refusal = cycle.reserve(queued.pod, verdict.node)
            if refusal is not None:
                self._outcomes.fail(queued, cycle, refusal)
                continue
            self._state.assume(queued.pod, verdict.node)
            ready.append((queued, verdict.node))
        for queued, node in ready:
            refusal = cycle.permit_or_wait(queued.pod, node)
            if refusal is None:
                self._outcomes.place(queued, cycle, node)
                continue
            del self._state.binding[queued.pod.metadata.uid]
            self._state.nodes.remove_pod(queued.pod.metadata.uid, node)
            self._outcomes.fail(queued, cycle, refusal)

    def _fail(self, queued: QueuedPod, cycle: Cycle, verdict: Verdict) -> None:
        """A pod waits for its group's next cycle, which comes by time alone, as in kube-scheduler."""
        self._state.unschedulable += 1
        pod, now = queued.pod, self._ctx.clock.monotonic()
        if self._state.measured is not None:
            self._state.measured.failed(pod.metadata.uid, cycle.name, now, fault=verdict.fault)
        said = pod.status.nominated_node_name if pod.status is not None else None
        promised = said if verdict.nominated is None else verdict.nominated
        if promised:
            self._state.nominations.put(pod, promised)
        else:
            self._state.nominations.remove(pod.metadata.uid)
        self._state.queue.fail(queued, frozenset(), now)
        self._reports[cycle.name].unschedulable(
            pod, verdict.words, nominated=verdict.nominated, fault=verdict.fault
        )

    def _tell(self, pod: Pod, decided: GroupVerdict, cycle: Cycle) -> None:
        group = group_object(pod, self._state.nodes)
        body = with_condition(group, decided, self._ctx.clock.now()) if group is not None else None
        if group is not None and body is not None:
            self._reports[cycle.name].group(group, body)


def _profile_of(pod: Pod) -> str:
    return pod.spec.scheduler_name if pod.spec is not None else ""
