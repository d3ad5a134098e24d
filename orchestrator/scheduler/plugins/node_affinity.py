"""NodeAffinity: nodeSelector, required and preferred node affinity, matchFields, added affinity."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from orchestrator.api.core.v1 import Node, Pod, PodSpec
from orchestrator.api.core.v1 import NodeAffinity as Affinity
from orchestrator.machinery import node_affinity
from orchestrator.machinery.node_affinity import NodeMatcher
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel, ScoreKernel, default_normalize
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

_CONFLICT = "pod affinity terms conflict"
_UNMATCHED = "node(s) didn't match Pod's node affinity/selector"
_ENFORCED = "node(s) didn't match scheduler-enforced node affinity"


class NodeAffinity(Plugin):
    """Filters by what is required, scores by the weights of what is preferred.

    `added` is what all pods of the profile require and prefer besides (`addedAffinity`).
    """

    name = "NodeAffinity"
    by_content = True
    weight = 2
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_LABELS))

    def __init__(self, added: Affinity | None = None) -> None:
        self._added = added
        required = added.required_during_scheduling_ignored_during_execution if added else None
        self._added_matches = node_affinity.matcher(required) if required is not None else None

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A node that the pod may run on now, and might not by what it says itself, as kube-scheduler has it."""
        added = self._added_matches
        if added is not None and not added(new.metadata.labels, new.metadata.name):
            return False
        return _allows(pod, new) and (old is None or not _allows(pod, old))

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        spec = pod.spec
        own = spec is not None and (bool(spec.node_selector) or _requires(spec))
        if not own and self._added_matches is None:
            return None
        return _Required(spec if own else None, self._added_matches, nodes)

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """As `ScoreRule.score_kernel`."""
        spec = pod.spec
        own = spec is not None and node_affinity.has_preferences(spec)
        added = (
            self._added.preferred_during_scheduling_ignored_during_execution if self._added else ()
        )
        if not own and not added:
            return None
        specs = [spec] if own and spec is not None else []
        if added:
            assert self._added is not None
            specs.append(_spec_with(self._added))
        return _Preferred(specs, nodes)


def _allows(pod: Pod, node: Node) -> bool:
    return pod.spec is None or node_affinity.required(pod.spec)(
        node.metadata.labels, node.metadata.name
    )


def _requires(spec: PodSpec) -> bool:
    affinity = spec.affinity.node_affinity if spec.affinity is not None else None
    return (
        affinity is not None
        and affinity.required_during_scheduling_ignored_during_execution is not None
    )


def _spec_with(affinity: Affinity) -> PodSpec:
    from orchestrator.api.core.v1 import Affinity as Affinities

    return PodSpec(affinity=Affinities(node_affinity=affinity))


def _traits(spec: PodSpec | None) -> object:
    if spec is None:
        return None
    affinity = spec.affinity.node_affinity if spec.affinity is not None else None
    return tuple(sorted(spec.node_selector.items())), affinity


class _Required(FilterKernel):
    of_nodes = True

    def __init__(self, spec: PodSpec | None, added: NodeMatcher | None, nodes: Snapshot) -> None:
        self.traits = _traits(spec)
        self._nodes = nodes
        self._added = added
        self._own = node_affinity.required(spec) if spec is not None else None
        self._matches = [matches for matches in (added, self._own) if matches is not None]
        self.only = node_affinity.required_names(spec) if spec is not None else None
        if self.only is not None and not self.only:
            self.refusal = _CONFLICT

    def rows(self, rows: Rows) -> Bool:
        row = self.row
        return np.array([row(each) for each in rows.tolist()], np.bool_)

    def row(self, row: int) -> bool:
        labels, name = self._nodes.labels[row], self._nodes.names[row]
        return all(matches(labels, name) for matches in self._matches)

    def reasons(self, row: int) -> tuple[str, ...]:
        added = self._added
        if added is not None and not added(self._nodes.labels[row], self._nodes.names[row]):
            return (_ENFORCED,)
        return (_UNMATCHED,)

    def tally(self, rows: Rows) -> Mapping[str, int]:
        if self._added is None:
            return {_UNMATCHED: len(rows)}
        return super().tally(rows)

    def unresolvable(self, rows: Rows) -> Bool:
        return np.ones(len(rows), np.bool_)


class _Preferred(ScoreKernel):
    normalizes = True

    def __init__(self, specs: list[PodSpec], nodes: Snapshot) -> None:
        self.traits = tuple(spec.affinity.node_affinity for spec in specs if spec.affinity)
        self._specs = specs
        self._nodes = nodes

    def rows(self, rows: Rows) -> Int64:
        return np.array([self.row(int(row)) for row in rows], dtype=np.int64)

    def row(self, row: int) -> int:
        labels, name = self._nodes.labels[row], self._nodes.names[row]
        return sum(node_affinity.preferred_weight(spec, labels, name) for spec in self._specs)

    def normalize(self, scores: Int64) -> Int64:
        return default_normalize(scores)
