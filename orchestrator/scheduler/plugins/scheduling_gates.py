"""SchedulingGates: a pod with gates waits outside the queue until they are taken away."""

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin


class SchedulingGates(Plugin):
    """Keeps pods with `spec.schedulingGates` out."""

    name = "SchedulingGates"
    helped_by = frozenset((ClusterEvent.OWN_GATES,))

    def pre_enqueue(self, pod: Pod) -> str:
        """As `PreEnqueue.pre_enqueue`."""
        if pod.spec is None or not pod.spec.scheduling_gates:
            return ""
        names = " ".join(gate.name for gate in pod.spec.scheduling_gates)
        return f"waiting for scheduling gates: [{names}]"
