"""PrioritySort: the highest priority first, then the pod that waited longest."""

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.queue import by_priority


class PrioritySort(Plugin):
    """Orders the queue by `spec.priority`."""

    name = "PrioritySort"

    def sort_key(self, pod: Pod, queued_at: float) -> tuple[float, ...]:
        """As `QueueSort.sort_key`."""
        return by_priority(pod, queued_at)
