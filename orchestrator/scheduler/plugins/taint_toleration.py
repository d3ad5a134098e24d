"""TaintToleration: taints that a pod does not tolerate keep it away, or make a node less liked."""

from typing import Any

import numpy as np

from orchestrator.api.core.v1 import Node, Pod, Taint, Toleration
from orchestrator.machinery.taints import count_untolerated_preferences, untolerated
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel, Fixed, ScoreKernel, default_normalize
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot


class TaintToleration(Plugin):
    """Filters by NoSchedule and NoExecute taints; scores by PreferNoSchedule ones."""

    name = "TaintToleration"
    by_content = True
    weight = 3
    helped_by = frozenset(
        (ClusterEvent.NODE_ADDED, ClusterEvent.NODE_TAINTS, ClusterEvent.OWN_TOLERATIONS)
    )

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A node that has no taint any more that the pod does not tolerate; a toleration of its own."""
        if event is ClusterEvent.OWN_TOLERATIONS:
            return True
        tolerations = _tolerations(pod)
        if _refuses(new, tolerations):
            return False
        return old is None or _refuses(old, tolerations)

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        return _Tolerable(_tolerations(pod), nodes)

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """As `ScoreRule.score_kernel`."""
        return _Liked(_tolerations(pod), nodes)


class _Tolerable(Fixed):
    reason = "node(s) had untolerated taint(s)"

    def __init__(self, tolerations: tuple[Toleration, ...], nodes: Snapshot) -> None:
        self.traits = self._tolerations = tolerations
        self._nodes = nodes

    def rows(self, rows: Rows) -> Bool:
        nodes = self._nodes
        known: dict[tuple[Taint, ...], bool] = {}
        answers = np.ones(len(rows), np.bool_)
        for index in np.flatnonzero(nodes.tainted[rows]):
            taints = nodes.taints[rows[index]]
            answer = known.get(taints)
            if answer is None:
                answer = known[taints] = untolerated(taints, self._tolerations) is None
            answers[index] = answer
        return answers

    def row(self, row: int) -> bool:
        taints = self._nodes.taints[row]
        return not taints or untolerated(taints, self._tolerations) is None


class _Liked(ScoreKernel):
    normalizes = True

    def __init__(self, tolerations: tuple[Toleration, ...], nodes: Snapshot) -> None:
        self.traits = self._tolerations = tolerations
        self._nodes = nodes

    def rows(self, rows: Rows) -> Int64:
        nodes = self._nodes
        scores = np.zeros(len(rows), np.int64)
        for index in np.flatnonzero(nodes.tainted[rows]):
            taints = nodes.taints[rows[index]]
            scores[index] = count_untolerated_preferences(taints, self._tolerations)
        return scores

    def row(self, row: int) -> int:
        taints = self._nodes.taints[row]
        return count_untolerated_preferences(taints, self._tolerations) if taints else 0

    def normalize(self, scores: Int64) -> Int64:
        return default_normalize(scores, reverse=True)


def _refuses(node: Node, tolerations: tuple[Toleration, ...]) -> bool:
    taints = node.spec.taints if node.spec is not None else ()
    return untolerated(taints, tolerations) is not None


def _tolerations(pod: Pod) -> tuple[Toleration, ...]:
    return pod.spec.tolerations if pod.spec is not None else ()
