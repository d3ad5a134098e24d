"""NodeResourcesFit: a node must have room; how much room is left is a score."""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.scheduler.framework import MAX_NODE_SCORE, Plugin
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import CPU, MEMORY, PODS, Bool, Int64, Rows, Snapshot

Strategy = Literal["LeastAllocated", "MostAllocated"]


def _least(requested: Int64, capacity: Int64) -> Int64:
    return (capacity - requested) * MAX_NODE_SCORE // capacity


def _most(requested: Int64, capacity: Int64) -> Int64:
    return requested * MAX_NODE_SCORE // capacity


_SCORERS: Final[dict[Strategy, Callable[[Int64, Int64], Int64]]] = {
    "LeastAllocated": _least,
    "MostAllocated": _most,
}


class NodeResourcesFit(Plugin):
    """Filters by requests against allocatable; scores CPU and memory by a strategy, equally."""

    name = "NodeResourcesFit"
    helped_by = frozenset(
        (ClusterEvent.NODE_ADDED, ClusterEvent.NODE_ALLOCATABLE, ClusterEvent.POD_REMOVED)
    )

    def __init__(self, strategy: Strategy = "LeastAllocated") -> None:
        self._scorer = _SCORERS[strategy]

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        answers = np.ones(len(rows), np.bool_)
        for column, amount in nodes.needs_of(pod):
            free = nodes.allocatable[column, rows] - nodes.requested[column, rows]
            answers &= free >= amount
        return answers

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        names = list(nodes.resources)
        short = [
            column
            for column, amount in nodes.needs_of(pod)
            if nodes.allocatable[column, row] - nodes.requested[column, row] < amount
        ]
        return tuple(
            "Too many pods" if column == PODS else f"Insufficient {names[column]}"
            for column in short
        )

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        needs = pod_needs(pod)
        total = np.zeros(len(rows), np.int64)
        weights = np.zeros(len(rows), np.int64)
        for column, amount in (
            (CPU, needs.scoring_milli_cpu),
            (MEMORY, needs.scoring_memory_bytes),
        ):
            capacity = nodes.allocatable[column, rows]
            requested = nodes.scoring[column, rows] + amount
            offered = capacity > 0  # a node that does not offer a resource is not scored by it
            score = self._scorer(requested, np.maximum(capacity, 1))
            total += np.where(offered & (requested <= capacity), score, 0)
            weights += offered
        return total // np.maximum(weights, 1)
