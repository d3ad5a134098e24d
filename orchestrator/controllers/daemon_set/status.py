"""The status of a DaemonSet, counted node by node from the oldest pod of each. Pure."""

from orchestrator.api.apps.v1 import DaemonSetStatus
from orchestrator.controllers.daemon_set.placing import fits
from orchestrator.controllers.daemon_set.plan import Look
from orchestrator.controllers.pods import available_at, is_ready


def status_of(look: Look, collisions: int) -> tuple[DaemonSetStatus, float | None]:
    """The status, and when (epoch seconds) the next pod becomes available."""
    daemon_set = look.daemon_set
    assert daemon_set.spec is not None
    desired = current = misscheduled = ready = available = updated = 0
    for node in look.nodes:
        pods = look.pods.get(node.metadata.name, ())
        if not fits(daemon_set, node)[0]:
            misscheduled += bool(pods)
            continue
        desired += 1
        if not pods:
            continue
        current += 1
        oldest = pods[0]
        updated += look.is_new(oldest)
        if is_ready(oldest):
            ready += 1
            at = available_at(oldest, daemon_set.spec.min_ready_seconds or 0) or 0.0
            available += at <= look.now
    old = daemon_set.status
    status = DaemonSetStatus(
        observed_generation=daemon_set.metadata.generation,
        desired_number_scheduled=desired,
        current_number_scheduled=current,
        number_misscheduled=misscheduled,
        number_ready=ready,
        number_available=available or None,
        number_unavailable=desired - available or None,
        updated_number_scheduled=updated or None,
        collision_count=collisions or None,
        conditions=old.conditions if old is not None else (),
    )
    return status, _next_available(look, daemon_set.spec.min_ready_seconds or 0)


def _next_available(look: Look, minimum: int) -> float | None:
    times = (available_at(pod, minimum) for pods in look.pods.values() for pod in pods)
    return min((at for at in times if at is not None and at > look.now), default=None)
