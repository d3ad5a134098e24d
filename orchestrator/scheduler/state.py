"""What the scheduler's parts share: where pods are, where they are about to be, who waits, and what was counted."""

from msgspec import Struct, field

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.metrics import Measurements
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.queue import SchedulingQueue
from orchestrator.scheduler.snapshot import Snapshot


class SchedulerState(Struct):
    """`binding` has the node of each pod that has one and is not bound yet, by uid; `measured` is where metrics are of use."""

    nodes: Snapshot
    nominations: Nominations
    queue: SchedulingQueue
    binding: dict[str, str] = field(default_factory=dict)
    measured: Measurements | None = None
    attempts: int = 0
    scheduled: int = 0
    unschedulable: int = 0
    errors: int = 0

    def assume(self, pod: Pod, node: str) -> None:
        """Count a pod on the node that it is about to have."""
        self.nodes.add_pod(pod.metadata.uid, pod, node)
        self.binding[pod.metadata.uid] = node
