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


def status_of(
    deployment: Deployment,
    new: ReplicaSet | None,
    sets: Sequence[ReplicaSet],
    sizes: Sizes,
    now: float,
) -> tuple[DeploymentStatus, float | None]:
    """The status at `now`, and when (epoch seconds) the progress deadline passes, if it runs."""
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
    )
    conditions = [c for c in old.conditions if c.type not in ("Available", "Progressing")]
    conditions.append(_available(old, available >= sizes.minimum_available, now))
    progressing, deadline = _progressing(deployment, new, status, old, now)
    if progressing is not None:
        conditions.append(progressing)
    failure = _failure(new, sets)
    conditions = [c for c in conditions if c.type != "ReplicaFailure"] + failure
    return replace(status, conditions=tuple(conditions)), deadline


def _find(status: DeploymentStatus, type_: str) -> DeploymentCondition | None:
    return next((c for c in status.conditions if c.type == type_), None)


def _condition(
    old: DeploymentStatus, type_: str, status: str, reason: str, message: str, now: float
) -> DeploymentCondition:
    """The condition; an equal one stays as it is, and the transition time changes with status."""
    was = _find(old, type_)
    if was is not None and (was.status, was.reason, was.message) == (status, reason, message):
        return was
    at = format_time(now)
    since = was.last_transition_time if was is not None and was.status == status else at
    return DeploymentCondition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_update_time=at,
        last_transition_time=since,
    )


def _available(old: DeploymentStatus, enough: bool, now: float) -> DeploymentCondition:
    if enough:
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
        return _condition(old, "Available", "True", reason, message, now)
    reason = "MinimumReplicasUnavailable"
    message = "Deployment does not have minimum availability."
    return _condition(old, "Available", "False", reason, message, now)


def _progressing(
    deployment: Deployment,
    new: ReplicaSet | None,
    status: DeploymentStatus,
    old: DeploymentStatus,
    now: float,
) -> tuple[DeploymentCondition | None, float | None]:
    deadline_seconds = deployment.spec.progress_deadline_seconds if deployment.spec else None
    was = _find(old, "Progressing")
    if deadline_seconds is None or deadline_seconds == _NO_DEADLINE:
        return None, None
    if deployment.spec is not None and deployment.spec.paused:
        message = "Deployment is paused"
        return _condition(old, "Progressing", "Unknown", "DeploymentPaused", message, now), None
    name = new.metadata.name if new is not None else ""
    what = f'ReplicaSet "{name}"' if name else f'Deployment "{deployment.metadata.name}"'
    if is_complete(deployment, status):
        message = f"{what} has successfully progressed."
        reason = "NewReplicaSetAvailable"
        return _condition(old, "Progressing", "True", reason, message, now), None
    if (
        _progressed(status, old)
        or was is None
        or was.reason in ("NewReplicaSetAvailable", "DeploymentPaused")
    ):
        message = f"{what} is progressing."
        # Progress renews the condition's time even when its words stay.
        at = format_time(now)
        since = was.last_transition_time if was is not None and was.status == "True" else at
        condition = DeploymentCondition(
            type="Progressing",
            status="True",
            reason="ReplicaSetUpdated",
            message=message,
            last_update_time=at,
            last_transition_time=since,
        )
        return condition, now + deadline_seconds
    updated = parse_time(was.last_update_time) if was.last_update_time else now
    deadline = updated + deadline_seconds
    if was.reason == "ProgressDeadlineExceeded" or now >= deadline:
        message = f"{what} has timed out progressing."
        reason = "ProgressDeadlineExceeded"
        return _condition(old, "Progressing", "False", reason, message, now), None
    return was, deadline


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


def _failure(new: ReplicaSet | None, sets: Sequence[ReplicaSet]) -> list[DeploymentCondition]:
    """The ReplicaFailure of the new set, or else of any."""
    for replica_set in ([new] if new is not None else []) + list(sets):
        conditions = replica_set.status.conditions if replica_set.status is not None else ()
        for c in conditions:
            if c.type == "ReplicaFailure":
                return [
                    DeploymentCondition(
                        type=c.type,
                        status=c.status,
                        reason=c.reason,
                        message=c.message,
                        last_update_time=c.last_transition_time,
                        last_transition_time=c.last_transition_time,
                    )
                ]
    return []
