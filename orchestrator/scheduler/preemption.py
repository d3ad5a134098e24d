"""Whom to evict so that a pod fits: kube-scheduler's dry run, and its choice among nodes. Pure.

On each node that eviction may help, all pods of lower priority are thought away; if the pod fits then,
they are thought back one by one, the most important first, as long as the pod still fits. Whoever
finds no place is a victim. Those whose disruption budget would be violated are tried first.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import add, sub
from typing import Final

from orchestrator.api.core.v1 import Pod
from orchestrator.api.policy.v1 import PodDisruptionBudget
from orchestrator.machinery import labels
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.framework import Attempts
from orchestrator.scheduler.nominations import Candidate, priority_of
from orchestrator.scheduler.shape import Shape
from orchestrator.scheduler.snapshot import Snapshot

NO_VICTIMS: Final = "No preemption victims found for incoming pod"
_LEAST_PRIORITY = 1 << 31


def candidates_on(
    rows: Sequence[int],
    pod: Pod,
    cycle: Attempts,
    budgets: Sequence[PodDisruptionBudget],
    most: int,
) -> tuple[tuple[Candidate, ...], Counter[str]]:
    """Of some rows, in their order, those where evictions make room: no more than `most` if one of them violates
    no budget. And the reasons why the others are none, counted. Raises PluginError if plugins fail on some, and
    there is no candidate among the others.
    """
    trials = cycle.trials(pod)
    own = cycle.nodes.row_of(cycle.nominations.node_of(pod.metadata.uid))
    left, reasons = trials.divided(rows, own)
    candidates: list[Candidate] = []
    faults: dict[str, PluginError] = {}
    harmless = False
    for row in left:
        mine = row == own
        known = None if budgets or mine else trials.candidate(row)
        try:
            found = known or candidate_on(row, pod, cycle, budgets)
        except PluginError as error:
            faults.setdefault(str(error), error)
            continue
        if known is None and not mine and not (budgets and isinstance(found, Candidate)):
            trials.remember(row, found, lower_on(row, pod, cycle))
        if not isinstance(found, Candidate):
            reasons.update(found)
            continue
        candidates.append(found)
        harmless = harmless or not found.violations
        if harmless and len(candidates) >= most:
            break
    if faults and not candidates:
        raise _all_of(faults)
    return tuple(candidates), reasons


def with_victims(candidates: Sequence[Candidate], nodes: Snapshot) -> tuple[Candidate, ...]:
    """Those where somebody has to go. Raises PluginError: on none of them.

    Where nobody has to, it was no plugin that refused the node, but an extender.
    """
    left = tuple(each for each in candidates if each.victims)
    if candidates and not left:
        words = (
            f'expected at least one victim pod on node "{nodes.names[c.row]}"' for c in candidates
        )
        raise _all_of({each: PluginError("DefaultPreemption", each) for each in words})
    return left


def _all_of(faults: Mapping[str, PluginError]) -> PluginError:
    """Different faults as one, in the words of Go's lists of errors."""
    words = ", ".join(faults)
    return PluginError(
        next(iter(faults.values())).plugin, words if len(faults) == 1 else f"[{words}]"
    )


def lower_on(row: int, pod: Pod, cycle: Attempts) -> list[Pod]:
    """The pods of a row that a pod may evict, as they were last told."""
    priority, nodes = priority_of(pod), cycle.nodes
    return [nodes.current(p) for p in nodes.pods_on(row) if priority_of(p) < priority]


def candidate_on(
    row: int, pod: Pod, cycle: Attempts, budgets: Sequence[PodDisruptionBudget]
) -> Candidate | Counter[str]:
    """The fewest victims on a node; or the reasons why none would help, counted."""
    shape = cycle.shape_of(pod)
    lower = lower_on(row, pod, cycle)
    if not lower:
        return Counter((NO_VICTIMS,))
    lower = by_importance(lower)
    violating, others = divided_by_budgets(lower, budgets)
    left_out = _left_out_by_sums(row, (*violating, *others), pod, cycle, shape)
    if left_out is not None:
        return _candidate(row, left_out, violating)
    with cycle.supposing(row, removing=tuple(lower)):
        refusing = cycle.why_not(pod, row, shape)
        if refusing is not None:
            return Counter(refusing)
        victims = cycle.left_out(row, (*violating, *others), pod, shape)
    return _candidate(row, victims, violating)


