"""Taints of nodes, and the tolerations of pods that bear them.

`NoSchedule` and `NoExecute` repel; `PreferNoSchedule` only weighs. `NoExecute` also evicts, after
`toleration_seconds` where a toleration grants them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.api.core.v1 import Taint, Toleration

NO_SCHEDULE: Final = "NoSchedule"
PREFER_NO_SCHEDULE: Final = "PreferNoSchedule"
NO_EXECUTE: Final = "NoExecute"
REPELLING: Final = (NO_SCHEDULE, NO_EXECUTE)
"""The effects that keep a new pod away."""


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether one toleration bears one taint.

    An empty effect bears every effect, an empty key every key; `Exists` every value.
    """
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    match toleration.operator:
        case "" | "Equal":
            return toleration.value == taint.value
        case "Exists":
            return True
    return False  # Lt and Gt stand behind a gate that is closed by default


def tolerated(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Whether any of the tolerations bears the taint."""
    for toleration in tolerations:  # noqa: SIM110  # a generator would cost twice the loop
        if tolerates(toleration, taint):
            return True
    return False


def untolerated(
    taints: Iterable[Taint],
    tolerations: Sequence[Toleration],
    effects: Sequence[str] = REPELLING,
) -> Taint | None:
    """The first taint of these effects that no toleration bears."""
    for taint in taints:
        if taint.effect in effects and not tolerated(tolerations, taint):
            return taint
    return None


def count_untolerated_preferences(
    taints: Iterable[Taint], tolerations: Sequence[Toleration]
) -> int:
    """How many `PreferNoSchedule` taints nothing bears; what the scheduler scores by."""
    bearing = [each for each in tolerations if each.effect in ("", PREFER_NO_SCHEDULE)]
    return sum(
        1
        for taint in taints
        if taint.effect == PREFER_NO_SCHEDULE and not tolerated(bearing, taint)
    )


def eviction_seconds(taints: Iterable[Taint], tolerations: Sequence[Toleration]) -> float | None:
    """How long a pod may stay on a node with these taints: None for ever, 0 for not at all.

    Only `NoExecute` taints count, and of all tolerations that bear one the least patient.
    """
    evicting = [taint for taint in taints if taint.effect == NO_EXECUTE]
    used = []
    for taint in evicting:
        bearing = [toleration for toleration in tolerations if tolerates(toleration, taint)]
        if not bearing:
            return 0.0
        used += bearing
    limits = [each.toleration_seconds for each in used if each.toleration_seconds is not None]
    return float(max(0, min(limits))) if limits else None


def same_taint(left: Taint, right: Taint) -> bool:
    """Whether two taints are one: a node has at most one of a key and effect."""
    return left.key == right.key and left.effect == right.effect


def with_taint(taints: tuple[Taint, ...], taint: Taint) -> tuple[Taint, ...]:
    """The taints with this one added or, where it differs, replaced; else the very same tuple."""
    for present in taints:
        if same_taint(present, taint):
            if present.value == taint.value:
                return taints
            return tuple(taint if each is present else each for each in taints)
    return (*taints, taint)


def without_taint(taints: tuple[Taint, ...], taint: Taint) -> tuple[Taint, ...]:
    """The taints without this one; the very same tuple if it was not there."""
    kept = tuple(each for each in taints if not same_taint(each, taint))
    return taints if len(kept) == len(taints) else kept
