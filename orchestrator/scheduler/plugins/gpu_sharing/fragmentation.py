"""FGD: a pod goes where it makes the fewest devices useless to the tasks to come.

A node's fragmentation for a kind of task is how much of its devices is free that this kind cannot use: all
of it, if the node cannot take such a task, else what is free on devices with too little for it. The
fragmentation of a node is the mean over the popular kinds. Each pod goes where that grows least, or shrinks
most, and on the device of which this is true. (Weng et al., "Beware of Fragmentation", USENIX ATC 2023.)
"""

from collections import Counter
from collections.abc import Hashable
from typing import ClassVar, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.machinery.shared_gpus import DEVICE, Shares, amount_for
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, ScoreKernel
from orchestrator.scheduler.plugins.gpu_sharing.devices import InFixedOrder, Ledger, deal
from orchestrator.scheduler.plugins.gpu_sharing.tasks import (
    MODEL,
    Kind,
    kind_of,
    kinds_in,
    popular,
)
from orchestrator.scheduler.snapshot import CPU, Bool, Int64, Rows, Snapshot

Float: TypeAlias = NDArray[np.float64]
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
        self._tasks = _Tasks(self._seen)

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel:
        """Pods without GPUs are scored, too: they take processors that GPUs need."""
        cpu, gpu = pod_needs(pod).scoring_milli_cpu, amount_for(pod)
        return _Gradient(cpu, gpu, nodes, self.ledger(nodes), self._tasks)

    def pick(self, nodes: Snapshot, row: int, cpu: int, free: list[int], pod: Pod) -> Shares | None:
        """The device on which a share harms least, the first among equals."""
        amount = amount_for(pod)
        if self._learns:
            self._learn(pod, nodes)
        able = [device for device, left in enumerate(free) if left >= amount]
        if amount >= DEVICE or not able:
            return deal(free, amount)
        served = self._tasks.served_by(nodes, np.array((row,), np.intp))
        there = _There(np.array((cpu,), np.int64), np.array((free,), np.int64), served)
        scores = self._tasks.of_share(there, pod_needs(pod).scoring_milli_cpu, amount)[0]
        return {max(able, key=lambda device: (scores[device], -device)): amount}

    def _learn(self, pod: Pod, nodes: Snapshot) -> None:
        self._seen[kind_of(pod)] += 1
        if self._seen.total() >= self._known * _MANY_MORE:
            self._known = self._seen.total()
            self._tasks = _Tasks(self._seen)
            nodes.learned()  # kernels hold the tasks that were known when they were made


class _There(NamedTuple):
    """What is free on some rows: processors, devices by column, and which tasks' models these are."""

    cpu: Int64
    free: Int64
    served: Bool


class _Tasks:
    """The popular kinds of tasks as columns."""

    def __init__(self, counts: Counter[Kind]) -> None:
        found = popular(counts)
        kinds = [kind for kind, _ in found]
        self._kinds = kinds
        self._share = np.array([share for _, share in found], np.float64)
        self._cpu = np.array([kind.cpu for kind in kinds], np.int64)
        self._devices = np.array([kind.devices for kind in kinds], np.int64)
        self._uses = np.array([kind.devices > 0 for kind in kinds], np.bool_)
        # Many kinds want as much of a device: what that means for devices is worked out once.
        self._amounts, self._of = np.unique(
            np.array([kind.milli for kind in kinds], np.int64), return_inverse=True
        )
        self._served: Bool = np.zeros((0, len(kinds)), np.bool_)
        self._served_at: tuple[int, int] | None = None

    def served_by(self, nodes: Snapshot, rows: Rows) -> Bool:
        """Which of the kinds accept the model of each row's devices."""
        at = (id(nodes), nodes.nodes_version)
        if self._served_at != at:
            self._served_at = at
            of_model: dict[str | None, Bool] = {}
            self._served = np.zeros((nodes.valid.size, len(self._kinds)), np.bool_)
            for row in nodes.all_rows().tolist():
                model = nodes.labels[row].get(MODEL)
                if model not in of_model:
                    accepts = [not kind.models or model in kind.models for kind in self._kinds]
                    of_model[model] = np.array(accepts, np.bool_)
                self._served[row] = of_model[model]
        return self._served[rows]

    def useless(self, there: _There) -> Float:
        """The fragmentation of each row, in thousandths of a device."""
        enough, little = self._by_amount(there.free)
        can = there.served & self._uses & (there.cpu[:, None] >= self._cpu)
        can &= enough[:, self._of] >= self._devices
        total = there.free.sum(1)
        useful: Float = (can * (total[:, None] - little[:, self._of])) @ self._share
        return np.asarray(total - useful)

    def of_whole(self, there: _There, cpu: int, devices: int) -> Int64:
        """The score of each row for a pod that takes processors and whole devices."""
        untouched = there.free == DEVICE
        taken = untouched & (untouched.cumsum(1) <= devices)
        after = _There(there.cpu - cpu, np.where(taken, 0, there.free), there.served)
        return _score(self.useless(there) - self.useless(after))

    def of_share(self, there: _There, cpu: int, amount: int) -> Int64:
        """The score of each row and device for a pod that takes a share; -1 where it does not fit."""
        free = there.free
        enough, little = self._by_amount(free)
        left = free - amount
        amounts = self._amounts
        # One device has less, the others stay: so the sums change by that one.
        above, above_then = free[..., None] >= amounts, left[..., None] >= amounts
        enough_then = enough[:, None] - above + above_then
        little_then = little[:, None] - _below(free, above) + _below(left, above_then)
        can = (there.served & self._uses & (there.cpu[:, None] - cpu >= self._cpu))[:, None]
        can = can & (enough_then[..., self._of] >= self._devices)
        total = free.sum(1)[:, None] - amount
        useful: Float = (can * (total[..., None] - little_then[..., self._of])) @ self._share
        gain = self.useless(there)[:, None] - (total - useful)
        return np.where(left >= 0, _score(gain), -1)

    def _by_amount(self, free: Int64) -> tuple[Int64, Int64]:
        """By row and wanted amount: how many devices have it, and what is free on those that have less."""
        above = free[..., None] >= self._amounts
        return above.sum(1), _below(free, above).sum(1)


def _below(free: Int64, above: Bool) -> Int64:
    return np.where(above, 0, free[..., None])


def _score(gain: Float) -> Int64:
    """Less fragmentation, a higher score."""
    return (MAX_NODE_SCORE / (1 + np.exp(-gain / DEVICE))).astype(np.int64)


class _Gradient(ScoreKernel):
    by_arrays = True

    def __init__(self, cpu: int, gpu: int, nodes: Snapshot, ledger: Ledger, tasks: _Tasks) -> None:
        self._cpu, self._gpu, self._nodes = cpu, gpu, nodes
        self._ledger, self._tasks = ledger, tasks
        self.traits: Hashable = (cpu, gpu, id(tasks))

    def rows(self, rows: Rows) -> Int64:
        nodes, tasks = self._nodes, self._tasks
        cpu = nodes.allocatable[CPU, rows] - nodes.requested[CPU, rows]
        there = _There(cpu, self._ledger.catch_up(nodes)[rows], tasks.served_by(nodes, rows))
        if 0 < self._gpu < DEVICE:
            return np.asarray(tasks.of_share(there, self._cpu, self._gpu).max(1), np.int64)
        return tasks.of_whole(there, self._cpu, self._gpu // DEVICE)
