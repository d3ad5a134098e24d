"""DefaultPreemption: pods of lower priority go so that one of higher priority fits."""

from collections import Counter
from typing import Final

from orchestrator.api.core.v1 import Pod
from orchestrator.api.policy.v1 import PodDisruptionBudget
from orchestrator.scheduler.errors import InvalidProfile, PluginError
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Attempts, Nomination, Plugin
from orchestrator.scheduler.nominations import Candidate, priority_of
from orchestrator.scheduler.preemption import (
    NO_VICTIMS,
    best_candidate,
    candidates_on,
    with_victims,
)
from orchestrator.scheduler.refusals import Refusal, unavailable

_PREFIX: Final = "preemption: "
_HOPELESS: Final = "Preemption is not helpful for scheduling"


class DefaultPreemption(Plugin):
    """Looks for the node where evictions harm least; the scheduler performs them.

    Of the nodes that evictions may help so many become candidates at most: `percentage` of them,
    but at least `absolute`. Raises InvalidProfile.
    """

    name = "DefaultPreemption"
    helped_by = frozenset((ClusterEvent.POD_REMOVED,))
    watches = (PodDisruptionBudget,)

    def __init__(self, percentage: int = 10, absolute: int = 100) -> None:
        if not 0 <= percentage <= 100:
            raise InvalidProfile(f"minCandidateNodesPercentage is {percentage}: 0 to 100 is right")
        if absolute < 0 or not (percentage or absolute):
            raise InvalidProfile("DefaultPreemption must look at some nodes")
        self._percentage, self._absolute = percentage, absolute

    def post_filter(self, pod: Pod, refusal: Refusal, cycle: Attempts) -> Nomination | str:
        """As `PostFilter.post_filter`."""
        found: tuple[Candidate, ...] | str | None = refusal.reviewed
        if isinstance(found, str):
            raise PluginError(self.name, _PREFIX + found)  # what an extender failed by
        if found is None:
            try:
                found = self.candidates(pod, refusal, cycle)
            except PluginError as error:
                raise PluginError(error.plugin, f"{_PREFIX}{error}") from error
        if isinstance(found, str):
            return _PREFIX + found
        if not found:
            return f"{_PREFIX}no candidate node for preemption"
        chosen = best_candidate(found)
        return Nomination(cycle.nodes.names[chosen.row], chosen.victims)

    def candidates(
        self, pod: Pod, refusal: Refusal, cycle: Attempts
    ) -> tuple[Candidate, ...] | str:
        """The nodes where evictions would make room, one at least; or why there is none."""
        why_not = _ineligible(pod, refusal, cycle)
        if why_not:
            return why_not
        helpable = refusal.helpable
        budgets = list(cycle.nodes.objects[PodDisruptionBudget].list()) if _has(cycle) else []
        most = min(max(len(helpable) * self._percentage // 100, self._absolute), len(helpable))
        candidates: tuple[Candidate, ...] = ()
        if helpable and not cycle.nodes.any_below(priority_of(pod)):
            reasons = Counter({NO_VICTIMS: len(helpable)})  # as a look at each would find
        else:
            found, reasons = candidates_on(helpable, pod, cycle, budgets, most)
            candidates = with_victims(found, cycle.nodes)
        if not candidates:
            total = len(cycle.nodes)
            hopeless = total - len(refusal.helpable)
            if hopeless:
                reasons[_HOPELESS] += hopeless
            return unavailable(total, reasons)
        return candidates

    def withdraws(self, answer: str) -> bool:
        """Whether what was promised before holds no longer: no node is left where room can be made."""
        return answer.startswith(f"{_PREFIX}0/")


def _has(cycle: Attempts) -> bool:
    return PodDisruptionBudget in cycle.nodes.objects


def _ineligible(pod: Pod, refusal: Refusal, cycle: Attempts) -> str:
    """Why a pod may not preempt; empty when it may."""
    if pod.spec is not None and pod.spec.preemption_policy == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = pod.status.nominated_node_name if pod.status is not None else None
    row = cycle.nodes.row_of(nominated or "")
    if row is None or row not in refusal.helpable:
        return ""
    priority = priority_of(pod)
    if any(
        priority_of(other) < priority and _leaves_for_another(cycle.nodes.current(other))
        for other in cycle.nodes.pods_on(row)
    ):
        return "not eligible due to a terminating pod on the nominated node."
    return ""


def _leaves_for_another(pod: Pod) -> bool:
    if pod.metadata.deletion_timestamp is None or pod.status is None:
        return False
    return any(
        c.type == "DisruptionTarget" and c.status == "True" and c.reason == "PreemptionByScheduler"
        for c in pod.status.conditions
    )
