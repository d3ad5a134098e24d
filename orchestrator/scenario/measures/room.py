"""Which nodes have room for one more pod of a kind, and what such nodes have left that is of no use to it.

What is free of a node that cannot take a pod is of no use to it; of GPUs that pods share, nor is what is free
on devices with less than the pod wants of one (Weng et al., "Beware of Fragmentation", USENIX ATC 2023).

Nodes change one by one while samples look at all of them: what was found out stands until a node changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from orchestrator.scenario.measures.devices import DeviceUse, Floats

Shape: TypeAlias = tuple[tuple[int, float], ...]  # what a kind of pod asks for, by column
_KEPT: Final = 64  # kinds that are followed; who is not asked for any more makes place


class Room:
    """A table of kinds of pods by nodes, whose rows are columns of the table of what is free."""

    def __init__(self, devices: DeviceUse) -> None:
        self._devices = devices
        self._by_device = -1  # the column that `devices` knows better; -1: none
        self._kinds: dict[Shape, int] = {}
        self._wanted: Floats = np.zeros((0, 0))  # by kind and column; -inf: nothing is asked for
        self._amounts = np.zeros(
            0, np.int64
        )  # that kinds ask for of the column that devices know better
        self._amount_of = np.zeros(0, np.intp)  # by kind, which of these
        self._room: Floats = np.zeros((0, 0))  # by kind and node: 1 where there is room, or 0
        self._scraps: Floats = np.zeros((0, 0))
        self._changed: set[int] = set()

    def change(self, row: int) -> None:
        """What is free of a node is not what it was."""
        self._changed.add(row)

    def lost(self, weights: Mapping[Shape, float], free: Floats, by_device: int) -> Floats:
        """By column and node what is free and of no use: the weighted sum over kinds. `free` is what each
        node has left; less than nothing is left where pods were put beyond what there is. `by_device` is
        the column that counts by device, or -1.
        """
        self._look(weights, free, by_device)
        of_kind = np.zeros(len(self._kinds))
        for kind, weight in weights.items():
            of_kind[self._kinds[kind]] = weight
        without_room = np.maximum(of_kind.sum() - of_kind @ self._room, 0.0)
        lost: Floats = np.maximum(free, 0.0) * without_room
        if by_device >= 0:
            lost[by_device] += of_kind @ self._scraps
        return lost

    def lost_to(
        self, kinds: Sequence[Shape], column: int, free: Floats, by_device: int
    ) -> list[float]:
        """For each kind, what all nodes together have free of a column and is of no use to it."""
        self._look(kinds, free, by_device)
        left = np.maximum(free[column], 0.0)
        numbers = [self._kinds[kind] for kind in kinds]
        lost: Floats = left.sum() - self._room[numbers] @ left
        if column == by_device:
            lost += self._scraps[numbers].sum(1)
        return [float(each) for each in lost]

    def _look(self, kinds: Iterable[Shape], free: Floats, by_device: int) -> None:
        new = [kind for kind in kinds if kind not in self._kinds]
        columns, nodes = free.shape
        if new or self._room.shape[1] != nodes or self._by_device != by_device:
            kept = list(self._kinds) if len(self._kinds) + len(new) <= _KEPT else []
            followed = list(dict.fromkeys([*kept, *kinds]))
            self._kinds = {kind: number for number, kind in enumerate(followed)}
            self._by_device = by_device
            self._follow(followed, columns)
            self._room = np.zeros((len(followed), nodes))
            self._scraps = np.zeros_like(self._room if by_device >= 0 else self._wanted)
            rows = np.arange(nodes)
        elif self._changed:
            rows = np.fromiter(self._changed, np.intp, len(self._changed))
        else:
            return
        self._changed.clear()
        wanted = self._wanted[:, :, None]
        room = (free[: wanted.shape[1], rows] >= wanted).all(1)
        if by_device >= 0:
            room &= self._devices.room(self._amounts, rows)[self._amount_of]
            scraps = self._devices.scraps(self._amounts, rows)[self._amount_of]
            self._scraps[:, rows] = np.where(room, scraps, 0.0)
        self._room[:, rows] = room

    def _follow(self, kinds: Sequence[Shape], columns: int) -> None:
        self._wanted = np.full((len(kinds), columns), -np.inf)
        amounts = np.zeros(len(kinds), np.int64)
        for number, kind in enumerate(kinds):
            for column, amount in kind:
                if column == self._by_device:
                    amounts[number] = int(amount)
                else:
                    self._wanted[number, column] = amount
        self._amounts, self._amount_of = np.unique(amounts, return_inverse=True)
