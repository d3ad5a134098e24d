"""NodeResourcesBalancedAllocation: prefers nodes whose resources the pod makes more evenly used."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import Needs, pod_needs
from orchestrator.scheduler.amounts import amount_of, is_scalar
from orchestrator.scheduler.devices.scoring import add_devices, classes_of
from orchestrator.scheduler.errors import InvalidProfile
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, ScoreKernel
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

_HALF: Final = MAX_NODE_SCORE // 2
_UNCHANGED: Final = _HALF + _HALF // 2

Floats = NDArray[np.float64]


class NodeResourcesBalancedAllocation(Plugin):
    """Scores how much the pod evens out the used fractions: 75 where it changes nothing.

    50 + (50 + with - without) / 2, where each of the two is 100 less the standard deviation of the
    fractions in percent, with the pod on the node and without it. Raises InvalidProfile.
    """

    name = "NodeResourcesBalancedAllocation"
    by_content = True

    def __init__(self, resources: tuple[str, ...] = ("cpu", "memory")) -> None:
        if not resources:
            raise InvalidProfile("NodeResourcesBalancedAllocation needs a resource")
        self._resources = resources

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """A pod that asks for none of the resources is left to the other plugins."""
        needs = pod_needs(pod)
        if not any(amount_of(needs, resource) for resource in self._resources):
            return None
        if self._resources == ("cpu", "memory"):
            return _OfTwo(needs, self._resources, nodes)
        return _Balance(needs, self._resources, nodes)


class _Balance(ScoreKernel):
    def __init__(self, needs: Needs, resources: tuple[str, ...], nodes: Snapshot) -> None:
        self._nodes = nodes
        self._amounts = tuple(
            (nodes.column(resource), amount)
            for resource in resources
            if ((amount := amount_of(needs, resource)) or not is_scalar(resource))
            and resource != "pods"  # which is for filtering alone
        )
        self._classes = classes_of(resources, nodes)
        self.traits = (self._amounts, tuple(self._classes.items()))

    def rows(self, rows: Rows) -> Int64:
        nodes = self._nodes
        before, after, offered = [], [], []
        for column, amount in self._amounts:
            capacity = nodes.allocatable[column, rows]
            requested = nodes.requested[column, rows]
            if column in self._classes:
                add_devices(self._classes[column], 0, capacity, requested, rows, nodes)
            offered.append(capacity > 0)
            capacity = np.maximum(capacity, 1)
            before.append(np.minimum(requested / capacity, 1.0))
            after.append(np.minimum((requested + amount) / capacity, 1.0))
        gained = _balances(after, offered) - _balances(before, offered)
        return _HALF + np.trunc((_HALF + gained) / 2).astype(np.int64)


class _OfTwo(_Balance):
    """CPU and memory, one row without arrays."""

    def row(self, row: int) -> int:
        offered, taken = self._nodes.allocatable.item, self._nodes.requested.item
        (first, more), (second, more_too) = self._amounts
        cpu, memory = offered(first, row), offered(second, row)
        if cpu <= 0 or memory <= 0:
            return _UNCHANGED
        used_cpu, used_memory = taken(first, row), taken(second, row)
        with_pod = _balance(used_cpu + more, cpu, used_memory + more_too, memory)
        return _HALF + int((_HALF + with_pod - _balance(used_cpu, cpu, used_memory, memory)) / 2)


def _balances(fractions: list[Floats], offered: list[Bool]) -> Int64:
    """100 less the standard deviation of the fractions of what is offered, in percent."""
    if len(fractions) == 2:  # half their distance
        deviation = np.abs((fractions[0] - fractions[1]) / 2)
        deviation = np.where(offered[0] & offered[1], deviation, 0.0)
    else:
        deviation = _deviations(np.array(fractions), np.array(offered))
    return ((1.0 - deviation) * MAX_NODE_SCORE).astype(np.int64)


def _deviations(fractions: Floats, offered: Bool) -> Floats:
    count = np.maximum(offered.sum(axis=0), 1)
    mean = np.where(offered, fractions, 0.0).sum(axis=0) / count
    squares = np.where(offered, (fractions - mean) ** 2, 0.0).sum(axis=0)
    # Of two that are offered kube-scheduler halves the distance: the same but for rounding.
    return np.asarray(np.sqrt(squares / count))


def _balance(used_cpu: int, cpu: int, used_memory: int, memory: int) -> int:
    # Divided as the columns are: each number as a float, which is exact up to 2**53.
    distance = min(float(used_cpu) / float(cpu), 1.0) - min(float(used_memory) / float(memory), 1.0)
    return int((1.0 - abs(distance / 2)) * MAX_NODE_SCORE)
