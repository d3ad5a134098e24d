"""Whether a rollout is complete, as `kubectl rollout status` judges it."""

from typing import Any, Final

from orchestrator.api.apps.v1 import DaemonSet, Deployment, StatefulSet

DEADLINE_EXCEEDED: Final = "ProgressDeadlineExceeded"


def left_of(workload: Any) -> str:
    """What is left to do of a Deployment's, StatefulSet's or DaemonSet's rollout; empty when it is
    complete.
    """
    status, generation = workload.status, workload.metadata.generation or 0
    if status is None or (status.observed_generation or 0) < generation:
        return "the change has not been observed"
    match workload:
        case Deployment():
            return _of_deployment(workload)
        case DaemonSet():
            return _of_daemon_set(workload)
        case StatefulSet():
            return _of_stateful_set(workload)
        case _:
            raise TypeError(f"a {type(workload).__name__} has no rollout")


def failure_of(workload: Any) -> str:
    """Why a rollout will not go on by itself; empty if it may."""
    status = workload.status
    if isinstance(workload, Deployment) and status is not None:
        for condition in status.conditions:
            if condition.type == "Progressing" and condition.reason == DEADLINE_EXCEEDED:
                return f"Deployment {workload.metadata.name} exceeded its progress deadline"
    return ""


def _of_deployment(deployment: Deployment) -> str:
    status, spec = deployment.status, deployment.spec
    assert status is not None
    wanted = 1 if spec is None or spec.replicas is None else spec.replicas
    updated, present = status.updated_replicas or 0, status.replicas or 0
    if updated < wanted:
        return f"{updated:,} of {wanted:,} new replicas have been updated"
    if present > updated:
        return f"{present - updated:,} old replicas are pending termination"
    available = status.available_replicas or 0
    if available < updated:
        return f"{available:,} of {updated:,} updated replicas are available"
    return ""


def _of_daemon_set(daemons: DaemonSet) -> str:
    status = daemons.status
    assert status is not None
    wanted, updated = status.desired_number_scheduled or 0, status.updated_number_scheduled or 0
    if updated < wanted:
        return f"{updated:,} of {wanted:,} new pods have been updated"
    available = status.number_available or 0
    return f"{available:,} of {wanted:,} updated pods are available" if available < wanted else ""


def _of_stateful_set(stateful: StatefulSet) -> str:
    status, spec = stateful.status, stateful.spec
    assert status is not None
    assert spec is not None
    wanted = 1 if spec.replicas is None else spec.replicas
    if (status.ready_replicas or 0) < wanted:
        return f"{wanted - (status.ready_replicas or 0):,} of {wanted:,} pods are not ready"
    strategy = spec.update_strategy
    rolling = strategy.rolling_update if strategy is not None else None
    if rolling is not None and rolling.partition:
        updated, due = status.updated_replicas or 0, wanted - rolling.partition
        return f"{updated:,} of {due:,} new pods have been updated" if updated < due else ""
    if status.update_revision != status.current_revision:
        return f"{status.updated_replicas or 0:,} of {wanted:,} pods are at the new revision"
    return ""
