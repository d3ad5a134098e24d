"""Tolerations that make others needless."""

from collections.abc import Sequence

from orchestrator.api.core.v1 import Toleration


def merged(tolerations: Sequence[Toleration]) -> tuple[Toleration, ...]:
    """Without those that another one makes needless; of equal ones the first stays."""
    kept: list[Toleration] = []
    for position, each in enumerate(tolerations):
        later = (other for other in tolerations[position + 1 :] if other != each)
        if not any(covers(other, each) for other in (*kept, *later)):
            kept.append(each)
    return tuple(kept)


def covers(wide: Toleration, narrow: Toleration) -> bool:
    """Whether the first tolerates all that the second does."""
    if wide == narrow:
        return True
    if (narrow.key or "") != (wide.key or "") and (wide.key or wide.operator != "Exists"):
        return False
    if (narrow.effect or "") != (wide.effect or "") and wide.effect:
        return False
    limit, asked = wide.toleration_seconds, narrow.toleration_seconds
    if wide.effect == "NoExecute" and limit is not None and (asked is None or asked > limit):
        return False
    if wide.operator == "Exists":
        return True
    same = (narrow.value or "") == (wide.value or "")
    return wide.operator in ("Equal", "", None) and narrow.operator == "Equal" and same
