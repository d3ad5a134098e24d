"""What the nodes have, what pods have asked of them, and how much of the rest is of use.

Kept from the changes as they happen: a pod counts on its node from its binding until it has ended or
is gone, as for the scheduler. Fragmentation follows Weng et al., "Beware of Fragmentation" (USENIX
ATC 2023): of what is free of a resource, the share on nodes where a pod of the workload has no room,
averaged over the pods seen so far. Of GPUs that pods share it is counted by device.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

import numpy as np
from msgspec import Struct

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.resources import CPU, MEMORY, PODS, Needs, node_offers, pod_needs
from orchestrator.machinery.shared_gpus import RESOURCE as SHARED_GPUS
from orchestrator.scenario.measures.devices import DeviceUse, Floats
from orchestrator.scenario.measures.gauge import Gauge, GaugeMark, GaugeUse
from orchestrator.scenario.measures.room import Room, Shape
from orchestrator.store import Change

_SHAPES: Final = 32  # kinds of pods that fragmentation is computed for: the most frequent ones
_TOLD: Final = 8  # of these the most frequent ones that are told of singly
_ROWS: Final = 64  # of a new table; it grows by doubling
_MILLI: Final = {CPU: 1000.0}  # kept in thousandths, whose sums are exact


class Use(Struct, frozen=True):
    """One resource in one group of nodes at one moment, in base units; shares from 0 to 1."""

    group: str
    resource: str
    allocatable: float
    requested: float
    fragmentation: float

    @property
    def share(self) -> float:
        """Of what is allocatable, how much is requested."""
        return self.requested / self.allocatable if self.allocatable else 0.0


class _Group:
    """Nodes that are told of together: what they have and what is asked of them, by column, and the
    share over time.
    """

    __slots__ = ("offered", "rows", "shares", "used")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.offered: defaultdict[int, float] = defaultdict(float)
        self.used: defaultdict[int, float] = defaultdict(float)
        self.shares: dict[int, Gauge] = {}


UseMark: TypeAlias = dict[tuple[str, int], GaugeMark]


class NodeUse:
    """A table of nodes by resources. `group_of` names the group of a node."""

    def __init__(self, group_of: Callable[[str], str]) -> None:
        self._group_of = group_of
        self._rows: dict[str, int] = {}
        self._groups: dict[str, _Group] = {}
        self._of_row: list[_Group] = []
        self._changed_at = 0.0  # what the shares have been since then they are not told yet
        self._resources: dict[str, int] = {CPU: 0, MEMORY: 1, PODS: 2}
        self._devices = DeviceUse()
        self._offered = np.zeros((3, _ROWS))
        self._used = np.zeros((3, _ROWS))
        self._shapes: Counter[Shape] = Counter()
        self._vector = IdentityMemo(
            self._vector_of
        )  # the needs of a template's pods are one object
        # What was answered last, until something changes: most samples of a quiet cluster are alike.
        self._uses: tuple[Use, ...] | None = None
        self._shares: np.ndarray[Any, np.dtype[np.float16]] | None = None
        self._room = Room(self._devices)

    @property
    def node_names(self) -> list[str]:
        """Every node that was ever there, in the order of the table."""
        return list(self._rows)

    @property
    def resources(self) -> list[str]:
        """Every resource that a node has offered."""
        return list(self._resources)

    def observe_node(self, change: Change, now: float) -> None:
        """A node has come, changed or gone."""
        node: Node = change.object
        status = node.status
        previous = change.previous.status if change.previous is not None else None
        if change.type == "DELETED":
            row = self._row(node.metadata.name)
            self._change(row, now)
            for column in range(len(self._resources)):
                self._offer(row, column, 0.0)
        elif status is not None and (
            previous is None or previous.allocatable is not status.allocatable
        ):
            row = self._row(node.metadata.name)
            self._change(row, now)
            for resource, amount in _amounts(node_offers(status.allocatable)).items():
                self._offer(row, self._column(resource), amount)

    def _offer(self, row: int, column: int, amount: float) -> None:
        self._of_row[row].offered[column] += amount - float(self._offered[column, row])
        self._offered[column, row] = amount
        if column == self._resources.get(SHARED_GPUS):
            self._devices.offer(row, amount)

    def observe_pod(self, pod: Pod, now: float, *, comes: bool) -> None:
        """A pod comes to its node, or has ended or gone there."""
        if pod.spec is None:
            return
        row, vector = self._row(pod.spec.node_name or ""), self._vector(pod_needs(pod))
        self._change(row, now)
        used, of_group = self._used, self._of_row[row].used
        for column, amount in vector:
            signed = amount if comes else -amount
            used[column, row] += signed
            of_group[column] += signed
        if SHARED_GPUS in self._resources:
            self._devices.observe_pod(row, pod, comes=comes)
        if comes:
            self._shapes[vector] += 1

    # --- shares over time ------------------------------------------------------------------

    def _change(self, row: int, now: float) -> None:
        """A node changes now: what the shares were until now can be told."""
        self._uses = self._shares = None
        self._room.change(row)
        if now > self._changed_at:
            self._settle()
            self._changed_at = now

    def _settle(self) -> None:
        for group in self._groups.values():
            for column, offered in group.offered.items():
                gauge = group.shares.get(column)
                if gauge is None:
                    gauge = group.shares[column] = Gauge(at=self._changed_at)
                gauge.set(group.used[column] / offered if offered else 0.0, self._changed_at)

    def mark(self, now: float) -> UseMark:
        """Remember this moment."""
        self._settle()
        return {
            (name, column): gauge.mark(now)
            for name, group in self._groups.items()
            for column, gauge in group.shares.items()
        }

    def since(self, mark: UseMark, now: float) -> Iterator[tuple[str, str, GaugeUse]]:
        """(resource, group, the share that was requested) since a mark."""
        self._settle()
        resources = list(self._resources)
        for name, group in self._groups.items():
            for column, gauge in group.shares.items():
                yield resources[column], name, gauge.since(mark.get((name, column)), now)

    def total(self, resource: str) -> tuple[float, float]:
        """What is requested of a resource now, and what there is, over all groups, in the table's units."""
        column = self._resources.get(resource)
        if column is None:
            return 0.0, 0.0
        groups = self._groups.values()
        return sum(g.used[column] for g in groups), sum(g.offered[column] for g in groups)

    # --- the present -----------------------------------------------------------------------

    @property
    def occupied(self) -> int:
        """How many nodes have a pod."""
        return int(np.count_nonzero(self._used[self._resources[PODS]] > 0))

    def now(self) -> tuple[Use, ...]:
        """Every resource of every group that offers it."""
        if self._uses is None:
            self._uses = tuple(self._count())
        return self._uses

    def _count(self) -> Iterator[Use]:
        lost = self._lost()
        for name, group in self._groups.items():
            index = np.array(group.rows)
            offered, used = self._offered[:, index], self._used[:, index]
            left = np.maximum(offered - used, 0.0).sum(1).tolist()
            sums = zip(offered.sum(1).tolist(), used.sum(1).tolist(), strict=True)
            of_no_use = lost[:, index].sum(1).tolist()
            for (resource, column), (total, requested) in zip(
                self._resources.items(), sums, strict=True
            ):
                if not total:
                    continue
                unit = _MILLI.get(resource, 1.0)
                yield Use(
                    group=name,
                    resource=resource,
                    allocatable=total / unit,
                    requested=requested / unit,
                    fragmentation=of_no_use[column] / left[column] if left[column] else 0.0,
                )

    def shares(self) -> np.ndarray[Any, np.dtype[np.float16]]:
        """Of each resource of each node, the share that is requested; NaN where there is none."""
        if self._shares is not None:
            return self._shares
        count = len(self._rows)
        offered, used = self._offered[:, :count], self._used[:, :count]
        shares = np.full(offered.shape, np.nan)
        np.divide(used, offered, out=shares, where=offered > 0)
        self._shares = shares.astype(np.float16)
        return self._shares

    def fragmentation_for(self, resource: str) -> dict[str, float]:
        """Of what is free of a resource, the share that is of no use to a pod of a kind: for each of the
        most frequent kinds of pods that ask for it, named by what they ask for (`cpu=4,...`).
        """
        column = self._resources.get(resource)
        if column is None:
            return {}
        asking = (s for s, _ in self._shapes.most_common() if any(c == column for c, _ in s))
        shapes = list(islice(asking, _TOLD))
        left = float(np.maximum(self._offered[column] - self._used[column], 0.0).sum())
        if not left:
            return {self._name_of(shape): 0.0 for shape in shapes}
        lost = self._room.lost_to(shapes, column, *self._free())
        return {self._name_of(shape): each / left for shape, each in zip(shapes, lost, strict=True)}

    def _lost(self) -> Floats:
        """By resource and node what is free and of no use, in the mean of the most frequent kinds of pods."""
        common = self._shapes.most_common(_SHAPES)
        pods = sum(count for _, count in common)
        return self._room.lost({shape: count / pods for shape, count in common}, *self._free())

    def _free(self) -> tuple[Floats, int]:
        """What each node has left, by resource, and the resource that is counted by device (-1: none)."""
        by_device = self._resources.get(SHARED_GPUS, -1) if self._devices.known else -1
        nodes = len(self._rows)
        return self._offered[:, :nodes] - self._used[:, :nodes], by_device

    def _name_of(self, shape: Shape) -> str:
        names = list(self._resources)
        asked = ((names[column], amount) for column, amount in shape if names[column] != PODS)
        return ",".join(f"{name}={amount / _MILLI.get(name, 1.0):.15g}" for name, amount in asked)

    def _vector_of(self, needs: Needs) -> Shape:
        amounts = {**_amounts(needs), PODS: 1.0}
        return tuple((self._column(r), a) for r, a in amounts.items() if a)

    def _row(self, name: str) -> int:
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = len(self._rows)
            if row == self._used.shape[1]:
                self._used = np.concatenate([self._used, np.zeros_like(self._used)], axis=1)
                self._offered = np.concatenate(
                    [self._offered, np.zeros_like(self._offered)], axis=1
                )
            group = self._groups.setdefault(self._group_of(name), _Group())
            group.rows.append(row)
            self._of_row.append(group)
        return row

    def _column(self, resource: str) -> int:
        column = self._resources.get(resource)
        if column is None:
            column = self._resources[resource] = len(self._resources)
            more = np.zeros((1, self._used.shape[1]))
            self._used = np.concatenate([self._used, more])
            self._offered = np.concatenate([self._offered, more])
        return column


def _amounts(needs: Needs) -> Mapping[str, float]:
    """What is needed, in the units of the table."""
    return {
        CPU: float(needs.milli_cpu),
        MEMORY: float(needs.memory_bytes),
        **{name: float(amount) for name, amount in needs.extended.items()},
    }
