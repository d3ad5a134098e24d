"""Devices one by one: who has what of which, and who fits on a node.

Kubernetes counts an extended resource per node, so two halves that are free on two devices would serve a
pod that wants one whole device. Here a share lies on one device, and whole GPUs are whole devices. Which
they are is written on the pod as it is bound.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import md5
from typing import ClassVar, Final
from weakref import WeakKeyDictionary

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.machinery.shared_gpus import (
    DEVICE,
    RESOURCE,
    Shares,
    amount_for,
    shares_of,
    told,
)
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin, Preparation
from orchestrator.scheduler.kernels import FilterKernel
from orchestrator.scheduler.snapshot import CPU, Bool, Int64, Rows, Snapshot

_REASON: Final = f"Insufficient {RESOURCE} on one device"
_ABSENT: Final = 64  # pods thought away whose devices are remembered, for each node


def deal(free: Sequence[int], amount: int) -> Shares | None:
    """What a pod that asks for `amount` gets of devices with so much free; None: they cannot serve it.

    A share goes to the fullest device that has room, which leaves the others whole.
    """
    whole, rest = divmod(amount, DEVICE)
    shares = whole_devices(free, whole)
    if shares is None or not rest:
        return shares
    able = [(left, n) for n, left in enumerate(free) if left >= rest and n not in shares]
    if not able:
        return None
    shares[min(able)[1]] = rest
    return shares


def whole_devices(free: Sequence[int], count: int) -> Shares | None:
    """The first devices of which nothing is taken; None: there are not so many."""
    untouched = [device for device, left in enumerate(free) if left == DEVICE][:count]
    return dict.fromkeys(untouched, DEVICE) if len(untouched) == count else None


def kind_of(amount: int) -> int:
    """Shares are of one kind, and each number of whole devices is one."""
    return amount // DEVICE


class Ledger:
    """Which devices the pods of one snapshot's nodes have, and what is left of each.

    `free` has a row for each node and a column for each device; what a node does not have is 0. `untouched` counts
    each row's whole devices, and `most` is what its emptiest one has. `kinds` are those of the pods that are there.
    """

    def __init__(self, plugin: "GpuDevices") -> None:
        self._plugin = plugin
        self._version = -1
        self._dealt: dict[int, dict[str, Shares]] = {}
        self.free: Int64 = np.zeros((0, 0), np.int64)
        self.untouched: Int64 = np.zeros(0, np.int64)
        self.most: Int64 = np.zeros(0, np.int64)
        self.kinds: dict[int, set[int]] = {}

    def catch_up(self, nodes: Snapshot) -> Int64:
        """Take in what has changed since the last look; answers `free`, not to be changed."""
        version = nodes.version
        if version == self._version:
            return self.free
        rows = nodes.touched_since(self._version)
        if rows is None or len(self.free) != nodes.valid.size:
            rows = nodes.all_rows().tolist()
        self._version = version
        for row in rows:
            self._look(nodes, row)
        return self.free

    def promise(self, nodes: Snapshot, row: int, pod: Pod) -> Shares:
        """Deal devices to a pod that is about to come to a row."""
        free = self.catch_up(nodes)[row].tolist()
        shares = self._plugin.pick(nodes, row, _cpu_left(nodes, row), free, pod) or {}
        self._dealt[row][pod.metadata.uid] = shares
        return shares

    def forget(self, row: int, pod: Pod) -> None:
        """The pod does not come after all."""
        self._dealt.get(row, {}).pop(pod.metadata.uid, None)

    def _look(self, nodes: Snapshot, row: int) -> None:
        """See what the pods of a row have. To those that came past this plugin devices are dealt now, in the
        order in which they came; who finds none has none.
        """
        count = int(nodes.allocatable[nodes.column(RESOURCE), row]) // DEVICE
        free = [DEVICE] * count
        dealt = self._dealt.setdefault(row, {})
        new, here = [], 0
        kinds = self.kinds[row] = set()
        for pod in nodes.pods_on(row):
            amount = amount_for(pod)
            if not amount:
                continue
            here += 1
            kinds.add(kind_of(amount))
            uid = pod.metadata.uid
            shares = dealt.get(uid)
            if shares is None:
                shares = shares_of(pod.metadata.annotations, amount)
            if shares is None:
                new.append(pod)
            else:
                dealt[uid] = shares
                _take(free, shares)
        for pod in new:
            cpu = _cpu_left(nodes, row) + pod_needs(pod).milli_cpu
            shares = self._plugin.pick(nodes, row, cpu, free, pod) or {}
            dealt[pod.metadata.uid] = shares
            _take(free, shares)
        # Preemption thinks pods away, and back: who is gone is not forgotten at once.
        if len(dealt) > here + _ABSENT:
            present = {pod.metadata.uid for pod in nodes.pods_on(row)}
            self._dealt[row] = {uid: shares for uid, shares in dealt.items() if uid in present}
        self._put(nodes.valid.size, row, free)

    def _put(self, size: int, row: int, free: list[int]) -> None:
        width = max(self.free.shape[1], len(free))
        if self.free.shape != (size, width):
            larger = np.zeros((size, width), np.int64)
            larger[: self.free.shape[0], : self.free.shape[1]] = self.free
            self.free = larger
            self.untouched, self.most = (larger == DEVICE).sum(1), larger.max(1, initial=0)
        self.free[row] = 0
        self.free[row, : len(free)] = free
        self.untouched[row], self.most[row] = free.count(DEVICE), max(free, default=0)


def _cpu_left(nodes: Snapshot, row: int) -> int:
    return int(nodes.allocatable[CPU, row] - nodes.requested[CPU, row])


def _take(free: list[int], shares: Shares) -> None:
    for device, amount in shares.items():
        if device < len(free):  # a node may come back with fewer
            free[device] -= amount


class GpuDevices(Plugin):
    """Filters out nodes none of whose devices can serve the pod. Policies add a score to it."""

    name: ClassVar[str] = "GpuDevices"
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.POD_REMOVED))

    def __init__(self) -> None:
        # A scheduler that starts again has a new snapshot, and reads what the pods have.
        self._ledgers: WeakKeyDictionary[Snapshot, Ledger] = WeakKeyDictionary()

    def pick(self, nodes: Snapshot, row: int, cpu: int, free: list[int], pod: Pod) -> Shares | None:
        """The devices that a pod gets on a row where so much CPU is left, and so much of each device; None:
        they cannot serve it.
        """
        return deal(free, amount_for(pod))

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """None for a pod that asks for no GPU."""
        amount = amount_for(pod)
        return _Devices(amount, nodes, self.ledger(nodes)) if amount else None

    def pre_bind(self, pod: Pod, node: str, nodes: Snapshot) -> Preparation | None:
        """The pod has its devices from now on, and its binding says which."""
        row = nodes.row_of(node)
        if row is None or not amount_for(pod):
            return None
        ledger = self.ledger(nodes)
        shares = ledger.promise(nodes, row, pod)
        return Preparation((), partial(ledger.forget, row, pod), annotations=told(shares))

    def ledger(self, nodes: Snapshot) -> Ledger:
        """The ledger of a snapshot."""
        found = self._ledgers.get(nodes)
        if found is None:
            found = self._ledgers[nodes] = Ledger(self)
        return found


_PLACES: Final = "the nodes in their fixed order"


@lru_cache(maxsize=1 << 17)
def _place(name: str) -> bytes:
    """Where a node stands in an order that has nothing to do with how nodes are called."""
    return md5(name.encode(), usedforsecurity=False).digest()


class InFixedOrder(GpuDevices):
    """Among nodes of one score always the same comes first, which packs, too, and can be repeated: as in the
    simulator of the paper that compares the policies. Names would be an order, but nodes that are called
    alike are alike, and the smaller ones would all come first. Base of those that score.
    """

    def break_tie(self, nodes: Snapshot, rows: Iterable[int]) -> int:
        """The row of one of the nodes."""
        among = np.array(rows, np.intp)
        return int(among[self._places(nodes)[among].argmin()])

    def _places(self, nodes: Snapshot) -> Int64:
        """For each row where its node stands."""
        return nodes.derived(_PLACES, lambda: _ranks([_place(name) for name in nodes.names]))


def _ranks(places: list[bytes]) -> Int64:
    """The number of each in their order."""
    ranks = np.empty(len(places), np.int64)
    ranks[sorted(range(len(places)), key=places.__getitem__)] = np.arange(len(places))
    return ranks


class _Devices(FilterKernel):
    def __init__(self, amount: int, nodes: Snapshot, ledger: Ledger) -> None:
        self.traits = amount
        self._whole, self._rest = divmod(amount, DEVICE)
        self._nodes = nodes
        self._ledger = ledger

    def rows(self, rows: Rows) -> Bool:
        ledger = self._ledger
        free = ledger.catch_up(self._nodes)
        if not self._whole:
            return ledger.most.take(rows) >= self._rest
        enough: Bool = ledger.untouched.take(rows) >= self._whole
        if self._rest:
            enough &= (free[rows] >= self._rest).sum(1) > self._whole
        return enough

    def row(self, row: int) -> bool:
        ledger = self._ledger
        free = ledger.catch_up(self._nodes)
        if not self._whole:
            return ledger.most.item(row) >= self._rest
        if ledger.untouched.item(row) < self._whole:
            return False
        return not self._rest or int((free[row] >= self._rest).sum()) > self._whole

    def reasons(self, row: int) -> tuple[str, ...]:
        return (_REASON,)

    def tally(self, rows: Rows) -> Mapping[str, int]:
        return {_REASON: len(rows)}
