"""What is free of nodes, and of use to the tasks to come: what fragmentation is reckoned by.

A kind of task counts as often as it comes, so sums over kinds are whole numbers: in whatever order they are added
up, on whatever machine, equal nodes are equal. Kinds that want the same of devices differ by their processors
alone; of these it is enough to know how many tasks a node has processors for.

What a node gains by a pod follows from little: its devices, in whatever order, their model, and how many kinds of
tasks it has processors for, before and after. So most of what is asked was answered before, for this node or
another: answers are remembered by that, and each new one is worked out number by number.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from functools import cache
from itertools import accumulate
from math import exp
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from orchestrator.machinery.shared_gpus import DEVICE
from orchestrator.scheduler.kernels import MAX_NODE_SCORE
from orchestrator.scheduler.plugins.gpu_sharing.devices import Ledger
from orchestrator.scheduler.plugins.gpu_sharing.tasks import MODEL, Kind, popular
from orchestrator.scheduler.snapshot import CPU, Int64, Rows, Snapshot

Devices: TypeAlias = tuple[int, ...]  # what is free of each, ascending
Suits: TypeAlias = tuple[bool, ...]  # by group of tasks, whether it accepts a node's devices
_MOST: Final = 1 << 16  # states that are told apart before all is forgotten
_STEEPEST: Final = 700.0  # beyond it the exponential is no number any more


class ExpectedTasks:
    """The popular kinds of tasks, in groups that want the same of devices."""

    def __init__(self, counts: Counter[Kind]) -> None:
        kinds = [kind for kind, _ in popular(counts)]
        self._groups = sorted({(k.milli, k.devices, k.models) for k in kinds if k.devices})
        self.cpus = sorted({kind.cpu for kind in kinds})
        """Of how many processors any kind needs: as many of these as a node has are its `step`."""
        # After so many of the steps: how many tasks of each group need no more.
        self._served = [[0] * len(self._groups) for _ in range(len(self.cpus) + 1)]
        places = {group: place for place, group in enumerate(self._groups)}
        for kind in kinds:
            if kind.devices:
                place = places[kind.milli, kind.devices, kind.models]
                for served in self._served[self.step(kind.cpu) :]:
                    served[place] += counts[kind]
        self.count = max(1, sum(counts[kind] for kind in kinds))
        """Of all tasks: what sums are to be divided by."""
        self._able: dict[tuple[int, Suits], list[tuple[int, int, int]]] = {}

    def step(self, cpu: int) -> int:
        """How many of the kinds' processors are no more than these."""
        return bisect_right(self.cpus, cpu)

    def suiting(self, model: str | None) -> Suits:
        """Which groups accept a model of devices."""
        return tuple(not models or model in models for _, _, models in self._groups)

    def useful(self, step: int, devices: Devices, suits: Suits) -> int:
        """How much of devices is free and of use, summed over all tasks."""
        sums = (0, *accumulate(devices))
        total, count, useful = sums[-1], len(devices), 0
        for amount, wanted, tasks in self._able_groups(step, suits):
            less = bisect_left(devices, amount)
            if count - less >= wanted:
                useful += tasks * (total - sums[less])
        return useful

    def _able_groups(self, step: int, suits: Suits) -> list[tuple[int, int, int]]:
        """What each group wants of so many devices, and how many of its tasks the node has processors for."""
        found = self._able.get((step, suits))
        if found is None:
            served = self._served[step]
            found = self._able[step, suits] = [
                (milli, devices, tasks)
                for (milli, devices, _), tasks, suited in zip(
                    self._groups, served, suits, strict=True
                )
                if suited and tasks
            ]
        return found

    def gain(self, state: "State", steps: tuple[int, int], then: Devices, amount: int) -> float:
        """By how much less is free of no use, in the mean of all tasks, when a pod has taken an amount of a node's
        devices and left them so. `steps` are the node's before and after.
        """
        before, after = steps
        gained = self.useful(after, then, state.suits)
        gained -= self.useful(before, state.devices, state.suits)
        return (gained + amount * self.count) / self.count


