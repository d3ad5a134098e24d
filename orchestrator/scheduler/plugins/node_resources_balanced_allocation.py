"""NodeResourcesBalancedAllocation: prefers nodes where CPU and memory would be used alike."""

from collections.abc import Hashable

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.scheduler.framework import MAX_NODE_SCORE, Plugin, RowScore
from orchestrator.scheduler.snapshot import CPU, MEMORY, Int64, Rows, Snapshot


class NodeResourcesBalancedAllocation(Plugin):
    """Scores 100 less the standard deviation of the two used fractions, in percent."""

    name = "NodeResourcesBalancedAllocation"

    def scores(self, pod: Pod) -> bool:
        """A pod that asks for neither changes nothing: it is left to the other plugins."""
        needs = pod_needs(pod)
        return bool(needs.milli_cpu or needs.memory_bytes)

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        needs = pod_needs(pod)
        fractions = []
        offered = []
        for column, amount in ((CPU, needs.milli_cpu), (MEMORY, needs.memory_bytes)):
            capacity = nodes.allocatable[column, rows]
            requested = nodes.requested[column, rows] + amount
            fractions.append(np.minimum(requested / np.maximum(capacity, 1), 1.0))
            offered.append(capacity > 0)
        # The deviation of two values is half their distance; of one it is nothing.
        deviation = np.abs(fractions[0] - fractions[1]) / 2
        deviation = np.where(offered[0] & offered[1], deviation, 0.0)
        return ((1.0 - deviation) * MAX_NODE_SCORE).astype(np.int64)

    def score_row(self, pod: Pod, nodes: Snapshot) -> RowScore:
        needs = pod_needs(pod)
        milli_cpu, memory_bytes = needs.milli_cpu, needs.memory_bytes

        def score(row: int) -> int:
            offered, taken = nodes.allocatable.item, nodes.requested.item
            cpu, memory = offered(CPU, row), offered(MEMORY, row)
            if cpu <= 0 or memory <= 0:
                return MAX_NODE_SCORE
            # Divided as the columns are: each number as a float, which is exact up to 2**53.
            used_cpu = min(float(taken(CPU, row) + milli_cpu) / float(cpu), 1.0)
            used_memory = min(float(taken(MEMORY, row) + memory_bytes) / float(memory), 1.0)
            return int((1.0 - abs(used_cpu - used_memory) / 2) * MAX_NODE_SCORE)

        return score

    def traits(self, pod: Pod) -> Hashable:
        needs = pod_needs(pod)
        return needs.milli_cpu, needs.memory_bytes
