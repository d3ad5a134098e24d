"""A Deployment's status: counts, and the conditions Available and Progressing."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import (
    Deployment,
    DeploymentCondition,
    DeploymentStatus,
    ReplicaSet,
)
from orchestrator.controllers.deployment.replica_sets import replicas_of
from orchestrator.controllers.deployment.rolling import Sizes, available_of
from orchestrator.machinery.times import format_time, parse_time

_NO_DEADLINE: Final = 2**31 - 1
_AVAILABLE: Final = "NewReplicaSetAvailable"
_TIMED_OUT: Final = "ProgressDeadlineExceeded"
_PAUSED: Final = "DeploymentPaused"


def counts(sets: Sequence[ReplicaSet], field: str) -> int:
    """The sum of a status field over sets."""
    return sum((getattr(s.status, field) or 0) for s in sets if s.status is not None)


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """All pods are of the new template and available, and no old ones are left."""
    spec = deployment.spec
    desired = 1 if spec is None or spec.replicas is None else spec.replicas
    return (
        (status.updated_replicas or 0) == desired
        and (status.replicas or 0) == desired
        and (status.available_replicas or 0) == desired
        and (status.observed_generation or 0) >= (deployment.metadata.generation or 0)
    )


def counted_status(
    deployment: Deployment,
    new: ReplicaSet | None,
    sets: Sequence[ReplicaSet],
    sizes: Sizes,
    now: float,
) -> DeploymentStatus:
    """The status at `now` (epoch seconds) with its counts and Available; all other conditions stay.

    It is what Kubernetes writes while a Deployment is scaled, paused or deleted: none of these is progress.
    """
    available = sum(available_of(s) for s in sets)
    total = sum(replicas_of(s) for s in sets)
    old = deployment.status or DeploymentStatus()
    status = DeploymentStatus(
        observed_generation=deployment.metadata.generation,
        # Kubernetes leaves out what is zero, but for the terminating pods.
        replicas=counts(sets, "replicas") or None,
        updated_replicas=(counts([new], "replicas") if new is not None else 0) or None,
        ready_replicas=counts(sets, "ready_replicas") or None,
        available_replicas=available or None,
        unavailable_replicas=max(0, total - available) or None,
        terminating_replicas=counts(sets, "terminating_replicas"),
        collision_count=old.collision_count,
        conditions=old.conditions,
    )
    if available >= sizes.minimum_available:
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
        return _with(status, _condition("Available", "True", reason, message, now))
    reason = "MinimumReplicasUnavailable"
    message = "Deployment does not have minimum availability."
    return _with(status, _condition("Available", "False", reason, message, now))


def status_of(
    deployment: Deployment,
    new: ReplicaSet | None,
    sets: Sequence[ReplicaSet],
    sizes: Sizes,
    now: float,
) -> tuple[DeploymentStatus, float | None]:
    """The status at `now` during a rollout, and when (epoch seconds) the progress deadline passes, if it runs."""
    status = counted_status(deployment, new, sets, sizes, now)
    old = deployment.status or DeploymentStatus()
    deadline: float | None = None
    if not has_deadline(deployment):
        status = _without(status, "Progressing")
    elif not _was_complete(status, old):
        status, deadline = _progressing(deployment, new, status, old, now)
    failure = _failure(new, sets)
    if failure is None:
        return _without(status, "ReplicaFailure"), deadline
    return _with(status, failure), deadline


def with_progress(
    status: DeploymentStatus | None, to: str, reason: str, message: str, now: float
) -> DeploymentStatus:
    """A status whose Progressing says so, as it does when a ReplicaSet is made, or a Deployment paused."""
    return _with(status or DeploymentStatus(), _condition("Progressing", to, reason, message, now))


def has_deadline(deployment: Deployment) -> bool:
    """Whether anybody asks for the Deployment's progress: only then there is a condition of it."""
    seconds = deployment.spec.progress_deadline_seconds if deployment.spec else None
    return seconds is not None and seconds != _NO_DEADLINE


def pause_noted(deployment: Deployment, now: float) -> DeploymentStatus | None:
    """The status with a pause's beginning or end, where it does not say so yet; a lack of progress stays."""
    spec, status = deployment.spec, deployment.status
    progressing = find_condition(status, "Progressing")
    reason = progressing.reason if progressing is not None else ""
    if spec is None or not has_deadline(deployment) or reason == _TIMED_OUT:
        return None
    if spec.paused and reason != _PAUSED:
        return with_progress(status, "Unknown", _PAUSED, "Deployment is paused", now)
    if not spec.paused and reason == _PAUSED:
        return with_progress(status, "Unknown", "DeploymentResumed", "Deployment is resumed", now)
    return None


