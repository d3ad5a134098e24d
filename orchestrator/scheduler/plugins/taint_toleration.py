"""TaintToleration: taints that a pod does not tolerate keep it away, or make a node less liked."""

import numpy as np

from orchestrator.api.core.v1 import Pod, Taint, Toleration
from orchestrator.machinery.taints import count_untolerated_preferences, untolerated
from orchestrator.scheduler.framework import Plugin, default_normalize
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot


class TaintToleration(Plugin):
    """Filters by NoSchedule and NoExecute taints; scores by PreferNoSchedule ones."""

    name = "TaintToleration"
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_TAINTS))

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        tolerations = _tolerations(pod)
        known: dict[tuple[Taint, ...], bool] = {(): True}
        answers = np.ones(len(rows), np.bool_)
        for index, row in enumerate(rows):
            taints = nodes.taints[row]
            if taints:
                answer = known.get(taints)
                if answer is None:
                    answer = known[taints] = _keeps_away(taints, tolerations) is None
                answers[index] = answer
        return answers

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        taint = _keeps_away(nodes.taints[row], _tolerations(pod))
        assert taint is not None
        return (f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}",)

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        tolerations = _tolerations(pod)
        return np.array(
            [
                count_untolerated_preferences(nodes.taints[row], tolerations)
                if nodes.taints[row]
                else 0
                for row in rows
            ],
            dtype=np.int64,
        )

    def normalize(self, scores: Int64) -> Int64:
        return default_normalize(scores, reverse=True)


def _tolerations(pod: Pod) -> tuple[Toleration, ...]:
    return pod.spec.tolerations if pod.spec is not None else ()


def _keeps_away(taints: tuple[Taint, ...], tolerations: tuple[Toleration, ...]) -> Taint | None:
    return untolerated(taints, tolerations)
