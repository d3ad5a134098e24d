"""Why pods are pending, from what the cluster itself says of them."""

from collections import Counter
from typing import Final

from orchestrator.api.core.v1 import Pod
from orchestrator.cluster import Cluster
from orchestrator.protocol import ApiError

_MOST: Final = 3  # reasons that are told


async def why_pending(cluster: Cluster) -> str:
    """The reasons of the pods that are pending, the most frequent first; empty if none is, or if the API
    server cannot be asked.
    """
    try:
        pods: tuple[Pod, ...] = await cluster.client.list(
            Pod, namespace=None, field_selector="status.phase=Pending"
        )
    except ApiError:
        return ""
    reasons = Counter(reason for pod in pods if (reason := reason_of(pod)))
    told = [f"{count:,} pending: {reason}" for reason, count in reasons.most_common(_MOST)]
    return "; ".join(told)


def reason_of(pod: Pod) -> str:
    """Why a pod is pending: the scheduler's message, or what its containers wait for."""
    status = pod.status
    if status is None:
        return ""
    for condition in status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            return condition.message or condition.reason or ""
    for container in (*status.init_container_statuses, *status.container_statuses):
        waiting = container.state.waiting if container.state is not None else None
        if waiting is not None and waiting.reason:
            return f"{waiting.reason}{(waiting.message and f': {waiting.message}') or ''}"
    return ""
