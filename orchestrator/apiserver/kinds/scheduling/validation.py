"""PriorityClasses."""

from typing import Final

from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.kinds.core.pods.spec_validation import PREEMPTION_POLICIES
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    forbidden,
    immutable,
)
from orchestrator.apiserver.validation.rules import Rules

HIGHEST_USER_PRIORITY: Final = 1_000_000_000
SYSTEM_PRIORITIES: Final = {
    "system-node-critical": 2_000_001_000,
    "system-cluster-critical": 2_000_000_000,
}


def _class_errors(priority_class: PriorityClass) -> Errors:
    name = priority_class.metadata.name
    if name.startswith("system-"):
        if error := _system_error(priority_class):
            detail = (
                "priority class names with 'system-' prefix are reserved for system use only. "
                f"error: {error}"
            )
            yield forbidden("metadata.name", detail)
    elif priority_class.value > HIGHEST_USER_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
        yield forbidden("value", detail)
    if priority_class.preemption_policy is not None:
        policy = priority_class.preemption_policy
        yield from chosen("preemptionPolicy", policy, PREEMPTION_POLICIES)


def _system_error(priority_class: PriorityClass) -> str:
    name = priority_class.metadata.name
    known = SYSTEM_PRIORITIES.get(name)
    if known is None:
        return f"{name} is not a known system priority class"
    if priority_class.value != known:
        return f"value of {name} PriorityClass must be {known}"
    if priority_class.global_default:
        return f"globalDefault of {name} PriorityClass must be false"
    return ""


def _class_change_errors(new: PriorityClass, old: PriorityClass) -> Errors:
    if new.value != old.value:
        yield forbidden("value", "may not be changed in an update.")
    yield from immutable("preemptionPolicy", new.preemption_policy, old.preemption_policy)


PRIORITY_CLASS_RULES: Final = Rules(
    spec=_class_errors, update=_class_change_errors, recheck="never"
)
