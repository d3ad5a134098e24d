"""DefaultPreemption: whom a pod drives away, and from which node."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.scheduler.oracle.selectors import is_empty, matches
from tests.scheduler.oracle.world import (
    Manifest,
    Refused,
    World,
    labels_of,
    name_of,
    namespace_of,
    priority_of,
)

Look = Callable[[World, Manifest, str], Refused | None]
_NOBODY = Refused(("No preemption victims found for incoming pod",))
_HOPELESS = "Preemption is not helpful for scheduling"


@dataclass
class Candidate:
    """A node, who has to go from it (the most important first), and how many of them against a budget."""

    node: str
    victims: list[Manifest]
    violations: int


def preempt(
    world: World, pod: Manifest, refused: Mapping[str, Refused], look: Look
) -> list[Candidate] | str:
    """The nodes that are as good as one another; or why there is none. `look` filters one node."""
    why = _ineligible(world, pod, refused)
    if why:
        return why
    candidates: list[Candidate] = []
    reasons: Counter[str] = Counter()
    for node, status in refused.items():
        if status.hopeless:
            continue
        found = candidate(world, pod, node, look)
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            reasons.update(found.reasons)
    if candidates:
        return best(candidates)
    absent = len(world.nodes) - sum(not status.hopeless for status in refused.values())
    if absent:
        reasons[_HOPELESS] += absent
    counted = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return f"0/{len(world.nodes)} nodes are available: {counted}."


def candidate(world: World, pod: Manifest, node: str, look: Look) -> Candidate | Refused:
    """All that are less important go in thought, and come back one by one where there is room still."""
    lower = [p for p in world.pods_on(node) if priority_of(p) < priority_of(pod)]
    if not lower:
        return _NOBODY
    left = world.without(*lower)
    refused = look(left, pod, node)
    if refused is not None:
        return refused
    lower = _by_importance(lower)
    violating = _against_budgets(world, lower)
    victims: list[Manifest] = []
    for each in (*violating, *(p for p in lower if p not in violating)):
        back = left.with_pods(node, each)
        if look(back, pod, node) is None:
            left = back
        else:
            victims.append(each)
    victims = _by_importance(victims)
    return Candidate(node, victims, sum(victim in violating for victim in victims))


def best(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that cost least, one kind of cost after another."""
    costs: tuple[Callable[[Candidate], int], ...] = (
        lambda c: c.violations,
        lambda c: priority_of(c.victims[0]),
        lambda c: sum(priority_of(victim) + 2**31 for victim in c.victims),
        lambda c: len(c.victims),
    )
    left = list(candidates)
    for cost in costs:
        least = min(map(cost, left))
        left = [each for each in left if cost(each) == least]
    youngest = max(map(_earliest, left))
    return [each for each in left if _earliest(each) == youngest]


def _earliest(candidate: Candidate) -> tuple[bool, str]:
    """When the first of the most important victims began."""
    most = priority_of(candidate.victims[0])
    return min(_began(victim) for victim in candidate.victims if priority_of(victim) == most)


def _by_importance(pods: Sequence[Manifest]) -> list[Manifest]:
    """High priorities first, then who has run for longest; of those that have not begun the last comes first."""

    def rank(place: int) -> tuple[int, tuple[bool, str], int]:
        began = _began(pods[place])
        return -priority_of(pods[place]), began, -place if began[0] else 0

    return [pods[place] for place in sorted(range(len(pods)), key=rank)]


def _began(pod: Manifest) -> tuple[bool, str]:
    """When a pod began; those that have not, after all others."""
    began = (pod.get("status") or {}).get("startTime")
    return began is None, began or ""


def _against_budgets(world: World, pods: Sequence[Manifest]) -> list[Manifest]:
    """Those that no budget lets go any more after the ones before them."""
    budgets = world.all_of("PodDisruptionBudget")
    allowed = [(b.get("status") or {}).get("disruptionsAllowed", 0) for b in budgets]
    found = []
    for pod in pods:
        violates = False
        for number, budget in enumerate(budgets):
            if _covers(budget, pod):
                allowed[number] -= 1
                violates = violates or allowed[number] < 0
        if violates:
            found.append(pod)
    return found


def _covers(budget: Manifest, pod: Manifest) -> bool:
    selector = budget["spec"].get("selector")
    disrupted = (budget.get("status") or {}).get("disruptedPods") or {}
    return (
        namespace_of(budget) == namespace_of(pod)
        and bool(labels_of(pod))
        and not is_empty(selector)
        and matches(selector, labels_of(pod))
        and name_of(pod)[1] not in disrupted
    )


def _ineligible(world: World, pod: Manifest, refused: Mapping[str, Refused]) -> str:
    if pod["spec"].get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    node = (pod.get("status") or {}).get("nominatedNodeName") or ""
    if node not in refused or refused[node].hopeless:
        return ""
    leaving = any(
        priority_of(other) < priority_of(pod) and _is_preempted(other)
        for other in world.pods_on(node)
    )
    return "not eligible due to a terminating pod on the nominated node." if leaving else ""


def _is_preempted(pod: Manifest) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp")) and any(
        c["type"] == "DisruptionTarget"
        and c["status"] == "True"
        and c["reason"] == "PreemptionByScheduler"
        for c in (pod.get("status") or {}).get("conditions") or ()
    )
