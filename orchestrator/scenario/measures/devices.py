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
    """

    def __init__(self) -> None:
        self._free: Floats = np.zeros((0, 0))
        self._counts: dict[int, int] = {}
        # What is told of an amount, until a device changes: many kinds of pods ask for the same.
        self._rooms: dict[int, Flags] = {}
        self._scraps: dict[int, Floats] = {}
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
        self._forget()

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
        self._forget()

    def _forget(self) -> None:
        self._rooms.clear()
        self._scraps.clear()

    def _grow(self, rows: int, devices: int) -> None:
        had_devices, had_rows = self._free.shape
        if rows > had_rows or devices > had_devices:
            larger = np.zeros((max(devices, had_devices), max(rows, 2 * had_rows)))
            larger[:had_devices, :had_rows] = self._free
            self._free = larger
            self._forget()

    def room(self, amount: float, rows: int) -> Flags:
        """For each of the first rows whether its devices can serve a pod that asks for so much. Not to be changed."""
        self._grow(rows, 0)
        known = self._rooms.get(int(amount))
        if known is None:
            known = self._rooms[int(amount)] = self._room(int(amount))
        return known[:rows]

    def _room(self, amount: int) -> Flags:
        whole, rest = divmod(amount, DEVICE)
        enough: Flags = (self._free >= DEVICE).sum(0) >= whole
        if rest:
            enough &= (self._free >= rest).sum(0) > whole
        return enough

    def scraps(self, amount: float, rows: int) -> Floats:
        """For each of the first rows what is free on devices with less than such a pod wants of one. Not to be changed."""
        self._grow(rows, 0)
        least = int(min(amount, DEVICE))
        known = self._scraps.get(least)
        if known is None:
            free = self._free
            known = np.where(free < least, np.maximum(free, 0.0), 0.0).sum(0)
            self._scraps[least] = known
        return known[:rows]
