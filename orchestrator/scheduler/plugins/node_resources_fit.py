"""NodeResourcesFit: a node must have room; how much room is left is a score."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

import numpy as np
from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod
from orchestrator.api.resource.v1 import DeviceClass
from orchestrator.machinery.resources import Needs, pod_needs
from orchestrator.scheduler.amounts import asks_less, is_scalar, offered, wanted_by
from orchestrator.scheduler.devices.scoring import add_devices, classes_of
from orchestrator.scheduler.errors import InvalidProfile
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, FilterKernel, ScoreKernel
from orchestrator.scheduler.plugins.utilization import Shape, utilization_scores
from orchestrator.scheduler.snapshot import (
    CPU,
    MEMORY,
    PODS,
    Bool,
    Int64,
    Rows,
    Snapshot,
)

Strategy = Literal["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"]
_STRATEGIES: Final = get_args(Strategy)
_EQUALLY: Final[Mapping[str, int]] = {"cpu": 1, "memory": 1}


class NodeResourcesFit(Plugin):
    """Filters by requests against allocatable; scores by a strategy, with weights of resources.

    `shape` is of RequestedToCapacityRatio: (utilization in percent, score of 0 to 10), ascending.
    Extended resources that are `ignored` by name, or by the group before the slash, do not filter.
    Raises InvalidProfile.
    """

    name = "NodeResourcesFit"
    by_content = True
    helped_by = frozenset(
        (
            ClusterEvent.NODE_ADDED,
            ClusterEvent.NODE_ALLOCATABLE,
            ClusterEvent.POD_REMOVED,
            ClusterEvent.POD_SMALLER,
            ClusterEvent.DEVICES,
            ClusterEvent.OWN_REQUESTS,
        )
    )

    def __init__(
        self,
        strategy: Strategy = "LeastAllocated",
        resources: Mapping[str, int] = _EQUALLY,
        shape: Shape = (),
        *,
        ignored: frozenset[str] = frozenset(),
        ignored_groups: frozenset[str] = frozenset(),
    ) -> None:
        if strategy not in _STRATEGIES:
            raise InvalidProfile(
                f"NodeResourcesFit has no strategy {strategy!r}; it has {', '.join(_STRATEGIES)}"
            )
        if (strategy == "RequestedToCapacityRatio") != bool(shape):
            raise InvalidProfile("RequestedToCapacityRatio, and nothing else, needs a shape")
        self._strategy: Strategy = strategy
        self._resources = tuple(resources.items())
        self._shape = shape
        self._ignored, self._ignored_groups = ignored, ignored_groups

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A node that could hold the pod were it empty, new or with more of what the pod asks for."""
        if event in (ClusterEvent.POD_REMOVED, ClusterEvent.OWN_REQUESTS):
            return True
        if event is ClusterEvent.POD_SMALLER:
            return asks_less(old, new, {name for name, _ in wanted_by(pod)})
        wanted = [(n, a) for n, a in wanted_by(pod) if not self._ignores(n)]
        if event is ClusterEvent.DEVICES:  # of classes those that stand for what the pod asks for
            return isinstance(new, DeviceClass) and any(
                nodes.devices.backed.get(name) == new.metadata.name for name, _ in wanted
            )
        offers, backed = offered(new), nodes.devices.backed
        if any(
            offers.get(name, 0) < amount and (offers.get(name) or name not in backed)
            for name, amount in wanted
        ):
            return False
        if old is None:
            return True
        before = offered(old)
        return any(offers.get(name, 0) > before.get(name, 0) for name, _ in wanted)

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        needs = nodes.needs_of(pod)  # first: it may bring resources that nobody knew
        names = list(nodes.resources)
        wanted = tuple((c, amount) for c, amount in needs if not self._ignores(names[c]))
        backed = frozenset(map(nodes.column, nodes.backed_by_devices(pod)))
        return _RoomOrDevices(wanted, backed, nodes) if backed else _Room(wanted, nodes)

    def _ignores(self, resource: str) -> bool:
        if "/" not in resource or not (self._ignored or self._ignored_groups):
            return False
        return resource in self._ignored or resource.partition("/")[0] in self._ignored_groups

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """As `ScoreRule.score_kernel`."""
        # What is set for the pod as a whole does not count here, as in kube-scheduler 1.36.
        if pod.spec is not None and pod.spec.resources is not None:
            pod = replace(pod, spec=replace(pod.spec, resources=None))
        needs = pod_needs(pod)
        if self._strategy == "LeastAllocated" and self._resources == (("cpu", 1), ("memory", 1)):
            return _LeastOfTwo(needs, nodes)
        return _Allocation(self._strategy, self._resources, self._shape, needs, nodes)


