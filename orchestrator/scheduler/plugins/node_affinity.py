"""NodeAffinity: nodeSelector, required and preferred node affinity, matchFields."""

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery import node_affinity
from orchestrator.scheduler.framework import Plugin, default_normalize
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot


class NodeAffinity(Plugin):
    """Filters by what is required, scores by the weights of what is preferred."""

    name = "NodeAffinity"
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_LABELS))

    def relevant(self, pod: Pod) -> bool:
        spec = pod.spec
        return spec is not None and (bool(spec.node_selector) or spec.affinity is not None)

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        assert pod.spec is not None
        names = node_affinity.required_names(pod.spec)
        if names is not None:
            # Only the nodes that matchFields names are worth a look.
            wanted = {nodes.row_of(name) for name in names}
            candidates = [(i, r) for i, r in enumerate(rows) if r in wanted]
        else:
            candidates = list(enumerate(rows))
        matches = node_affinity.required(pod.spec)
        answers = np.zeros(len(rows), np.bool_)
        for index, row in candidates:
            answers[index] = matches(nodes.labels[row], nodes.names[row])
        return answers

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        return ("node(s) didn't match Pod's node affinity/selector",)

    def scores(self, pod: Pod) -> bool:
        return pod.spec is not None and node_affinity.has_preferences(pod.spec)

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        spec = pod.spec
        assert spec is not None
        weights = [
            node_affinity.preferred_weight(spec, nodes.labels[r], nodes.names[r]) for r in rows
        ]
        return np.array(weights, dtype=np.int64)

    def normalize(self, scores: Int64) -> Int64:
        return default_normalize(scores)
