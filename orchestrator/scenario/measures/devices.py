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


class DeviceUse:
    """A table of nodes by devices. Rows are those of whoever keeps it."""

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
        self._free[row, min(count, before) : max(count, before)] += DEVICE * np.sign(count - before)
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
            self._free[row, device] -= sign * amount

    def _grow(self, rows: int, devices: int) -> None:
        have = self._free.shape
        if rows > have[0] or devices > have[1]:
            larger = np.zeros((max(rows, 2 * have[0]), max(devices, have[1])))
            larger[: have[0], : have[1]] = self._free
            self._free = larger

    def room(self, amount: float, rows: int) -> Flags:
        """For each of the first rows whether its devices can serve a pod that asks for so much."""
        whole, rest = divmod(int(amount), DEVICE)
        free = self._table(rows)
        enough: Flags = (free >= DEVICE).sum(1) >= whole
        if rest:
            enough &= (free >= rest).sum(1) > whole
        return enough

    def scraps(self, amount: float, rows: int) -> Floats:
        """For each of the first rows what is free on devices with less than such a pod wants of one."""
        free = self._table(rows)
        little: Floats = np.where(free < min(amount, DEVICE), np.maximum(free, 0.0), 0.0).sum(1)
        return little

    def _table(self, rows: int) -> Floats:
        self._grow(rows, 0)
        return self._free[:rows]
