"""NodeAffinity: nodeSelector, required and preferred node affinity, matchFields."""

from collections.abc import Hashable, Mapping
from typing import Final

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery import node_affinity
from orchestrator.scheduler.framework import Plugin, RowFilter, RowScore, default_normalize
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

_REASON: Final = "node(s) didn't match Pod's node affinity/selector"


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

    def filter_row(self, pod: Pod, nodes: Snapshot) -> RowFilter:
        assert pod.spec is not None
        matches = node_affinity.required(pod.spec)
        return lambda row: matches(nodes.labels[row], nodes.names[row])

    def traits(self, pod: Pod) -> Hashable:
        spec = pod.spec
        if spec is None:
            return ()
        affinity = spec.affinity.node_affinity if spec.affinity is not None else ()
        return tuple(sorted(spec.node_selector.items())), affinity, spec.affinity is not None

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        return (_REASON,)

    def tally(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        return {_REASON: len(rows)}

    def scores(self, pod: Pod) -> bool:
        return pod.spec is not None and node_affinity.has_preferences(pod.spec)

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        spec = pod.spec
        assert spec is not None
        weights = [
            node_affinity.preferred_weight(spec, nodes.labels[r], nodes.names[r]) for r in rows
        ]
        return np.array(weights, dtype=np.int64)

    def score_row(self, pod: Pod, nodes: Snapshot) -> RowScore:
        spec = pod.spec
        assert spec is not None
        return lambda row: node_affinity.preferred_weight(spec, nodes.labels[row], nodes.names[row])

    def normalize(self, scores: Int64) -> Int64:
        return default_normalize(scores)
