"""Which nodes a DaemonSet's pods belong on, and the pod of one node."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import DaemonSet
from orchestrator.api.core.v1 import (
    Affinity,
    Node,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Pod,
    PodSpec,
    Toleration,
)
from orchestrator.controllers.pods import stamped
from orchestrator.machinery.node_affinity import NAME_FIELD, required, required_names
from orchestrator.machinery.taints import untolerated

HASH: Final = "controller-revision-hash"
GENERATION: Final = "pod-template-generation"
_GENERATION_ANNOTATION: Final = "deprecated.daemonset.template.generation"


def _bears(key: str, effect: str) -> Toleration:
    return Toleration(key=f"node.kubernetes.io/{key}", operator="Exists", effect=effect)


# What keeps other pods off a node does not keep its daemons off.
_TOLERATIONS: Final = (
    _bears("not-ready", "NoExecute"),
    _bears("unreachable", "NoExecute"),
    _bears("disk-pressure", "NoSchedule"),
    _bears("memory-pressure", "NoSchedule"),
    _bears("pid-pressure", "NoSchedule"),
    _bears("unschedulable", "NoSchedule"),
)
_ON_THE_HOST: Final = _bears("network-unavailable", "NoSchedule")


def tolerations_of(spec: PodSpec) -> tuple[Toleration, ...]:
    """The template's tolerations and those that all daemons have; a daemon's replaces its like."""
    daemons = (*_TOLERATIONS, _ON_THE_HOST) if spec.host_network else _TOLERATIONS
    likes = {(each.key, each.effect) for each in daemons}
    own = (
        each
        for each in spec.tolerations
        if (each.key, each.effect) not in likes or each.operator != "Exists"
    )
    return (*own, *daemons)


def fits(daemon_set: DaemonSet, node: Node) -> tuple[bool, bool]:
    """Whether a pod should start on the node, and whether one that runs there may stay.

    Name, selector and affinity decide both. A NoSchedule taint keeps new pods away and lets old ones stay.
    """
    assert daemon_set.spec is not None
    spec = daemon_set.spec.template.spec or PodSpec()
    metadata = node.metadata
    if spec.node_name not in ("", metadata.name):
        return False, False
    if not required(spec)(metadata.labels, metadata.name):
        return False, False
    taints = node.spec.taints if node.spec is not None else ()
    if not taints:
        return True, True
    bearing = tolerations_of(spec)
    if untolerated(taints, bearing, ("NoSchedule", "NoExecute")) is None:
        return True, True
    return False, untolerated(taints, bearing, ("NoExecute",)) is None


def generation_of(daemon_set: DaemonSet) -> str:
    """How often the template was changed, as the label of pods has it; empty where nobody has counted."""
    return daemon_set.metadata.annotations.get(_GENERATION_ANNOTATION, "")


def pod_for(daemon_set: DaemonSet, node_name: str, revision_hash: str) -> Pod:
    """The pod of a node, which it is pinned to."""
    assert daemon_set.spec is not None
    pod = stamped(daemon_set, daemon_set.spec.template)
    labels = {**pod.metadata.labels, HASH: revision_hash}
    generation = generation_of(daemon_set)
    if generation:
        labels[GENERATION] = generation
    spec = pod.spec or PodSpec()
    return replace(
        pod,
        metadata=replace(pod.metadata, labels=labels),
        spec=replace(
            spec,
            affinity=_pinned(spec.affinity, node_name),
            tolerations=tolerations_of(spec),
        ),
    )


def _pinned(affinity: Affinity | None, node_name: str) -> Affinity:
    name = NodeSelectorRequirement(key=NAME_FIELD, operator="In", values=(node_name,))
    selector = NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(name,)),))
    affinity = affinity or Affinity()
    return replace(
        affinity,
        node_affinity=replace(
            affinity.node_affinity or NodeAffinity(),
            required_during_scheduling_ignored_during_execution=selector,
        ),
    )


def by_node(pods: Iterable[Pod]) -> dict[str, list[Pod]]:
    """Pods by the node that they are on, or pinned to; oldest first."""
    found: dict[str, list[Pod]] = {}
    for pod in sorted(pods, key=_age):
        node = node_of(pod)
        if node:
            found.setdefault(node, []).append(pod)
    return found


def node_of(pod: Pod) -> str:
    """The node that a pod is on or pinned to; empty when it is neither."""
    if pod.spec is None:
        return ""
    if pod.spec.node_name:
        return pod.spec.node_name
    names = required_names(pod.spec)
    return next(iter(names)) if names is not None and len(names) == 1 else ""


def _age(pod: Pod) -> tuple[bool, str, str]:
    """Those on a node before those on their way, older before younger."""
    bound = pod.spec is not None and bool(pod.spec.node_name)
    return not bound, pod.metadata.creation_timestamp or "", pod.metadata.name
