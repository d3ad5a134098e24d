"""What controllers that own pods ask of a pod: is it active, ready, available; which go first."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodCondition, PodTemplateSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.owners import owner_reference
from orchestrator.machinery.times import parse_time

DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"


def stamped(owner: Any, template: PodTemplateSpec | None) -> Pod:
    """A pod of `owner` made from a template, whose spec object it shares; its name is generated."""
    metadata = template.metadata if template is not None else None
    return Pod(
        metadata=ObjectMeta(
            generate_name=f"{owner.metadata.name}-",
            namespace=owner.metadata.namespace,
            labels=metadata.labels if metadata is not None else {},
            annotations=metadata.annotations if metadata is not None else {},
            finalizers=metadata.finalizers if metadata is not None else (),
            owner_references=(owner_reference(owner, controller=True),),
        ),
        spec=template.spec if template is not None else None,
    )


def has_ended(pod: Pod) -> bool:
    """Whether all its containers have ended for good."""
    return pod.status is not None and pod.status.phase in ("Succeeded", "Failed")


def is_active(pod: Pod) -> bool:
    """Not ended, and not being deleted."""
    return not has_ended(pod) and pod.metadata.deletion_timestamp is None


def is_terminating(pod: Pod) -> bool:
    """Being deleted, and not ended yet."""
    return not has_ended(pod) and pod.metadata.deletion_timestamp is not None


def observed(pod: Pod, condition: PodCondition) -> PodCondition:
    """A condition that says of which generation of the pod it is true."""
    return replace(condition, observed_generation=pod.metadata.generation)


def ready_condition(pod: Pod) -> PodCondition | None:
    """The pod's condition Ready, if it has one."""
    if pod.status is not None:
        for condition in pod.status.conditions:
            if condition.type == "Ready":
                return condition
    return None


def is_ready(pod: Pod) -> bool:
    """Whether the pod's condition Ready is True."""
    condition = ready_condition(pod)
    return condition is not None and condition.status == "True"


def ready_since(pod: Pod) -> float | None:
    """When the pod became ready (epoch seconds); None when it is not ready."""
    condition = ready_condition(pod)
    if condition is None or condition.status != "True":
        return None
    return parse_time(condition.last_transition_time) if condition.last_transition_time else 0.0


def available_at(pod: Pod, min_ready_seconds: int) -> float | None:
    """When a ready pod counts as available (epoch seconds); None when it is not ready."""
    since = ready_since(pod)
    return None if since is None else since + min_ready_seconds


def restarts(pod: Pod) -> int:
    """The highest restart count of the pod's containers."""
    statuses = pod.status.container_statuses if pod.status is not None else ()
    return max((s.restart_count for s in statuses), default=0)


def deletion_order(pods: Sequence[Pod], related: Iterable[Pod]) -> list[Pod]:
    """`pods`, those to delete first at the front: Kubernetes' `ActivePodsWithRanks`.

    Unassigned before assigned, pending before running, not ready before ready, cheaper before
    dearer (the deletion-cost annotation), on nodes with more `related` pods before others, ready
    for a shorter (logarithmic) time before longer, with more restarts before fewer, newer before
    older; then by name, so that the order is total.
    """
    on_node: dict[str, int] = {}
    for pod in related:
        if is_active(pod) and pod.spec is not None:
            on_node[pod.spec.node_name] = on_node.get(pod.spec.node_name, 0) + 1
    return sorted(pods, key=lambda pod: _deletion_key(pod, on_node))


def removal_key(pod: Pod) -> tuple[object, ...]:
    """By which Jobs take pods back, the first at the front: Kubernetes' `ActivePods`.

    As `deletion_order`, but for what a deletion costs and where the pods are.
    """
    return (*_use(pod), *_age(pod))


def _deletion_key(pod: Pod, on_node: dict[str, int]) -> tuple[object, ...]:
    node = pod.spec.node_name if pod.spec is not None else ""
    return (*_use(pod), _deletion_cost(pod), -on_node.get(node, 0), *_age(pod))


def _use(pod: Pod) -> tuple[object, ...]:
    node = pod.spec.node_name if pod.spec is not None else ""
    phase = pod.status.phase if pod.status is not None else ""
    return bool(node), {"": 0, "Pending": 0, "Unknown": 1}.get(phase, 2), is_ready(pod)


def _age(pod: Pod) -> tuple[object, ...]:
    since = ready_since(pod)
    created = pod.metadata.creation_timestamp
    return (
        -since if since is not None else 0.0,
        -restarts(pod),
        -parse_time(created) if created else 0.0,
        pod.metadata.name,
    )


def _deletion_cost(pod: Pod) -> int:
    """The annotation's integer; 0 when it is absent or not one."""
    text = pod.metadata.annotations.get(DELETION_COST, "0")
    try:
        return int(text)
    except ValueError:
        return 0
