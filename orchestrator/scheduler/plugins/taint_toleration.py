"""TaintToleration: taints that a pod does not tolerate keep it away, or make a node less liked."""

from collections.abc import Hashable, Mapping
from typing import Final

import numpy as np

from orchestrator.api.core.v1 import Pod, Taint, Toleration
from orchestrator.machinery.taints import count_untolerated_preferences, untolerated
from orchestrator.scheduler.framework import Plugin, RowFilter, RowScore, default_normalize
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

_REASON: Final = "node(s) had untolerated taint(s)"


class TaintToleration(Plugin):
    """Filters by NoSchedule and NoExecute taints; scores by PreferNoSchedule ones."""

    name = "TaintToleration"
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_TAINTS))

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        tolerations = _tolerations(pod)
        known: dict[tuple[Taint, ...], bool] = {}
        answers = np.ones(len(rows), np.bool_)
        for index in np.flatnonzero(nodes.tainted[rows]):
            taints = nodes.taints[rows[index]]
            answer = known.get(taints)
            if answer is None:
                answer = known[taints] = _keeps_away(taints, tolerations) is None
            answers[index] = answer
        return answers

    def filter_row(self, pod: Pod, nodes: Snapshot) -> RowFilter:
        tolerations = _tolerations(pod)

        def fits(row: int) -> bool:
            taints = nodes.taints[row]
            return not taints or _keeps_away(taints, tolerations) is None

        return fits

    def traits(self, pod: Pod) -> Hashable:
        return _tolerations(pod)

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        return (_REASON,)

    def tally(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        return {_REASON: len(rows)}

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        tolerations = _tolerations(pod)
        scores = np.zeros(len(rows), np.int64)
        for index in np.flatnonzero(nodes.tainted[rows]):
            taints = nodes.taints[rows[index]]
            scores[index] = count_untolerated_preferences(taints, tolerations)
        return scores

    def score_row(self, pod: Pod, nodes: Snapshot) -> RowScore:
        tolerations = _tolerations(pod)

        def score(row: int) -> int:
            taints = nodes.taints[row]
            return count_untolerated_preferences(taints, tolerations) if taints else 0

        return score

    def normalize(self, scores: Int64) -> Int64:
        return default_normalize(scores, reverse=True)


def _tolerations(pod: Pod) -> tuple[Toleration, ...]:
    return pod.spec.tolerations if pod.spec is not None else ()


def _keeps_away(taints: tuple[Taint, ...], tolerations: tuple[Toleration, ...]) -> Taint | None:
    return untolerated(taints, tolerations)