class State(NamedTuple):
    """What counts of a node beside its processors."""

    devices: Devices
    suits: Suits

    def without(self, amount: int) -> set[Devices]:
        """What may be left when a pod has taken an amount: a share of any device that has so much, or whole ones."""
        devices = self.devices
        if 0 < amount < DEVICE:
            return {self.without_share(left, amount) for left in devices if left >= amount}
        count = min(amount // DEVICE, devices.count(DEVICE))
        return {(0,) * count + devices[: len(devices) - count]}

    def without_share(self, left: int, amount: int) -> Devices:
        """What is left when a pod has taken a share of a device with so much."""
        devices = list(self.devices)
        devices.remove(left)
        insort(devices, left - amount)
        return tuple(devices)


class FreeRows:
    """The state of each row of a snapshot, kept up to date, and what is known of pods in such states."""

    def __init__(self, tasks: ExpectedTasks, ledger: Ledger) -> None:
        self._tasks = tasks
        self._cpus = np.array(tasks.cpus, np.int64)
        self._steps = len(tasks.cpus) + 1
        self._ledger = ledger
        self._version = self._nodes_version = -1
        self._suits: list[Suits] = []  # by row
        self._of_row: list[int] = []  # the number of each row's state
        self._numbers: dict[State, int] = {}
        self._states: list[State] = []
        self._scores: dict[tuple[int, int], dict[int, int]] = {}

    def scores(self, nodes: Snapshot, rows: Rows, cpu: int, gpu: int) -> Int64:
        """What each row's gain by a pod is worth, 0 to 100; 0 where none of its devices has so much."""
        self._catch_up(nodes)
        left = nodes.allocatable[CPU].take(rows) - nodes.requested[CPU].take(rows)
        steps = self._steps
        of_row = self._of_row
        states = np.array([of_row[row] for row in rows.tolist()], np.int64)
        cases = states * steps + self._cpus.searchsorted(left, "right")
        cases = cases * steps + self._cpus.searchsorted(left - cpu, "right")
        known = self._scores.setdefault((cpu, gpu), {})
        found = []
        for case in cases.tolist():
            score = known.get(case)
            if score is None:
                score = known[case] = self._score(case, gpu)
            found.append(score)
        return np.array(found, np.int64)

    def score(self, nodes: Snapshot, row: int, cpu: int, gpu: int) -> int:
        """The same of one row."""
        self._catch_up(nodes)
        left = nodes.allocatable.item(CPU, row) - nodes.requested.item(CPU, row)
        step = self._tasks.step
        case = (self._of_row[row] * self._steps + step(left)) * self._steps + step(left - cpu)
        known = self._scores.setdefault((cpu, gpu), {})
        score = known.get(case)
        if score is None:
            score = known[case] = self._score(case, gpu)
        return score

    def _score(self, case: int, gpu: int) -> int:
        number, steps = divmod(case, self._steps**2)
        state, before_and_after = self._states[number], divmod(steps, self._steps)
        return max(
            (
                score_of(self._tasks.gain(state, before_and_after, then, gpu))
                for then in state.without(gpu)
            ),
            default=0,
        )

    def _catch_up(self, nodes: Snapshot) -> None:
        """Take in what has changed since the last look."""
        if self._version == nodes.version:
            return
        rows = nodes.touched_since(self._version)
        devices = self._ledger.catch_up(nodes)
        size = len(devices)
        if rows is None or self._nodes_version != nodes.nodes_version or len(self._states) > _MOST:
            self._begin(nodes, size)
            rows = nodes.all_rows().tolist()
        for row in rows:
            self._of_row[row] = self._number(
                State(tuple(sorted(devices[row].tolist())), self._suits[row])
            )
        self._version, self._nodes_version = nodes.version, nodes.nodes_version

    def _begin(self, nodes: Snapshot, size: int) -> None:
        self._numbers.clear()
        self._states.clear()
        self._scores.clear()
        self._of_row = [0] * size
        suiting = cache(self._tasks.suiting)
        self._suits = [suiting(None)] * size
        for row in nodes.all_rows().tolist():
            self._suits[row] = suiting(nodes.labels[row].get(MODEL))

    def _number(self, state: State) -> int:
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self._states)
            self._states.append(state)
        return number


def score_of(gain: float) -> int:
    """Less fragmentation, a higher score: 0 to 100."""
    return int(MAX_NODE_SCORE / (1 + exp(min(-gain / DEVICE, _STEEPEST))))
