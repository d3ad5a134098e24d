"""What is known of all nodes for pods of one shape: who can take such a pod, and with what score.

Pods that every plugin treats alike have one shape. Before a pod is placed only the rows that have
changed since the last one are looked at again: one after another when they are few, as after each
placement, by arrays when they are many. The rows with the highest total are kept too, in order, so
that a pod after another costs the one row on which the last was placed, however many nodes there are.

Scores that are normalized depend on all rows. They take part only where they tell nodes apart, which
is rare; then all totals are added up for each pod.
"""

from array import array
from bisect import bisect_left, insort
from typing import Final

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.framework import Profile
from orchestrator.scheduler.snapshot import Int64, Rows, Snapshot

NOT_FEASIBLE: Final = -1
# Up to so many rows are looked at one after another: about where arrays begin to cost less.
_FEW: Final = 24


class Shape:
    """The totals of all rows for pods like `pod`, as of `version` of the snapshot."""

    __slots__ = (
        "_apart",
        "_best",
        "_filters",
        "_nodes",
        "_normalized",
        "_pod",
        "_raw",
        "_row_filters",
        "_row_raw",
        "_row_scorers",
        "_scorers",
        "_tied",
        "_totals",
        "filters",
        "version",
    )

    def __init__(self, pod: Pod, profile: Profile, nodes: Snapshot) -> None:
        self._pod = pod
        self._nodes = nodes
        self.filters = [p for p in profile.plugins if p.has("filter") and p.relevant(pod)]
        weighted = [
            (profile.weights.get(p.name, 1), p)
            for p in profile.plugins
            if p.has("score") and p.scores(pod)
        ]
        self._scorers = [(weight, p) for weight, p in weighted if not p.has("normalize")]
        self._normalized = [(weight, p) for weight, p in weighted if p.has("normalize")]
        self._row_filters = [p.filter_of_row(pod, nodes) for p in self.filters]
        self._row_scorers = [(weight, p.score_of_row(pod, nodes)) for weight, p in self._scorers]
        self._row_raw = [p.score_of_row(pod, nodes) for _, p in self._normalized]
        self.version = -1
        self._totals: Int64 = np.zeros(0, np.int64)  # without those that need normalization
        self._raw: list[Int64] = []  # of those that do; 0 where a pod does not fit
        self._apart = [0] * len(self._normalized)  # how many rows of each are not 0
        self._best = NOT_FEASIBLE
        self._tied: array[int] | None = None  # the rows with `_best`, ascending; None: to be found

    def leaders(self) -> "array[int] | Rows":
        """The rows with the highest total, ascending; empty when the pod fits nowhere."""
        self._refresh()
        if any(self._apart):
            return _highest(self._normalized_totals())[1]
        if self._tied is None:
            self._best, rows = _highest(self._totals)
            self._tied = array("q", rows.astype(np.int64, copy=False).tobytes())
        return self._tied

    def _refresh(self) -> None:
        nodes = self._nodes
        if self.version == nodes.version:
            return
        rows = nodes.touched_since(self.version) if self.version >= 0 else None
        size = nodes.valid.size
        if rows is None or self._totals.size != size or len(rows) > len(nodes) // 2:
            self._totals = np.full(size, NOT_FEASIBLE, np.int64)
            self._raw = [np.zeros(size, np.int64) for _ in self._normalized]
            self._compute(nodes.all_rows())
        elif len(rows) > _FEW:
            self._compute(np.array(rows, dtype=np.intp))
        else:
            for row in rows:
                self._look_again(row)
        self.version = nodes.version

    def _compute(self, rows: Rows) -> None:
        """Filter and score many rows."""
        pod, nodes = self._pod, self._nodes
        left = rows[nodes.valid[rows]]
        for plugin in self.filters:
            if not len(left):
                break
            left = left[plugin.filter(pod, nodes, left)]
        total = np.zeros(len(left), np.int64)
        for weight, plugin in self._scorers:
            total += weight * plugin.score(pod, nodes, left)
        self._totals[rows] = NOT_FEASIBLE
        self._totals[left] = total
        for index, (raw, (_, plugin)) in enumerate(zip(self._raw, self._normalized, strict=True)):
            raw[rows] = 0
            raw[left] = plugin.score(pod, nodes, left)
            self._apart[index] = int(np.count_nonzero(raw))
        self._tied = None

    def _look_again(self, row: int) -> None:
        """Filter and score one row."""
        fits = self._fits(row)
        total = 0 if fits else NOT_FEASIBLE
        if fits:
            for weight, score in self._row_scorers:
                total += weight * score(row)
        for index, score in enumerate(self._row_raw):
            raw = self._raw[index]
            was, now = raw.item(row), score(row) if fits else 0
            if now != was:
                raw[row] = now
                self._apart[index] += bool(now) - bool(was)
        self._move(row, total)

    def _fits(self, row: int) -> bool:
        if not self._nodes.valid.item(row):
            return False
        for fits in self._row_filters:  # noqa: SIM110  # a generator would cost twice the loop
            if not fits(row):
                return False
        return True

    def _move(self, row: int, total: int) -> None:
        """The row has another total: keep the leaders right, or have them found anew."""
        totals, tied = self._totals, self._tied
        was = totals.item(row)
        if was == total:
            return
        totals[row] = total
        if tied is None:
            return
        if total > self._best:
            self._best, self._tied = total, array("q", (row,))
        elif total == self._best:
            insort(tied, row)
        elif was == self._best:
            del tied[bisect_left(tied, row)]
            if not tied:
                self._tied = None

    def _normalized_totals(self) -> Int64:
        """The totals with the scores that were brought to 0..100 among all feasible rows."""
        feasible = self._totals >= 0
        total = self._totals.copy()
        for raw, apart, (weight, plugin) in zip(
            self._raw, self._apart, self._normalized, strict=True
        ):
            if apart:  # otherwise it adds the same to every node
                total[feasible] += weight * plugin.normalize(raw[feasible])
        return total


def _highest(totals: Int64) -> tuple[int, Rows]:
    """The highest total, and the feasible rows that have it."""
    best = int(totals.max(initial=NOT_FEASIBLE))
    rows = np.flatnonzero(totals == best)
    return best, rows if best != NOT_FEASIBLE else rows[:0]
