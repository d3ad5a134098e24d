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
    """A table of devices by nodes. Rows are those of whoever keeps it: the table's columns, so that a sum over
    a node's few devices is a sum of a few long arrays.

    What follows from a row's devices is kept beside them, and worked out anew for the rows that have changed.
    """

    def __init__(self) -> None:
        self._free: Floats = np.zeros((0, 0))
        self._most: Floats = np.zeros(0)  # of each row, what is free on its emptiest device
        self._whole: Floats = np.zeros(0)  # of each row, how many devices are untouched
        self._least: list[int] = []  # what somebody wanted of one device
        self._scraps: Floats = np.zeros(
            (0, 0)
        )  # for each of these, what is free on devices with less
        self._counts: dict[int, int] = {}
        self._changed: set[int] = (
            set()
        )  # rows whose devices are not what they were at the last look
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
        self._changed.add(row)

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
        self._changed.add(row)

    def _grow(self, rows: int, devices: int) -> None:
        had_devices, had_rows = self._free.shape
        if rows > had_rows or devices > had_devices:
            more = max(rows, 2 * had_rows) if rows > had_rows else had_rows
            larger = np.zeros((max(devices, had_devices), more))
            larger[:had_devices, :had_rows] = self._free
            self._free = larger
            self._most, self._whole = np.zeros(more), np.zeros(more)
            self._scraps = np.zeros((len(self._least), more))
            self._changed.update(range(had_rows))

    def _look(self) -> None:
        if not self._changed:
            return
        rows = np.fromiter(self._changed, np.intp, len(self._changed))
        self._changed.clear()
        free = self._free[:, rows]
        self._most[rows] = free.max(0, initial=0.0)
        self._whole[rows] = (free >= DEVICE).sum(0)
        if self._least:
            least = np.array(self._least, np.float64)
            self._scraps[:, rows] = _below(free, least[:, None, None])

    def room(self, amount: float, rows: int) -> Flags:
        """For each of the first rows whether its devices can serve a pod that asks for so much."""
        self._grow(rows, 0)
        self._look()
        whole, rest = divmod(int(amount), DEVICE)
        if not whole:
            return np.asarray(self._most[:rows] >= rest)
        enough: Flags = self._whole[:rows] >= whole
        if rest:
            enough &= (self._free[:, :rows] >= rest).sum(0) > whole
        return enough

    def scraps(self, amount: float, rows: int) -> Floats:
        """For each of the first rows what is free on devices with less than such a pod wants of one. Not to be changed."""
        self._grow(rows, 0)
        self._look()
        least = int(min(amount, DEVICE))
        if least not in self._least:
            self._least.append(least)
            self._scraps = np.concatenate([self._scraps, _below(self._free, least)[None]])
        return self._scraps[self._least.index(least), :rows]


def _below(free: Floats, least: Any) -> Floats:
    """By node what is free on devices with less."""
    return np.asarray(np.where(free < least, np.maximum(free, 0.0), 0.0).sum(-2))
