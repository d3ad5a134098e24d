"""How a rolling update moves replicas from old sets to the new one: pure arithmetic.

Follows kube-controller-manager: the new set grows up to `desired + maxSurge` in all; old sets shrink
as far as `desired - maxUnavailable` available pods stay, those with unhealthy pods first; and a
Deployment that is scaled in the middle of a rollout spreads the change over its sets in proportion.
"""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.api.apps.v1 import Deployment, ReplicaSet
from orchestrator.controllers.deployment.replica_sets import (
    MAXIMUM,
    by_age,
    desired_of,
    replicas_of,
)
from orchestrator.machinery.intstr import resolve


class Sizes(NamedTuple):
    """The bounds of a rollout, in pods."""

    desired: int
    surge: int
    unavailable: int

    @property
    def maximum(self) -> int:
        """How many pods there may be in all."""
        return self.desired + self.surge

    @property
    def minimum_available(self) -> int:
        """How many pods must stay available."""
        return self.desired - self.unavailable


def sizes_of(deployment: Deployment) -> Sizes:
    """maxSurge rounds up and maxUnavailable rounds down; if both are zero, one may be missing."""
    desired = desired_of(deployment)
    strategy = deployment.spec.strategy if deployment.spec is not None else None
    if strategy is None or strategy.type == "Recreate":
        return Sizes(desired, 0, 0)
    rolling = strategy.rolling_update
    surge_wish = "25%" if rolling is None or rolling.max_surge is None else rolling.max_surge
    unavailable_wish = (
        "25%" if rolling is None or rolling.max_unavailable is None else rolling.max_unavailable
    )
    surge = resolve(surge_wish, desired, round_up=True)
    unavailable = resolve(unavailable_wish, desired, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Sizes(desired, surge, min(unavailable, desired))


def new_size(new: int, total: int, sizes: Sizes) -> int:
    """The size of the new set, which has `new` of `total` replicas now."""
    if total >= sizes.maximum:
        return new
    return min(new + sizes.maximum - total, sizes.desired) if new < sizes.desired else new


def available_of(replica_set: ReplicaSet) -> int:
    """How many of the set's pods are available, by its status."""
    return (replica_set.status.available_replicas or 0) if replica_set.status is not None else 0


def shrink_old(new: ReplicaSet, old: Sequence[ReplicaSet], sizes: Sizes) -> dict[str, int]:
    """The old sets' new sizes, by name, for those that shrink.

    None do while one that has just shrunk still tells of pods that it takes away: these count for nobody.
    """
    total = replicas_of(new) + sum(replicas_of(s) for s in old)
    new_missing = replicas_of(new) - available_of(new)
    most = total - sizes.minimum_available - new_missing
    if most <= 0:
        return {}
    if any(0 < replicas_of(s) < available_of(s) for s in old):
        return {}
    result = _drop_unhealthy(old, most)
    remaining = {s.metadata.name: result.get(s.metadata.name, replicas_of(s)) for s in old}
    available = sum(min(available_of(s), replicas_of(s)) for s in (new, *old))
    budget = available - sizes.minimum_available
    for replica_set in by_age(old):
        if budget <= 0:
            break
        name = replica_set.metadata.name
        drop = min(remaining[name], budget)
        if drop > 0:
            remaining[name] -= drop
            result[name] = remaining[name]
            budget -= drop
    return result


def _drop_unhealthy(old: Sequence[ReplicaSet], most: int) -> dict[str, int]:
    """Pods that are not available cost nothing: they go first, up to `most`."""
    result: dict[str, int] = {}
    for replica_set in by_age(old):
        size = replicas_of(replica_set)
        drop = min(most, size - available_of(replica_set))
        if most <= 0 or drop <= 0:
            continue
        result[replica_set.metadata.name] = size - drop
        most -= drop
    return result


def scale_in_proportion(
    sets: Sequence[ReplicaSet], sizes: Sizes, reported: int = 0
) -> dict[str, int]:
    """The sizes, by name, of the active sets of a Deployment that was scaled during a rollout.

    Each set gets its share of the difference by its part of the whole (rounded), largest first; what rounding
    leaves over goes to the first, as far as it has pods to give. The whole is what the set notes, else the pods
    `reported` by the Deployment's status; where neither is known there is no share.
    """
    active = [s for s in sets if replicas_of(s) > 0]
    total = sum(replicas_of(s) for s in active)
    allowed = sizes.maximum if sizes.desired > 0 else 0
    to_add = allowed - total
    growing = to_add > 0
    # Among equals the newest grows first and the oldest shrinks first.
    aged = by_age(active)
    if growing:
        aged.reverse()
    ordered = sorted(aged, key=lambda s: -replicas_of(s))
    result = {s.metadata.name: replicas_of(s) for s in ordered}
    added = 0
    for replica_set in ordered:
        if to_add == 0:
            break
        share = _share(replica_set, sizes, reported, to_add - added)
        result[replica_set.metadata.name] += share
        added += share
    if ordered:
        first = ordered[0].metadata.name
        result[first] = max(0, result[first] + to_add - added)
    return result


def _share(replica_set: ReplicaSet, sizes: Sizes, reported: int, room: int) -> int:
    size = replicas_of(replica_set)
    text = replica_set.metadata.annotations.get(MAXIMUM, "")
    was = int(text) if text.isdecimal() and int(text) > 0 else reported
    if sizes.desired == 0:
        fraction = -size
    else:
        fraction = round_half_away(size * sizes.maximum, was) - size if was else 0
    return min(fraction, room) if room > 0 else max(fraction, room)


def round_half_away(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves up (both are not negative)."""
    return (2 * numerator + denominator) // (2 * denominator)
