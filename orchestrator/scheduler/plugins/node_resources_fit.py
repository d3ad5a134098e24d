"""NodeResourcesFit: a node must have room; how much room is left is a score."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, Literal, TypeVar

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.scheduler.framework import MAX_NODE_SCORE, Plugin, RowFilter, RowScore
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import CPU, MEMORY, PODS, Bool, Int64, Rows, Snapshot

Strategy = Literal["LeastAllocated", "MostAllocated"]


_Amount = TypeVar("_Amount", Int64, int)


def _least(requested: _Amount, capacity: _Amount) -> _Amount:
    return (capacity - requested) * MAX_NODE_SCORE // capacity


def _most(requested: _Amount, capacity: _Amount) -> _Amount:
    return requested * MAX_NODE_SCORE // capacity


_SCORERS: Final[dict[Strategy, Callable[[Any, Any], Any]]] = {
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

    def filter_row(self, pod: Pod, nodes: Snapshot) -> RowFilter:
        wanted = nodes.needs_of(pod)

        def fits(row: int) -> bool:
            offered, taken = nodes.allocatable.item, nodes.requested.item
            for column, amount in wanted:  # a generator would cost twice the loop
                if offered(column, row) - taken(column, row) < amount:
                    return False
            return True

        return fits

    def traits(self, pod: Pod) -> Hashable:
        needs = pod_needs(pod)
        return (
            needs.milli_cpu,
            needs.memory_bytes,
            needs.ephemeral_storage_bytes,
            tuple(sorted(needs.extended.items())),
            needs.scoring_milli_cpu,
            needs.scoring_memory_bytes,
        )

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        return tuple(self.tally(pod, nodes, np.array((row,), np.intp)))

    def tally(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        names = list(nodes.resources)
        counts = {}
        for column, amount in nodes.needs_of(pod):
            free = nodes.allocatable[column, rows] - nodes.requested[column, rows]
            short = int(np.count_nonzero(free < amount))
            if short:
                reason = "Too many pods" if column == PODS else f"Insufficient {names[column]}"
                counts[reason] = short
        return counts

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

    def score_row(self, pod: Pod, nodes: Snapshot) -> RowScore:
        needs, scorer = pod_needs(pod), self._scorer
        wanted = ((CPU, needs.scoring_milli_cpu), (MEMORY, needs.scoring_memory_bytes))

        def score(row: int) -> int:
            total = weights = 0
            for column, amount in wanted:
                capacity = nodes.allocatable.item(column, row)
                if capacity > 0:
                    weights += 1
                    requested = nodes.scoring.item(column, row) + amount
                    if requested <= capacity:
                        total += scorer(requested, capacity)
            return total // weights if weights else 0

        return score
