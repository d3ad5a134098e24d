"""NodeResourcesBalancedAllocation: prefers nodes where CPU and memory would be used alike."""

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.scheduler.framework import MAX_NODE_SCORE, Plugin
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
