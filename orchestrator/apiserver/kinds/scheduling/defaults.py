"""What Kubernetes fills in of the kinds of `scheduling`."""

from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.defaults.change import fill


def default_priority_class(priority_class: PriorityClass) -> PriorityClass:
    """More important pods may push others out."""
    return fill(priority_class, preemption_policy="PreemptLowerPriority")
