"""Five policies for pods that share GPUs, from chance to packing, each a score of a node for a pod.

CPU is in thousandths of a processor and GPUs are in thousandths of a device. What the papers divide by the
largest machine's resources is divided by `_MOST_CPU` and `_MOST_GPU`.
"""

from collections.abc import Hashable
from typing import Any, ClassVar, Final
from zlib import crc32

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.machinery.shared_gpus import DEVICE, RESOURCE, Shares, amount_for
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, ScoreKernel
from orchestrator.scheduler.plugins.gpu_sharing.devices import (
    GpuDevices,
    InFixedOrder,
    Ledger,
    deal,
    kind_of,
)
from orchestrator.scheduler.snapshot import CPU, Int64, Rows, Snapshot

_MOST_CPU: Final = 128_000
_MOST_GPU: Final = 8 * DEVICE


class Random(GpuDevices):
    """Any node that fits, and any device of it: no score, so that chance decides among all."""

    name: ClassVar[str] = "Random"

    def pick(self, nodes: Snapshot, row: int, cpu: int, free: list[int], pod: Pod) -> Shares | None:
        """By the pod's own identity, which is drawn from the seed."""
        amount = amount_for(pod)
        able = [device for device, left in enumerate(free) if left >= amount]
        if amount >= DEVICE or not able:
            return deal(free, amount)
        return {able[crc32(pod.metadata.uid.encode()) % len(able)]: amount}


class _Policy(InFixedOrder):
    """A policy is a kernel; pods of equal traits share it."""

    kernel: ClassVar[type["_Score"]]

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """None for pods of which the policy says nothing."""
        cpu, gpu = pod_needs(pod).scoring_milli_cpu, amount_for(pod)
        if not gpu and not self.kernel.of_all:
            return None
        return self.kernel(cpu, gpu, nodes, self.ledger(nodes))


class _Score(ScoreKernel):
    of_all: ClassVar[bool] = True  # whether pods without GPUs are scored, too

    def __init__(self, cpu: int, gpu: int, nodes: Snapshot, ledger: Ledger) -> None:
        self._cpu, self._gpu, self._nodes, self._ledger = cpu, gpu, nodes, ledger
        self.traits: Hashable = (cpu, gpu)

    def _left(self, rows: Rows) -> tuple[Int64, Int64]:
        """The processors that are left, and the devices, by row."""
        nodes = self._nodes
        cpu = nodes.allocatable[CPU, rows] - nodes.requested[CPU, rows]
        return cpu, self._ledger.catch_up(nodes)[rows]


class _BySums(_Score):
    """A score by how much of processors and of all devices is left, in thousandths."""

    def _score(self, cpu: Any, gpu: Any) -> Any:
        """Of one row, or of rows; fractions are cut off, as in the framework that counts in whole numbers."""
        raise NotImplementedError

    def rows(self, rows: Rows) -> Int64:
        cpu, free = self._left(rows)
        return np.asarray(self._score(cpu, free.sum(1))).astype(np.int64)

    def row(self, row: int) -> int:
        nodes = self._nodes
        cpu = nodes.allocatable.item(CPU, row) - nodes.requested.item(CPU, row)
        return int(self._score(cpu, sum(self._ledger.catch_up(nodes)[row].tolist())))


class _DotProduct(_BySums):
    def _score(self, cpu: Any, gpu: Any) -> Any:
        product = (cpu / _MOST_CPU) * (self._cpu / _MOST_CPU)
        product += (gpu / _MOST_GPU) * (self._gpu / _MOST_GPU)
        return MAX_NODE_SCORE * (1 - product / 2)


class DotProd(_Policy):
    """Where what is free is least like what the pod asks for, as vectors of CPU and GPU.

    Grandl et al., "Multi-Resource Packing for Cluster Schedulers" (SIGCOMM 2014), turned to packing.
    """

    name: ClassVar[str] = "DotProd"
    kernel = _DotProduct


class _LeastLeft(_BySums):
    def _score(self, cpu: Any, gpu: Any) -> Any:
        left = (cpu - self._cpu) / _MOST_CPU * 0.5 + (gpu - self._gpu) / _MOST_GPU * 0.5
        return (1 - left) * MAX_NODE_SCORE


class BestFit(_Policy):
    """Where least is left of CPU and GPU after the pod has come."""

    name: ClassVar[str] = "BestFit"
    kernel = _LeastLeft


class _Alike(_Score):
    of_all = False

    def __init__(self, cpu: int, gpu: int, nodes: Snapshot, ledger: Ledger) -> None:
        super().__init__(cpu, gpu, nodes, ledger)
        self.traits = self._kind = kind_of(gpu)

    def rows(self, rows: Rows) -> Int64:
        return np.array([self.row(row) for row in rows.tolist()], np.int64)

    def row(self, row: int) -> int:
        free: int = sum(self._ledger.catch_up(self._nodes)[row].tolist())
        part = MAX_NODE_SCORE // 4
        return part * (_MOST_GPU - free) // _MOST_GPU + part * self._rank(row)

    def _rank(self, row: int) -> int:
        """3: pods of this kind alone are there, 2: of others, too, 1: none at all, 0: others alone."""
        kinds = self._ledger.kinds.get(row)
        if not kinds:
            return 1
        if self._kind in kinds:
            return 3 if len(kinds) == 1 else 2
        return 0


class GpuClustering(_Policy):
    """Beside pods that ask for as many devices.

    Xiao et al., "Gandiva: Introspective Cluster Scheduling for Deep Learning" (OSDI 2018).
    """

    name: ClassVar[str] = "GpuClustering"
    kernel = _Alike


class _Occupied(_Score):
    of_all = False
    by_arrays = True

    def __init__(self, cpu: int, gpu: int, nodes: Snapshot, ledger: Ledger) -> None:
        super().__init__(cpu, gpu, nodes, ledger)
        self.traits = gpu

    def rows(self, rows: Rows) -> Int64:
        _, free = self._left(rows)
        column = self._nodes.allocatable[self._nodes.column(RESOURCE), rows] // DEVICE
        count = max(1, self._gpu // DEVICE)
        each = min(self._gpu, DEVICE)
        # The fullest devices that can take it, of which so many are used.
        able = np.where(free >= each, free, _MOST_GPU)
        able.sort(axis=1)
        used = able[:, :count]
        untouched = (free == DEVICE).sum(1)
        to_touch = (used == DEVICE).sum(1)
        shared = MAX_NODE_SCORE - (used * 100 // DEVICE).sum(1) // 10
        on_used = np.maximum(shared, MAX_NODE_SCORE // 2)
        on_free = np.maximum(MAX_NODE_SCORE // 2 - to_touch, MAX_NODE_SCORE // 3)
        on_idle = np.maximum(MAX_NODE_SCORE // 3 - untouched, untouched)
        scores = np.where(to_touch > 0, on_free, on_used)
        return np.asarray(np.where(untouched == column, on_idle, scores), np.int64)


class GpuPacking(_Policy):
    """On devices that are shared already, else on nodes in use, else on idle ones with fewest devices.

    Weng et al., "MLaaS in the Wild" (NSDI 2022).
    """

    name: ClassVar[str] = "GpuPacking"
    kernel = _Occupied
