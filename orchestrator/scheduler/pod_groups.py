"""Groups of pods: who belongs to one, and who of them has a place.

Nothing is counted: the pods of a group are found by an index over the pods' cache, and who of them has a
place is what the snapshot says, where pods are that are bound or about to be.
"""

from collections.abc import Iterator
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.api.meta.v1 import Condition
from orchestrator.api.scheduling.v1alpha2 import PodGroup
from orchestrator.machinery.times import format_time
from orchestrator.scheduler.changes import has_ended
from orchestrator.scheduler.group_cycle import GroupVerdict
from orchestrator.scheduler.snapshot import Snapshot

INDEX: Final = "schedulingGroup"
CONDITION: Final = "PodGroupScheduled"


def group_of(pod: Pod) -> str:
    """The name of a pod's group; empty: it belongs to none."""
    group = pod.spec.scheduling_group if pod.spec is not None else None
    return "" if group is None else group.pod_group_name


def keys_of(pod: Pod) -> tuple[str, ...]:
    """What the index knows a pod by."""
    name = group_of(pod)
    return (f"{pod.metadata.namespace}/{name}",) if name else ()


def group_object(pod: Pod, nodes: Snapshot) -> PodGroup | None:
    """The group of a pod that belongs to one, if it has been made."""
    found: PodGroup | None = nodes.objects[PodGroup].get(pod.metadata.namespace, group_of(pod))
    return found


def members(pod: Pod, nodes: Snapshot) -> Iterator[Pod]:
    """All pods of a pod's group, itself among them, that have not ended."""
    for key in keys_of(pod):
        for each in nodes.objects[Pod].by_index(INDEX, key):
            if not has_ended(each):
                yield each


def placed_count(pod: Pod, nodes: Snapshot) -> int:
    """How many of them have a place, or are about to get the one that they were given."""
    return sum(nodes.holds(each.metadata.uid) for each in members(pod, nodes))


def with_condition(group: PodGroup, verdict: GroupVerdict, now: float) -> dict[str, Any] | None:
    """The status that says what became of a group, as a merge patch; None: it says so already.

    A group that was placed once stays so, whatever becomes of pods that come later.
    """
    conditions = group.status.conditions if group.status is not None else ()
    was = next((each for each in conditions if each.type == CONDITION), None)
    status = "True" if verdict.reason == "Scheduled" else "False"
    if was is not None and was.status == "True" and status == "False":
        return None
    same = was is not None and was.status == status
    new = Condition(
        type=CONDITION,
        status=status,
        reason=verdict.reason,
        message=verdict.message,
        observed_generation=group.metadata.generation,
        last_transition_time=was.last_transition_time if was and same else format_time(now),
    )
    if new == was:
        return None
    others = [each for each in conditions if each.type != CONDITION]
    return {"status": {"conditions": [codec.to_dict(each) for each in (*others, new)]}}
