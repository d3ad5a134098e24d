"""NodeResourcesBalancedAllocation: prefers nodes where CPU and memory would be used alike."""

from collections.abc import Hashable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.scheduler.framework import MAX_NODE_SCORE, Plugin, RowScore
from orchestrator.scheduler.snapshot import CPU, MEMORY, Bool, Int64, Rows, Snapshot

_HALF: Final = MAX_NODE_SCORE // 2
_UNCHANGED: Final = _HALF + _HALF // 2


class NodeResourcesBalancedAllocation(Plugin):
    """Scores how much the pod evens out the two used fractions: 75 where it changes nothing.

    50 + (50 + with - without) / 2, where each of the two is 100 less the standard deviation of the
    fractions in percent, with the pod on the node and without it.
    """

    name = "NodeResourcesBalancedAllocation"

    def scores(self, pod: Pod) -> bool:
        """A pod that asks for neither changes nothing: it is left to the other plugins."""
        needs = pod_needs(pod)
        return bool(needs.milli_cpu or needs.memory_bytes)

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        needs = pod_needs(pod)
        before, after, offered = [], [], []
        for column, amount in ((CPU, needs.milli_cpu), (MEMORY, needs.memory_bytes)):
            capacity = nodes.allocatable[column, rows]
            requested = nodes.requested[column, rows]
            offered.append(capacity > 0)
            capacity = np.maximum(capacity, 1)
            before.append(np.minimum(requested / capacity, 1.0))
            after.append(np.minimum((requested + amount) / capacity, 1.0))
        both = offered[0] & offered[1]  # of one resource there is no deviation
        gained = _balances(after, both) - _balances(before, both)
        return np.where(both, _HALF + _halved(_HALF + gained), _UNCHANGED)

    def score_row(self, pod: Pod, nodes: Snapshot) -> RowScore:
        needs = pod_needs(pod)
        milli_cpu, memory_bytes = needs.milli_cpu, needs.memory_bytes

        def score(row: int) -> int:
            offered, taken = nodes.allocatable.item, nodes.requested.item
            cpu, memory = offered(CPU, row), offered(MEMORY, row)
            if cpu <= 0 or memory <= 0:
                return _UNCHANGED
            used_cpu, used_memory = taken(CPU, row), taken(MEMORY, row)
            gained = _balance(
                used_cpu + milli_cpu, cpu, used_memory + memory_bytes, memory
            ) - _balance(used_cpu, cpu, used_memory, memory)
            return _HALF + int((_HALF + gained) / 2)

        return score

    def traits(self, pod: Pod) -> Hashable:
        needs = pod_needs(pod)
        return needs.milli_cpu, needs.memory_bytes


def _balances(fractions: list[NDArray[np.float64]], both: Bool) -> Int64:
    """What `_balance` says, by rows."""
    # The deviation of two values is half their distance.
    deviation = np.abs((fractions[0] - fractions[1]) / 2)
    return ((1.0 - np.where(both, deviation, 0.0)) * MAX_NODE_SCORE).astype(np.int64)


def _balance(used_cpu: int, cpu: int, used_memory: int, memory: int) -> int:
    """100 less the standard deviation of the two used fractions, in percent; rounded down."""
    # Divided as the columns are: each number as a float, which is exact up to 2**53.
    distance = min(float(used_cpu) / float(cpu), 1.0) - min(float(used_memory) / float(memory), 1.0)
    return int((1.0 - abs(distance / 2)) * MAX_NODE_SCORE)


def _halved(values: Int64) -> Int64:
    """Divided by two toward zero, as Go divides."""
    return np.trunc(values / 2).astype(np.int64)
