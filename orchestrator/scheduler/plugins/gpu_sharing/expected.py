"""What is free of nodes, and of use to the tasks to come: what fragmentation is reckoned by.

A kind of task counts as often as it comes, so sums over kinds are whole numbers: in whatever order they are added
up, on whatever machine, equal nodes are equal. Kinds that want the same of devices differ by their processors
alone; of these it is enough to know how many tasks a node has processors for.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from orchestrator.machinery.shared_gpus import DEVICE
from orchestrator.scheduler.plugins.gpu_sharing.devices import Ledger
from orchestrator.scheduler.plugins.gpu_sharing.tasks import MODEL, Kind, popular
from orchestrator.scheduler.snapshot import CPU, Bool, Int64, Rows, Snapshot

Float: TypeAlias = NDArray[np.float64]
_FEW: Final = 4  # rows that are looked at one by one


class Free(NamedTuple):
    """What is free on some rows: processors, and of devices by row the sum, and by row and group of tasks how many
    have what such a task wants of one, and how much is on those that have less; whose model suits which group.
    """

    cpu: Int64
    total: Int64
    enough: Int64
    little: Int64
    suits: Bool

    def at(self, rows: Rows) -> "Free":
        """The same of some of the rows, or of one more often than once."""
        return Free(
            self.cpu[rows],
            self.total[rows],
            self.enough[rows],
            self.little[rows],
            self.suits[rows],
        )


class ExpectedTasks:
    """The popular kinds of tasks, in groups that want the same of devices."""

    def __init__(self, counts: Counter[Kind]) -> None:
        kinds = [kind for kind, _ in popular(counts)]
        groups = {(k.milli, k.devices, k.models): n for n, k in enumerate(kinds) if k.devices}
        places = {group: place for place, group in enumerate(sorted(groups))}
        self._models = [models for _, _, models in places]
        self._amounts = np.array([milli for milli, _, _ in places], np.int64)
        self._devices = np.array([devices for _, devices, _ in places], np.int64)
        self._cpus = np.array(sorted({kind.cpu for kind in kinds}), np.int64)
        # After so many of the steps of `_cpus`: how many tasks of each group need no more.
        self._served = np.zeros((len(self._cpus) + 1, len(places)), np.int64)
        for kind in kinds:
            if kind.devices:
                place = places[kind.milli, kind.devices, kind.models]
                step = int(np.searchsorted(self._cpus, kind.cpu, side="right"))
                self._served[step:, place] += counts[kind]
        # The same as lists, for one row at a time.
        self._amount_list, self._device_list = self._amounts.tolist(), self._devices.tolist()
        self._cpu_steps, self._served_lists = self._cpus.tolist(), self._served.tolist()
        self.count = max(1, sum(counts[kind] for kind in kinds))
        """Of all tasks: what sums are to be divided by."""

    def suiting(self, model: str | None) -> Bool:
        """Which groups accept a model of devices."""
        return np.array([not models or model in models for models in self._models], np.bool_)

    def free(self, cpu: Int64, devices: Int64, suits: Bool) -> Free:
        """What is free on rows, by row and device."""
        above = devices[..., None] >= self._amounts
        little = np.where(above, 0, devices[..., None]).sum(1)
        return Free(cpu, devices.sum(1), above.sum(1), little, suits)

    def of_row(
        self, cpu: int, devices: list[int], suits: list[bool]
    ) -> tuple[int, list[int], list[int], int]:
        """The sum, `Free.enough`, `Free.little` and what is useful of one row, as lists and numbers."""
        values = sorted(devices)
        sums = [0, *accumulate(values)]
        total, count, useful = sums[-1], len(values), 0
        enough, little = [], []
        served = self._served_lists[bisect_right(self._cpu_steps, cpu)]
        for amount, wanted, tasks, suited in zip(
            self._amount_list, self._device_list, served, suits, strict=True
        ):
            less = bisect_left(values, amount)
            enough.append(count - less)
            little.append(sums[less])
            if suited and count - less >= wanted:
                useful += tasks * (total - sums[less])
        return total, enough, little, useful

    def useful(self, free: Free) -> Int64:
        """How much of devices is free and of use, summed over all tasks."""
        tasks = self._served[np.searchsorted(self._cpus, free.cpu, side="right")]
        able = free.suits & (free.enough >= self._devices)
        return np.asarray((tasks * able * (free.total[:, None] - free.little)).sum(1))

    def with_share(self, free: Free, left: Int64, cpu: int, amount: int) -> Free:
        """What is free when a pod has come to each of the rows, and taken a share of a device with so much left."""
        before, after = left[:, None], (left - amount)[:, None]
        above, above_then = before >= self._amounts, after >= self._amounts
        return Free(
            free.cpu - cpu,
            free.total - amount,
            free.enough - above + above_then,
            free.little - np.where(above, 0, before) + np.where(above_then, 0, after),
            free.suits,
        )

    def gain(self, before: Int64, after: Int64, amount: int) -> Float:
        """By how much less is free of no use, in the mean of all tasks, when of what was free a pod took an amount:
        `before` and `after` are what was `useful`.
        """
        return (after - before + amount * self.count) / self.count


class FreeRows:
    """What is free on all rows of a snapshot, kept up to date. Its fields are not to be changed."""

    def __init__(self, tasks: ExpectedTasks, ledger: Ledger) -> None:
        self.tasks = tasks
        self._ledger = ledger
        self._version = self._nodes_version = -1
        self.devices: Int64 = np.zeros((0, 0), np.int64)
        self.different: Int64 = self.devices  # of each row's devices those that are unlike, else 0
        self.suits: Bool = np.zeros((0, 0), np.bool_)
        self.free: Free
        self.useful: Int64

    def catch_up(self, nodes: Snapshot) -> "FreeRows":
        """Take in what has changed since the last look."""
        if self._version == nodes.version:
            return self
        rows = nodes.touched_since(self._version)
        devices = self._ledger.catch_up(nodes)
        as_before = devices.shape == self.devices.shape
        if rows is None or not as_before or self._nodes_version != nodes.nodes_version:
            self._begin(nodes, devices)
        else:
            self._look(nodes, devices, rows)
        self._version, self._nodes_version = nodes.version, nodes.nodes_version
        return self

    def _begin(self, nodes: Snapshot, devices: Int64) -> None:
        of_model: dict[str | None, Bool] = {}
        self._suits: dict[int, list[bool]] = {}
        self.devices = devices.copy()
        self.different = np.zeros(devices.shape, np.int64)
        self.suits = np.zeros((len(devices), len(self.tasks.suiting(None))), np.bool_)
        rows = nodes.all_rows()
        for row in rows.tolist():
            model = nodes.labels[row].get(MODEL)
            if model not in of_model:
                of_model[model] = self.tasks.suiting(model)
            self.suits[row] = of_model[model]
            self._suits[row] = of_model[model].tolist()
        every = np.arange(len(devices))
        self.free = self.tasks.free(self._cpu(nodes, every), devices, self.suits)
        self.useful = self.tasks.useful(self.free)
        self.different = _different(devices)

    def _look(self, nodes: Snapshot, devices: Int64, rows: list[int]) -> None:
        if len(rows) <= _FEW:
            for row in rows:
                self._look_at(nodes, devices, row)
        else:
            self._look_at_many(nodes, devices, np.array(rows, np.intp))

    def _look_at(self, nodes: Snapshot, devices: Int64, row: int) -> None:
        """The same for one row, number by number: after most pods it is one."""
        cpu = int(nodes.allocatable[CPU, row] - nodes.requested[CPU, row])
        values = devices[row].tolist()
        free = self.free
        total, enough, little, useful = self.tasks.of_row(cpu, values, self._suits[row])
        self.devices[row] = devices[row]
        unlike = sorted(set(values))
        self.different[row] = unlike + [0] * (len(values) - len(unlike))
        free.cpu[row], free.total[row], self.useful[row] = cpu, total, useful
        free.enough[row], free.little[row] = enough, little

    def _look_at_many(self, nodes: Snapshot, devices: Int64, rows: Rows) -> None:
        there = devices[rows]
        free = self.tasks.free(self._cpu(nodes, rows), there, self.suits[rows])
        self.devices[rows] = there
        self.different[rows] = _different(there)
        for column, now in zip(self.free[:-1], free[:-1], strict=True):
            column[rows] = now
        self.useful[rows] = self.tasks.useful(free)

    def _cpu(self, nodes: Snapshot, rows: Rows) -> Int64:
        left: Int64 = nodes.allocatable[CPU, rows] - nodes.requested[CPU, rows]
        return left

    def gains_of_whole(self, rows: Rows, cpu: int, count: int) -> Float:
        """What each row gains when a pod takes processors and whole devices."""
        free, tasks = self.free.at(rows), self.tasks
        if count:
            devices = self.devices[rows]
            untouched = devices == DEVICE
            taken = untouched & (untouched.cumsum(1) <= count)
            devices[taken] = 0
            then = tasks.free(free.cpu - cpu, devices, free.suits)
        else:
            then = free._replace(cpu=free.cpu - cpu)
        return tasks.gain(self.useful[rows], tasks.useful(then), count * DEVICE)

    def gains_of_share(self, rows: Rows, cpu: int, amount: int) -> Float:
        """What each row gains at best when a pod takes a share of a device; -inf where none has so much."""
        different = self.different[rows]
        places, columns = np.nonzero(different >= amount)
        gains = np.full(len(rows), -np.inf)
        if len(places):
            each = rows[places]
            then = self.tasks.with_share(
                self.free.at(each), different[places, columns], cpu, amount
            )
            found = self.tasks.gain(self.useful[each], self.tasks.useful(then), amount)
            begins = np.flatnonzero(np.diff(places, prepend=-1))
            gains[places[begins]] = np.maximum.reduceat(found, begins)
        return gains


def _different(devices: Int64) -> Int64:
    """Each row's values, one of each, the others 0."""
    values = np.sort(devices, axis=1)
    values[:, 1:][values[:, 1:] == values[:, :-1]] = 0
    return values