class _Room(FilterKernel):
    """Whether what is free is enough of each (column, amount)."""

    def __init__(self, wanted: tuple[tuple[int, int], ...], nodes: Snapshot) -> None:
        self.traits = self._wanted = wanted
        self._nodes = nodes

    def rows(self, rows: Rows) -> Bool:
        nodes = self._nodes
        answers = np.ones(len(rows), np.bool_)
        for column, amount in self._wanted:
            # One row of the table, and then some of its places: both at once takes three times as long.
            free = nodes.allocatable[column].take(rows) - nodes.requested[column].take(rows)
            answers &= free >= amount
        return answers

    def row(self, row: int) -> bool:
        offered, taken = self._nodes.allocatable.item, self._nodes.requested.item
        for column, amount in self._wanted:  # a generator would cost twice the loop
            if offered(column, row) - taken(column, row) < amount:
                return False
        return True

    def spare(self, row: int) -> dict[int, int] | None:
        offered, taken = self._nodes.allocatable.item, self._nodes.requested.item
        return {
            column: offered(column, row) - taken(column, row) - amount
            for column, amount in self._wanted
        }

    def reasons(self, row: int) -> tuple[str, ...]:
        return tuple(self.tally(np.array((row,), np.intp)))

    def tally(self, rows: Rows) -> Mapping[str, int]:
        nodes = self._nodes
        names = list(nodes.resources)
        counts = {}
        for column, amount in self._wanted:
            free = nodes.allocatable[column, rows] - nodes.requested[column, rows]
            short = int(np.count_nonzero(free < amount))
            if short:
                reason = "Too many pods" if column == PODS else f"Insufficient {names[column]}"
                counts[reason] = short
        return counts

    def unresolvable(self, rows: Rows) -> Bool:
        """More is asked than the whole node offers; its number of pods is another matter."""
        answers = np.zeros(len(rows), np.bool_)
        for column, amount in self._wanted:
            if column != PODS:
                answers |= self._nodes.allocatable[column, rows] < amount
        return answers


class _RoomOrDevices(_Room):
    """The same, where nodes that do not offer some of the resources may have devices in their place."""

    def __init__(
        self, wanted: tuple[tuple[int, int], ...], backed: frozenset[int], nodes: Snapshot
    ) -> None:
        super().__init__(wanted, nodes)
        self.traits = (wanted, backed)
        self._plain = tuple(each for each in wanted if each[0] not in backed)
        self._backed = tuple(each for each in wanted if each[0] in backed)

    def _here(self, row: int) -> _Room:
        """What counts on a row."""
        offered = self._nodes.allocatable.item
        here = tuple(each for each in self._backed if offered(each[0], row) > 0)
        return _Room((*self._plain, *here), self._nodes)

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(row) for row in rows.tolist()], np.bool_)

    def row(self, row: int) -> bool:
        return self._here(row).row(row)

    def spare(self, row: int) -> dict[int, int] | None:
        return self._here(row).spare(row)

    def tally(self, rows: Rows) -> Mapping[str, int]:
        counts: Counter[str] = Counter()
        for row in rows.tolist():
            counts.update(self._here(row).tally(np.array((row,), np.intp)))
        return counts

    def unresolvable(self, rows: Rows) -> Bool:
        return np.array(
            [self._here(r).unresolvable(np.array((r,), np.intp))[0] for r in rows.tolist()],
            np.bool_,
        )


class _Allocation(ScoreKernel):
    """The weighted mean of what a strategy says of each resource."""

    def __init__(
        self,
        strategy: Strategy,
        resources: tuple[tuple[str, int], ...],
        shape: Shape,
        needs: Needs,
        nodes: Snapshot,
    ) -> None:
        self._nodes = nodes
        self._strategy = strategy
        self._shape = shape
        self._wanted = tuple(
            (nodes.column(name), weight, amount)
            for name, weight in resources
            # A node's number of pods is for filtering alone.
            if ((amount := _scored(needs, name)) or not is_scalar(name)) and name != "pods"
        )
        self._classes = classes_of((name for name, _ in resources), nodes)
        self.traits = (self._wanted, tuple(self._classes.items()))

    def rows(self, rows: Rows) -> Int64:
        nodes = self._nodes
        total = np.zeros(len(rows), np.int64)
        weights = np.zeros(len(rows), np.int64)
        for column, weight, amount in self._wanted:
            capacity = nodes.allocatable[column, rows]
            taken = nodes.scoring if column in (CPU, MEMORY) else nodes.requested
            requested = taken[column, rows] + amount
            if column in self._classes:
                add_devices(self._classes[column], amount, capacity, requested, rows, nodes)
            offered = capacity > 0  # a node that does not offer a resource is not scored by it
            scores = np.where(offered, self._scores(requested, np.maximum(capacity, 1)), 0)
            if self._strategy == "RequestedToCapacityRatio":
                offered = scores > 0
            total += scores * weight
            weights += offered * weight
        if self._strategy == "RequestedToCapacityRatio":
            return np.floor(total / np.maximum(weights, 1) + 0.5).astype(np.int64)
        return total // np.maximum(weights, 1)

    def _scores(self, requested: Int64, capacity: Int64) -> Int64:
        if self._strategy == "LeastAllocated":
            free = (capacity - requested) * MAX_NODE_SCORE // capacity
            return np.where(requested <= capacity, free, 0)
        if self._strategy == "MostAllocated":
            return np.minimum(requested, capacity) * MAX_NODE_SCORE // capacity
        used = np.where(requested > capacity, 100, requested * 100 // capacity)
        return utilization_scores(self._shape, used)


class _LeastOfTwo(_Allocation):
    """LeastAllocated over CPU and memory alike, one row without arrays."""

    def __init__(self, needs: Needs, nodes: Snapshot) -> None:
        super().__init__("LeastAllocated", (("cpu", 1), ("memory", 1)), (), needs, nodes)

    def row(self, row: int) -> int:
        offered, taken = self._nodes.allocatable.item, self._nodes.scoring.item
        total = weights = 0
        for column, _, amount in self._wanted:
            capacity = offered(column, row)
            if capacity > 0:
                weights += 1
                requested = taken(column, row) + amount
                if requested <= capacity:
                    total += (capacity - requested) * MAX_NODE_SCORE // capacity
        return total // weights if weights else 0


def _scored(needs: Needs, resource: str) -> int:
    match resource:
        case "cpu":
            return needs.scoring_milli_cpu
        case "memory":
            return needs.scoring_memory_bytes
        case "ephemeral-storage":
            return needs.ephemeral_storage_bytes
    return needs.extended.get(resource, 0)