def _candidate(row: int, victims: Sequence[Pod], violating: Sequence[Pod]) -> Candidate:
    unlucky = {victim.metadata.uid for victim in victims} if violating else ()
    violations = sum(each.metadata.uid in unlucky for each in violating)
    return Candidate(row, tuple(by_importance(victims)), violations)


def _left_out_by_sums(
    row: int, pods: Sequence[Pod], pod: Pod, cycle: Attempts, shape: Shape
) -> list[Pod] | None:
    """Who finds no place beside a pod if all of some go and come back in this order, worked out by numbers.

    None: there is more to it than sums, or the pod does not fit even when all have gone.
    """
    nodes = cycle.nodes
    if cycle.nominations.others(nodes.names[row], pod):
        return None
    spare = shape.spare(row)
    if spare is None:
        return None
    left = list(spare.values())
    amounts = [nodes.counted_for(each, spare) for each in pods]
    for amount in amounts:
        left = list(map(add, left, amount))
    if left and min(left) < 0:
        return None
    out: list[Pod] = []
    for each, amount in zip(pods, amounts, strict=True):
        after = list(map(sub, left, amount))
        if after and min(after) < 0:
            out.append(each)
        else:
            left = after
    return out


def divided_by_budgets(
    pods: Iterable[Pod], budgets: Sequence[PodDisruptionBudget]
) -> tuple[list[Pod], list[Pod]]:
    """Those whose eviction, one after another, would violate a budget; and the others."""
    left = [b.status.disruptions_allowed if b.status is not None else 0 for b in budgets]
    violating: list[Pod] = []
    others: list[Pod] = []
    for pod in pods:
        violates = False
        for number, budget in enumerate(budgets):
            if _covers(budget, pod):
                left[number] -= 1
                violates = violates or left[number] < 0
        (violating if violates else others).append(pod)
    return violating, others


def _covers(budget: PodDisruptionBudget, pod: Pod) -> bool:
    if budget.metadata.namespace != pod.metadata.namespace or not pod.metadata.labels:
        return False
    if budget.spec is None or budget.spec.selector is None:
        return False
    selector = labels.of_struct(budget.spec.selector)
    if selector.empty or not selector.matches(pod.metadata.labels):
        return False
    disrupted = budget.status.disrupted_pods if budget.status is not None else {}
    return pod.metadata.name not in disrupted


def by_importance(pods: Sequence[Pod]) -> list[Pod]:
    """The most important first, by priority and then by how long it has run.

    Of those that have not begun the last one comes first: each counts as begun at the moment at which
    kube-scheduler looks at it, which is earlier for the one that it compares with those before it.
    """

    def rank(place: int) -> tuple[int, tuple[bool, str], int]:
        begun = _started(pods[place])
        return -priority_of(pods[place]), begun, -place if begun[0] else 0

    return [pods[place] for place in sorted(range(len(pods)), key=rank)]


def _started(pod: Pod) -> tuple[bool, str]:
    """When a pod began, to be compared; one that has not began last."""
    started = pod.status.start_time if pod.status is not None else None
    return started is None, started or ""


def best_candidate(candidates: Sequence[Candidate]) -> Candidate:
    """kube-scheduler's choice: few violations, low priorities, few victims, the youngest pods."""
    left = list(candidates)
    for cost in (
        lambda c: c.violations,
        lambda c: priority_of(c.victims[0]),
        lambda c: sum(priority_of(pod) + _LEAST_PRIORITY for pod in c.victims),
        lambda c: len(c.victims),
    ):
        least = min(map(cost, left))
        left = [each for each in left if cost(each) == least]
    latest = max(map(_earliest_start, left))
    return next(each for each in left if _earliest_start(each) == latest)


def _earliest_start(candidate: Candidate) -> tuple[bool, str]:
    """When the first of the victims of highest priority began; one that has not began last."""
    highest = priority_of(candidate.victims[0])
    return min(_started(p) for p in candidate.victims if priority_of(p) == highest)
