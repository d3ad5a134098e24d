"""What all kinds that make pods from a template are refused for."""

from typing import Any, Final

from orchestrator.api.core.v1 import PodTemplateSpec
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    immutable,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import percent_errors
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.selectors import (
    is_empty,
    label_selector_errors,
    selects,
)
from orchestrator.machinery.digits import whole

MISMATCH: Final = "`selector` does not match template `labels`"


def selector_errors(path: str, selector: LabelSelector | None, kind: str) -> Errors:
    """A workload's selector must be there, and not select everything."""
    if selector is None:
        yield required(path)
        return
    yield from label_selector_errors(path, selector)
    yield from empty_selector_errors(path, selector, kind)


def empty_selector_errors(path: str, selector: LabelSelector | None, kind: str) -> Errors:
    """What selects everything is no selector of one workload's pods."""
    if selector is not None and is_empty(selector):
        yield invalid(path, as_go(selector), f"empty selector is invalid for {kind}")


def mismatch_errors(path: str, selector: LabelSelector | None, labels: Any) -> Errors:
    """A workload that did not select its own pods would make them without end."""
    if selector is None or selects(selector, labels) is False:
        yield invalid(path, as_go(labels), MISMATCH)


def template_labels(template: PodTemplateSpec | None) -> Any:
    """The labels that the template gives its pods."""
    return template.metadata.labels if template is not None else {}


def forever_errors(path: str, template: PodTemplateSpec | None, kind: str) -> Errors:
    """Pods of these workloads run until they are removed."""
    spec = template.spec if template is not None else None
    if spec is None:
        return
    if spec.restart_policy != "Always":
        where = f"{path}.spec.restartPolicy"
        yield not_supported(where, spec.restart_policy or "", ("Always",))
    if spec.active_deadline_seconds is not None:
        where = f"{path}.spec.activeDeadlineSeconds"
        yield forbidden(where, f"activeDeadlineSeconds in {kind} is not Supported")


def int_or_percent_errors(path: str, value: int | str | None) -> Errors:
    """A number of pods or a percentage of them."""
    if isinstance(value, str):
        yield from complaints(path, value, percent_errors(value))
    else:
        yield from nonnegative(path, value)


def at_most_all_errors(path: str, value: int | str | None) -> Errors:
    """A percentage of at most all."""
    if isinstance(value, str) and not percent_errors(value) and whole(value[:-1]) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def amount(value: int | str | None) -> int:
    """The number of the number or percentage; 0 when it is none."""
    if isinstance(value, str):
        return whole(value[:-1]) if not percent_errors(value) else 0
    return value or 0


def selector_change_errors(new: Any, old: Any) -> Errors:
    """A selector stays: the pods that it found would be left behind."""
    if new.spec is not None and old.spec is not None:
        yield from immutable("spec.selector", new.spec.selector, old.spec.selector)


def status_count_errors(status: Any, *fields: tuple[str, str]) -> Errors:
    """(attribute, wire name) of counts that may be zero, not less."""
    for attribute, wire in fields:
        yield from nonnegative(f"status.{wire}", getattr(status, attribute))


def at_most_errors(status: Any, detail: str, most: int, *fields: tuple[str, str]) -> Errors:
    """Counts of a part that may not be more than the whole."""
    for attribute, wire in fields:
        count = getattr(status, attribute) or 0
        if count > most:
            yield invalid(f"status.{wire}", count, detail)


def collision_errors(new: Any, old: Any) -> Errors:
    """The count of hash collisions only grows."""
    count, before = new.status.collision_count, old.status.collision_count if old.status else None
    if before is not None and (count is None or count < before):
        yield invalid("status.collisionCount", count or 0, "cannot be decremented")


_REPLICAS: Final = ("replicas", "replicas")


_FULLY_LABELED: Final = ("fully_labeled_replicas", "fullyLabeledReplicas")


_READY: Final = ("ready_replicas", "readyReplicas")


_AVAILABLE: Final = ("available_replicas", "availableReplicas")


_OBSERVED: Final = ("observed_generation", "observedGeneration")


_OF_REPLICAS: Final = "cannot be greater than status.replicas"


_OF_READY: Final = "cannot be greater than readyReplicas"


def replica_status_errors(new: Any, _old: Any) -> Errors:
    """What is wrong with the counts in the status of a ReplicaSet or ReplicationController."""
    status = new.status
    if status is None:
        return
    parts = (_FULLY_LABELED, _READY, _AVAILABLE)
    yield from status_count_errors(status, _REPLICAS, *parts, _OBSERVED)
    yield from at_most_errors(status, _OF_REPLICAS, status.replicas or 0, *parts)
    yield from at_most_errors(status, _OF_READY, status.ready_replicas or 0, _AVAILABLE)
