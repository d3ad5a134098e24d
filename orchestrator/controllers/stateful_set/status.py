"""The status of a StatefulSet, counted from its pods. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from orchestrator.api.apps.v1 import StatefulSet, StatefulSetStatus
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.pods import available_at
from orchestrator.controllers.stateful_set.plan import is_going, is_running_and_ready, revision_of


def status_of(
    stateful_set: StatefulSet,
    pods: Sequence[Pod],
    *,
    current: str,
    update: str,
    collisions: int,
    replaced: int,
    now: float,
) -> tuple[StatefulSetStatus, float | None]:
    """The status, and when (epoch seconds) the next pod becomes available.

    `current` and `update` name revisions; `replaced` is how many pods were just deleted for a roll-out.
    """
    spec = stateful_set.spec
    assert spec is not None
    ready = [pod for pod in pods if is_running_and_ready(pod)]
    times = [at for pod in ready if (at := available_at(pod, spec.min_ready_seconds or 0))]
    later = [at for at in times if at > now]
    staying = [pod for pod in pods if not is_going(pod)]
    status = StatefulSetStatus(
        observed_generation=stateful_set.metadata.generation,
        replicas=len(pods),
        ready_replicas=len(ready) or None,
        available_replicas=len(ready) - len(later),
        current_replicas=sum(revision_of(p) == current for p in staying) - replaced or None,
        updated_replicas=sum(revision_of(p) == update for p in staying) or None,
        current_revision=current,
        update_revision=update,
        collision_count=collisions,
        conditions=stateful_set.status.conditions if stateful_set.status is not None else (),
    )
    return _completed(stateful_set, status), min(later, default=None)


def _completed(stateful_set: StatefulSet, status: StatefulSetStatus) -> StatefulSetStatus:
    """The status with the roll-out's revision as the current one, if all pods are of it and ready."""
    spec = stateful_set.spec
    assert spec is not None
    rolling = spec.update_strategy is None or spec.update_strategy.type == "RollingUpdate"
    wanted = 1 if spec.replicas is None else spec.replicas
    counts = (status.updated_replicas or 0, status.ready_replicas or 0, status.replicas)
    if not rolling or counts != (wanted, wanted, wanted):
        return status
    return replace(
        status, current_replicas=status.updated_replicas, current_revision=status.update_revision
    )
