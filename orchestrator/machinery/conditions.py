"""Conditions: `type`, `status`, `reason`, `message`, and since when the status is what it is.

Every kind has a condition class of its own; these functions take any of them. The one law:
`last_transition_time` changes exactly when `status` does.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from msgspec import structs

from orchestrator.api.meta.v1 import Time


class Condition(Protocol):
    """What PodCondition, NodeCondition, DeploymentCondition, metav1.Condition ... share."""

    @property
    def type(self) -> str: ...
    @property
    def status(self) -> str: ...


C = TypeVar("C", bound=Condition)


def find(conditions: Sequence[C], type_: str) -> C | None:
    """The condition of a type, if it was ever set."""
    for condition in conditions:
        if condition.type == type_:
            return condition
    return None


def status_of(conditions: Sequence[Condition], type_: str) -> str:
    """`True`, `False`, or `Unknown`, which also stands for a condition that was never set."""
    condition = find(conditions, type_)
    return "Unknown" if condition is None else condition.status


def is_true(conditions: Sequence[Condition], type_: str) -> bool:
    """Whether the condition is set, and `True`."""
    condition = find(conditions, type_)
    return condition is not None and condition.status == "True"


def is_false(conditions: Sequence[Condition], type_: str) -> bool:
    """Whether the condition is set, and `False`."""
    condition = find(conditions, type_)
    return condition is not None and condition.status == "False"


def with_condition(conditions: tuple[C, ...], condition: C, now: Time) -> tuple[C, ...]:
    """The conditions with this one set; the very same tuple when nothing changes.

    A status that stays keeps its transition time; one that changes gets `now`, unless
    `condition` says since when. A difference in `last_update_time` alone is no change.
    """
    before = find(conditions, condition.type)
    if before is None:
        return (*conditions, _since(condition, _transition_of(condition) or now))
    if before.status != condition.status:
        after = _since(condition, _transition_of(condition) or now)
    else:
        after = _since(condition, _transition_of(before) or now)
    if _same(before, after):
        return conditions
    return tuple(after if each is before else each for each in conditions)


def without_condition(conditions: tuple[C, ...], type_: str) -> tuple[C, ...]:
    """The conditions without those of a type; the very same tuple when there are none."""
    kept = tuple(condition for condition in conditions if condition.type != type_)
    return conditions if len(kept) == len(conditions) else kept


def _transition_of(condition: Condition) -> Any:
    return getattr(condition, "last_transition_time", None)


def _since(condition: C, time: Time) -> C:
    if not hasattr(condition, "last_transition_time") or _transition_of(condition) == time:
        return condition
    return _replaced(condition, last_transition_time=time)


def _same(before: C, after: C) -> bool:
    updated = getattr(before, "last_update_time", None)
    if updated is not None:
        after = _replaced(after, last_update_time=updated)
    return before == after


def _replaced(condition: C, **changes: Any) -> C:
    return structs.replace(condition, **changes)  # type: ignore[type-var]  # all are Structs
