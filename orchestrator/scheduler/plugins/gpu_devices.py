"""GpuDevices: a share of a GPU lies on one device, and whole GPUs are whole devices.

Kubernetes counts an extended resource per node, so two halves that are free on two devices would serve a
pod that wants one whole device. This plugin counts by device, as GPU-sharing schedulers do. It is not in
the default profile; a configuration names it: `orchestrator.scheduler.plugins.gpu_devices:GpuDevices`.

A pod that asks for less than a device gets its share on the fullest device that has room, which leaves
the others whole; one that asks for more gets whole devices, and a share for the rest. It stays on them.
"""

from collections.abc import Sequence
from typing import ClassVar, Final
from weakref import WeakKeyDictionary

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import FilterKernel, Plugin, Preparation
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot, amount_of

RESOURCE: Final = "alibabacloud.com/gpu-milli"
DEVICE: Final = 1000  # of the resource are one device
Shares = dict[int, int]  # device -> how much of it


def deal(free: Sequence[int], amount: int) -> Shares | None:
    """What a pod that asks for `amount` gets of devices with so much free; None: they cannot serve it."""
    whole, rest = divmod(amount, DEVICE)
    untouched = [device for device, left in enumerate(free) if left == DEVICE]
    if len(untouched) < whole:
        return None
    shares = dict.fromkeys(untouched[:whole], DEVICE)
    if rest:
        able = [(left, n) for n, left in enumerate(free) if left >= rest and n not in shares]
        if not able:
            return None
        shares[min(able)[1]] = rest
    return shares


class _Ledger:
    """Which devices the pods of one snapshot's nodes have."""

    def __init__(self) -> None:
        self._dealt: dict[int, dict[str, Shares]] = {}

    def free(self, nodes: Snapshot, row: int) -> list[int]:
        """How much of each of a node's devices is free. Pods that are new there are dealt their devices
        in the order in which they came; one that came past this plugin may find none, and has none.
        """
        count = int(nodes.allocatable[nodes.column(RESOURCE), row]) // DEVICE
        free = [DEVICE] * count
        dealt = self._dealt.setdefault(row, {})
        new = []
        for pod in nodes.pods_on(row):
            amount = amount_of(pod_needs(pod), RESOURCE)
            if not amount:
                continue
            shares = dealt.get(pod.metadata.uid)
            if shares is None:
                new.append((pod.metadata.uid, amount))
            else:
                _take(free, shares)
        for uid, amount in new:
            shares = dealt[uid] = deal(free, amount) or {}
            _take(free, shares)
        return free

    def settle(self, nodes: Snapshot, row: int) -> None:
        """Forget who is gone. Not at every look: preemption thinks pods away, and back."""
        here = {pod.metadata.uid for pod in nodes.pods_on(row)}
        dealt = self._dealt.get(row, {})
        for uid in dealt.keys() - here:
            del dealt[uid]
        self.free(nodes, row)


def _take(free: list[int], shares: Shares) -> None:
    for device, amount in shares.items():
        if device < len(free):  # a node may come back with fewer
            free[device] -= amount


class GpuDevices(Plugin):
    """Filters out nodes none of whose devices can serve the pod."""

    name: ClassVar[str] = "GpuDevices"
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.POD_REMOVED))

    def __init__(self) -> None:
        # A scheduler that starts again has a new snapshot, and deals anew in the order of its list.
        self._ledgers: WeakKeyDictionary[Snapshot, _Ledger] = WeakKeyDictionary()

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """None for a pod that asks for no GPU."""
        amount = amount_of(pod_needs(pod), RESOURCE)
        return _Devices(amount, nodes, self._ledger(nodes)) if amount else None

    def pre_bind(self, pod: Pod, node: str, nodes: Snapshot) -> Preparation | None:
        """The pod has its devices from now on; nothing is written."""
        row = nodes.row_of(node)
        if row is not None and amount_of(pod_needs(pod), RESOURCE):
            self._ledger(nodes).settle(nodes, row)
        return None

    def _ledger(self, nodes: Snapshot) -> _Ledger:
        return self._ledgers.setdefault(nodes, _Ledger())


class _Devices(FilterKernel):
    def __init__(self, amount: int, nodes: Snapshot, ledger: _Ledger) -> None:
        self.traits = self._amount = amount
        self._nodes = nodes
        self._ledger = ledger

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(int(row)) for row in rows], np.bool_)

    def row(self, row: int) -> bool:
        return deal(self._ledger.free(self._nodes, row), self._amount) is not None

    def reasons(self, row: int) -> tuple[str, ...]:
        return (f"Insufficient {RESOURCE} on one device",)
