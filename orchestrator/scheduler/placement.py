"""Where a pod goes: the filter and score cycle, with a memory for each shape of pod.

Pods stamped from one template share their spec object. For each such shape the feasibility and the
scores of all rows are kept, and before a pod is placed only the rows that have changed since are
computed again. The answer is exactly the one of computing everything for each pod.
"""

from collections import Counter, OrderedDict
from random import Random
from typing import Final

import numpy as np
from msgspec import Struct

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.scheduler.framework import Plugin, Profile
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

_SHAPES: Final = 256  # shapes remembered


class Refusal(Struct, frozen=True):
    """A pod fits nowhere: kube-scheduler's message, and the plugins that refused it somewhere."""

    message: str
    plugins: frozenset[str]


class _Shape:
    """What is known of all rows for pods of one spec, as of `version` of the snapshot."""

    __slots__ = ("feasible", "filters", "normalized", "raw", "scorers", "spec", "total", "version")

    def __init__(self, spec: PodSpec | None, pod: Pod, plugins: tuple[Plugin, ...]) -> None:
        self.spec = spec  # held, so that its id stays its own
        self.filters = [p for p in plugins if p.has("filter") and p.relevant(pod)]
        scorers = [p for p in plugins if p.has("score") and p.scores(pod)]
        self.scorers = [p for p in scorers if not p.has("normalize")]
        self.normalized = [p for p in scorers if p.has("normalize")]
        self.version = -1
        self.feasible: Bool = np.zeros(0, np.bool_)
        self.total: Int64 = np.zeros(0, np.int64)  # of the scorers that need no normalization
        self.raw: list[Int64] = []  # of those that do


class Placement:
    """Chooses nodes for pods by a profile."""

    def __init__(self, profile: Profile, nodes: Snapshot) -> None:
        self._profile = profile
        self._nodes = nodes
        self._shapes: OrderedDict[int, _Shape] = OrderedDict()

    def choose(self, pod: Pod, random: Random) -> str | Refusal:
        """The name of the best node; among equals one by chance, as kube-scheduler does."""
        shape = self._shape_of(pod)
        self._refresh(shape, pod)
        total = self._totals(shape)
        best = int(total.max(initial=-1))
        if best < 0:
            return self._explain(shape, pod)
        rows = np.flatnonzero(total == best)
        row = int(rows[0] if len(rows) == 1 else rows[random.randrange(len(rows))])
        return self._nodes.names[row]

    def _shape_of(self, pod: Pod) -> _Shape:
        key = id(pod.spec)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = _Shape(pod.spec, pod, self._profile.plugins)
            if len(self._shapes) > _SHAPES:
                self._shapes.popitem(last=False)
        else:
            self._shapes.move_to_end(key)
        return shape

    def _refresh(self, shape: _Shape, pod: Pod) -> None:
        nodes = self._nodes
        if shape.version == nodes.version:
            return
        size = nodes.valid.size
        rows = nodes.touched_since(shape.version) if shape.version >= 0 else None
        if rows is None or len(shape.feasible) != size or len(rows) > len(nodes) // 2:
            shape.feasible = np.zeros(size, np.bool_)
            shape.total = np.zeros(size, np.int64)
            shape.raw = [np.zeros(size, np.int64) for _ in shape.normalized]
            rows = nodes.all_rows()
        self._compute(shape, pod, rows)
        shape.version = nodes.version

    def _compute(self, shape: _Shape, pod: Pod, rows: Rows) -> None:
        nodes = self._nodes
        shape.feasible[rows] = False
        left = rows[nodes.valid[rows]]
        for plugin in shape.filters:
            if not len(left):
                return
            left = left[plugin.filter(pod, nodes, left)]
        shape.feasible[left] = True
        total = np.zeros(len(left), np.int64)
        for plugin in shape.scorers:
            weight = self._profile.weights.get(plugin.name, 1)
            total += weight * plugin.score(pod, nodes, left)
        shape.total[left] = total
        for raw, plugin in zip(shape.raw, shape.normalized, strict=True):
            raw[left] = plugin.score(pod, nodes, left)

    def _totals(self, shape: _Shape) -> Int64:
        """The weighted sums; -1 for rows that are not feasible."""
        total = shape.total
        for raw, plugin in zip(shape.raw, shape.normalized, strict=True):
            feasible = raw[shape.feasible]
            if not feasible.any():
                continue  # nothing to tell apart: it adds the same to every node
            weighted = np.zeros_like(total)
            weight = self._profile.weights.get(plugin.name, 1)
            weighted[shape.feasible] = weight * plugin.normalize(feasible)
            total = total + weighted
        return np.where(shape.feasible, total, -1)

    def _explain(self, shape: _Shape, pod: Pod) -> Refusal:
        """For each node the reasons of the first plugin that refuses it, counted."""
        nodes = self._nodes
        counts: Counter[str] = Counter()
        refusing: set[str] = set()
        left = nodes.all_rows()
        if not len(left):
            everybody = frozenset(p.name for p in self._profile.plugins)
            return Refusal("no nodes available to schedule pods", everybody)
        total = len(left)
        for plugin in shape.filters:
            passes = plugin.filter(pod, nodes, left)
            for row in left[~passes]:
                refusing.add(plugin.name)
                counts.update(plugin.reasons(pod, nodes, int(row)))
            left = left[passes]
        reasons = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
        return Refusal(f"0/{total} nodes are available: {reasons}.", frozenset(refusing))
