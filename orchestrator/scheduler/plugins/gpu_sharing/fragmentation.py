"""FGD: a pod goes where it makes the fewest devices useless to the tasks to come.

A node's fragmentation for a kind of task is how much of its devices is free that this kind cannot use: all
of it, if the node cannot take such a task, else what is free on devices with too little for it. The
fragmentation of a node is the mean over the popular kinds. Each pod goes where that grows least, or shrinks
most, and on the device of which this is true. (Weng et al., "Beware of Fragmentation", USENIX ATC 2023.)
"""

from collections import Counter
from collections.abc import Hashable
from typing import ClassVar, Final
from weakref import WeakKeyDictionary

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.machinery.shared_gpus import DEVICE, Shares, amount_for
from orchestrator.scheduler.kernels import ScoreKernel
from orchestrator.scheduler.plugins.gpu_sharing.devices import InFixedOrder, deal
from orchestrator.scheduler.plugins.gpu_sharing.expected import (
    ExpectedTasks,
    FreeRows,
    State,
    score_of,
)
from orchestrator.scheduler.plugins.gpu_sharing.tasks import MODEL, Kind, kind_of, kinds_in
from orchestrator.scheduler.snapshot import Int64, Rows, Snapshot

_MANY_MORE: Final = 1.25  # what was learned is taken in when there are so many times as many pods


class FGD(InFixedOrder):
    """Fragmentation gradient descent. `tasks` is a CSV file of the tasks to come, of the columns
    cpu_milli, num_gpu, gpu_milli and gpu_spec; None: they are taken to be as those that have come.

    Raises ValueError and OSError for a file that is none.
    """

    name: ClassVar[str] = "FGD"

    def __init__(self, tasks: str | None = None) -> None:
        super().__init__()
        self._learns = tasks is None
        self._seen: Counter[Kind] = Counter() if tasks is None else kinds_in(tasks)
        self._known = 0
        self._tasks = ExpectedTasks(self._seen)
        self._free: WeakKeyDictionary[Snapshot, FreeRows] = WeakKeyDictionary()

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel:
        """Pods without GPUs are scored, too: they take processors that GPUs need."""
        free = self._free.get(nodes)
        if free is None:
            free = self._free[nodes] = FreeRows(self._tasks, self.ledger(nodes))
        return _Gradient(pod_needs(pod).scoring_milli_cpu, amount_for(pod), nodes, free)

    def pick(self, nodes: Snapshot, row: int, cpu: int, free: list[int], pod: Pod) -> Shares | None:
        """The device on which a share harms least, the first among equals."""
        amount = amount_for(pod)
        if self._learns:
            self._learn(pod, nodes)
        able = [device for device, left in enumerate(free) if left >= amount]
        if amount >= DEVICE or not able:
            return deal(free, amount)
        alike = [free[device] for device in able]
        if alike.count(alike[0]) == len(alike):
            return {able[0]: amount}
        tasks = self._tasks
        state = State(tuple(sorted(free)), tasks.suiting(nodes.labels[row].get(MODEL)))
        steps = tasks.step(cpu), tasks.step(cpu - pod_needs(pod).scoring_milli_cpu)
        scores = {
            left: score_of(tasks.gain(state, steps, state.without_share(left, amount), amount))
            for left in set(alike)
        }
        return {max(able, key=lambda device: scores[free[device]]): amount}

    def _learn(self, pod: Pod, nodes: Snapshot) -> None:
        self._seen[kind_of(pod)] += 1
        if self._seen.total() >= self._known * _MANY_MORE:
            self._known = self._seen.total()
            self._tasks = ExpectedTasks(self._seen)
            self._free.clear()
            nodes.learned()  # kernels hold the tasks that were known when they were made


class _Gradient(ScoreKernel):
    def __init__(self, cpu: int, gpu: int, nodes: Snapshot, free: FreeRows) -> None:
        self._cpu, self._gpu, self._nodes, self._free = cpu, gpu, nodes, free
        self.traits: Hashable = (cpu, gpu, id(free))

    def rows(self, rows: Rows) -> Int64:
        return self._free.scores(self._nodes, rows, self._cpu, self._gpu)

    def row(self, row: int) -> int:
        return self._free.score(self._nodes, row, self._cpu, self._gpu)
