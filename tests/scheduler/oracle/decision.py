"""The decision about one pod: filters one after another, scores by their weights, evictions at last."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.scheduler.oracle import (
    node_affinity,
    volume_restrictions,
    volume_zones,
    volumes,
)
from tests.scheduler.oracle.affinity import InterPodAffinity
from tests.scheduler.oracle.devices import after_refusal, devices, devices_score
from tests.scheduler.oracle.devices import refusal as devices_refusal
from tests.scheduler.oracle.images import images_score
from tests.scheduler.oracle.node_affinity import NodeAffinity
from tests.scheduler.oracle.nodes import (
    declared_features,
    node_name,
    taints,
    taints_score,
    unschedulable,
)
from tests.scheduler.oracle.ports import ports
from tests.scheduler.oracle.preemption import Candidate, preempt
from tests.scheduler.oracle.resources import Balance, Fit
from tests.scheduler.oracle.spread import Spread
from tests.scheduler.oracle.volume_limits import limits
from tests.scheduler.oracle.world import Manifest, Refused, World, name_of, priority_of

Filter = Callable[[World, Manifest, str], Refused | None]
Score = Callable[[World, Manifest, Sequence[str]], Mapping[str, int]]


@dataclass
class Decision:
    """The totals of the nodes that can take the pod; where there is none, the message and who is evicted."""

    totals: dict[str, int] = field(default_factory=dict)
    scores: dict[str, Mapping[str, int]] = field(default_factory=dict)
    message: str = ""
    candidates: list[Candidate] = field(default_factory=list)

    @property
    def best(self) -> set[str]:
        """The nodes with the highest total."""
        most = max(self.totals.values(), default=0)
        return {node for node, total in self.totals.items() if total == most}


class Oracle:
    """The plugins of the default profile, with arguments by their names."""

    def __init__(self, args: Mapping[str, Manifest] | None = None) -> None:
        args = args or {}
        affinity = NodeAffinity((args.get("NodeAffinity") or {}).get("addedAffinity"))
        fit = Fit(args.get("NodeResourcesFit"))
        spreading = args.get("PodTopologySpread") or {}
        by_list = spreading.get("defaultingType") == "List"
        spread = Spread(spreading.get("defaultConstraints") or () if by_list else None)
        self._inter_pod = InterPodAffinity(args.get("InterPodAffinity"))
        balance = Balance(args.get("NodeResourcesBalancedAllocation"))
        self._filters: dict[str, Filter] = {
            "NodeUnschedulable": unschedulable,
            "NodeName": node_name,
            "TaintToleration": taints,
            "NodeAffinity": affinity.filter,
            "NodePorts": ports,
            "NodeResourcesFit": fit.filter,
            "VolumeRestrictions": volume_restrictions.restrictions,
            "NodeVolumeLimits": limits,
            "VolumeBinding": volumes.binding,
            "VolumeZone": volume_zones.zone,
            "PodTopologySpread": spread.filter,
            "InterPodAffinity": self._inter_pod.filter,
            "DynamicResources": devices,
            "NodeDeclaredFeatures": declared_features,
        }
        self._scores: dict[str, tuple[int, Score]] = {
            "TaintToleration": (3, taints_score),
            "NodeAffinity": (2, affinity.score),
            "NodeResourcesFit": (1, fit.score),
            "PodTopologySpread": (2, spread.score),
            "InterPodAffinity": (2, self._inter_pod.score),
            "NodeResourcesBalancedAllocation": (1, balance.score),
            "ImageLocality": (1, images_score),
            "DynamicResources": (2, devices_score),
        }

    def decide(self, world: World, pod: Manifest) -> Decision:
        """Where the pod goes, or why nowhere."""
        if pod["spec"].get("schedulingGates"):
            return Decision(message="Scheduling is blocked due to non-empty scheduling gates")
        if not world.nodes:
            return Decision(message="no nodes available to schedule pods")
        total = len(world.nodes)
        words = self._refusal(world, pod)
        if words:
            return Decision(message=f"0/{total} nodes are available: {words}. not found")
        words = devices_refusal(world, pod)
        if words:
            helpless = f"{total} Preemption is not helpful for scheduling."
            return Decision(
                message=f"0/{total} nodes are available: {words}. no new claims to deallocate, "
                f"preemption: 0/{total} nodes are available: {helpless}"
            )
        only = node_affinity.only(pod)
        looked_at = [node for node in world.nodes if only is None or node in only]
        look = self._look_for(world, pod)
        refused = {}
        for node in looked_at:
            status = look(world, pod, node)
            if status is not None:
                refused[node] = status
        fit = [node for node in looked_at if node not in refused]
        promised = (pod.get("status") or {}).get("nominatedNodeName")
        if promised in fit:
            return Decision({promised: 0})
        if fit:
            return self._scored(world, pod, fit)
        reasons = Counter(reason for status in refused.values() for reason in status.reasons)
        if len(looked_at) < total:
            words = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
            reasons[words] += total - len(looked_at)
        counted = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
        message = f"0/{total} nodes are available: {counted}."
        found = preempt(world, pod, refused, look)
        if isinstance(found, str):
            freed = after_refusal(world, pod, refused)
            return Decision(message=f"{message} {freed}, preemption: {found}")
        return Decision(message=message, candidates=found)

    def _refusal(self, world: World, pod: Manifest) -> str:
        """What a plugin knows before any node is looked at; the first has the word."""
        if node_affinity.only(pod) == set():
            return "pod affinity terms conflict"
        for each in (volume_restrictions, volumes, volume_zones):
            words: str = each.refusal(world, pod)
            if words:
                return words
        return ""

    def _look_for(self, world: World, pod: Manifest) -> Filter:
        """How one node is looked at: as if the pods had come that it was promised to, and as it is."""
        skipped = set()
        if self._inter_pod.skips(world, pod):
            skipped.add("InterPodAffinity")
        if volume_restrictions.skips(world, pod):
            skipped.add("VolumeRestrictions")
        filters = [each for name, each in self._filters.items() if name not in skipped]

        def as_it_is(world: World, pod: Manifest, node: str) -> Refused | None:
            found = (each(world, pod, node) for each in filters)
            return next((status for status in found if status is not None), None)

        def look(world: World, pod: Manifest, node: str) -> Refused | None:
            others = [
                each.pod
                for each in world.promised
                if each.node == node
                and priority_of(each.pod) >= priority_of(pod)
                and name_of(each.pod) != name_of(pod)
            ]
            if others:
                status = as_it_is(world.with_pods(node, *others), pod, node)
                if status is not None:
                    return status
            return as_it_is(world, pod, node)

        return look

    def _scored(self, world: World, pod: Manifest, nodes: Sequence[str]) -> Decision:
        found = Decision(dict.fromkeys(nodes, 0))
        for name, (weight, score) in self._scores.items():
            found.scores[name] = score(world, pod, nodes)
            for node, each in found.scores[name].items():
                found.totals[node] += weight * each
        return found