def find_condition(status: DeploymentStatus | None, type_: str) -> DeploymentCondition | None:
    """The condition of a type, if there is one."""
    conditions = status.conditions if status is not None else ()
    return next((c for c in conditions if c.type == type_), None)


def _condition(
    type_: str, status: str, reason: str, message: str, now: float
) -> DeploymentCondition:
    at = format_time(now)
    return DeploymentCondition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_update_time=at,
        last_transition_time=at,
    )


def _with(status: DeploymentStatus, condition: DeploymentCondition) -> DeploymentStatus:
    """A status with a condition, which stands last; one of the same status and reason stays as it is."""
    was = find_condition(status, condition.type)
    if was is not None and (was.status, was.reason) == (condition.status, condition.reason):
        return status
    if was is not None and was.status == condition.status:
        condition = replace(condition, last_transition_time=was.last_transition_time)
    kept = tuple(c for c in status.conditions if c.type != condition.type)
    return replace(status, conditions=(*kept, condition))


def _without(status: DeploymentStatus, type_: str) -> DeploymentStatus:
    return replace(status, conditions=tuple(c for c in status.conditions if c.type != type_))


def _was_complete(status: DeploymentStatus, old: DeploymentStatus) -> bool:
    """Whether the last rollout is over: pods that are lost, or wanted since, do not begin another one."""
    was = find_condition(old, "Progressing")
    over = was is not None and was.reason == _AVAILABLE
    return over and (status.replicas or 0) == (status.updated_replicas or 0)


def _progressing(
    deployment: Deployment,
    new: ReplicaSet | None,
    status: DeploymentStatus,
    old: DeploymentStatus,
    now: float,
) -> tuple[DeploymentStatus, float | None]:
    """The status with what a rollout has come to, and when its deadline passes."""
    assert deployment.spec is not None
    was = find_condition(old, "Progressing")
    what = (
        f'ReplicaSet "{new.metadata.name}"' if new else f'Deployment "{deployment.metadata.name}"'
    )
    if is_complete(deployment, status):
        message = f"{what} has successfully progressed."
        return with_progress(status, "True", _AVAILABLE, message, now), None
    seconds = deployment.spec.progress_deadline_seconds or 0
    if _progressed(status, old):
        reason, message = "ReplicaSetUpdated", f"{what} is progressing."
        condition = _condition("Progressing", "True", reason, message, now)
        # Progress renews the condition's time even when its words stay.
        if was is not None and was.status == "True":
            condition = replace(condition, last_transition_time=was.last_transition_time)
        return _with(_without(status, "Progressing"), condition), now + seconds
    if was is None or was.reason == _AVAILABLE:
        return status, None
    deadline = (parse_time(was.last_update_time) if was.last_update_time else now) + seconds
    if was.reason == _TIMED_OUT or now >= deadline:
        message = f"{what} has timed out progressing."
        return with_progress(status, "False", _TIMED_OUT, message, now), None
    return status, deadline


def _progressed(status: DeploymentStatus, old: DeploymentStatus) -> bool:
    """More updated, ready or available pods, or fewer old ones, than last time."""
    before = (old.replicas or 0) - (old.updated_replicas or 0)
    after = (status.replicas or 0) - (status.updated_replicas or 0)
    return (
        (status.updated_replicas or 0) > (old.updated_replicas or 0)
        or after < before
        or (status.ready_replicas or 0) > (old.ready_replicas or 0)
        or (status.available_replicas or 0) > (old.available_replicas or 0)
    )


def _failure(new: ReplicaSet | None, sets: Sequence[ReplicaSet]) -> DeploymentCondition | None:
    """The ReplicaFailure of the new set, or else of any."""
    for replica_set in ([new] if new is not None else []) + list(sets):
        conditions = replica_set.status.conditions if replica_set.status is not None else ()
        for c in conditions:
            if c.type == "ReplicaFailure":
                return DeploymentCondition(
                    type=c.type,
                    status=c.status,
                    reason=c.reason,
                    message=c.message,
                    last_update_time=c.last_transition_time,
                    last_transition_time=c.last_transition_time,
                )
    return None
