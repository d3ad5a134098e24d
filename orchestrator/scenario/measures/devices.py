"""GPUs that pods share, by device: what is free of each, and for whom it is of no use.

Known where the pods say which devices they have, as `orchestrator.scheduler.plugins.gpu_sharing` has them say
it. By the definition of Weng et al., "Beware of Fragmentation" (USENIX ATC 2023): what is free of a
node that cannot take a task is of no use to it, and on one that can, what is free on devices with less than
the task wants of one.
"""

from typing import Any, TypeAlias

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.shared_gpus import DEVICE, Shares, amount_for, shares_of

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Amounts: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Rows: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]


class DeviceUse:
    """A table of devices by nodes. Rows are those of whoever keeps it: the table's columns, so that a sum over
    a node's few devices is a sum of a few long arrays.
    """

    def __init__(self) -> None:
        self._free: Floats = np.zeros((0, 0))
        self._counts: dict[int, int] = {}
        self._told = self._untold = False

    @property
    def known(self) -> bool:
        """Whether pods have devices, and each that has some says which."""
        return self._told and not self._untold

    def offer(self, row: int, amount: float) -> None:
        """A node has so much of the resource from now on."""
        count = int(amount) // DEVICE
        before = self._counts.get(row, 0)
        if count == before:
            return
        self._grow(row + 1, max(count, before))
        self._free[min(count, before) : max(count, before), row] += DEVICE * np.sign(count - before)
        self._counts[row] = count

    def observe_pod(self, row: int, pod: Pod, *, comes: bool) -> None:
        """A pod comes to a node, or has ended or gone there."""
        amount = amount_for(pod)
        if not amount:
            return
        shares = shares_of(pod.metadata.annotations, amount)
        if shares is None:
            self._untold = True
        else:
            self._told = True
            self._take(row, shares, 1 if comes else -1)

    def _take(self, row: int, shares: Shares, sign: int) -> None:
        self._grow(row + 1, max(shares) + 1)
        for device, amount in shares.items():
            self._free[device, row] -= sign * amount

    def _grow(self, rows: int, devices: int) -> None:
        had_devices, had_rows = self._free.shape
        if rows > had_rows or devices > had_devices:
            more = max(rows, 2 * had_rows) if rows > had_rows else had_rows
            larger = np.zeros((max(devices, had_devices), more))
            larger[:had_devices, :had_rows] = self._free
            self._free = larger

    def room(self, amounts: Amounts, rows: Rows) -> Flags:
        """By amounts and rows, whether the row's devices can serve a pod that asks for so much: as many
        untouched ones as it wants whole, and what is left of its wish on one more.
        """
        free = self._of(rows)
        whole, rest = np.divmod(amounts, DEVICE)
        enough: Flags = (free >= DEVICE).sum(0) >= whole[:, None]
        one_more = (free >= rest[:, None, None]).sum(1) > whole[:, None]
        enough &= one_more | (rest == 0)[:, None]
        return enough

    def scraps(self, amounts: Amounts, rows: Rows) -> Floats:
        """By amounts and rows, what is free on devices with less than a pod that asks for so much wants of one."""
        free = self._of(rows)
        too_little = free < np.minimum(amounts, DEVICE)[:, None, None]
        return np.asarray(np.where(too_little, np.maximum(free, 0.0), 0.0).sum(1))

    def _of(self, rows: Rows) -> Floats:
        if len(rows):
            self._grow(int(rows.max()) + 1, 0)
        return self._free[:, rows]
