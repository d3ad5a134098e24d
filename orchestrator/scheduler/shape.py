"""What is known of all nodes for pods of one shape: who can take such a pod, and with what score.

Pods that every plugin treats alike have one shape. Before a pod is placed only the rows that have
changed since the last one are looked at again: one after another when they are few, as after each
placement, by arrays when they are many. The rows with the highest total are kept too, in order, so
that a pod after another costs the one row on which the last was placed, however many nodes there are.

Scores that are normalized depend on all rows. They take part only where they tell nodes apart, which
is rare; then all totals are added up for each pod. Kernels that span rows (affinity between pods,
spreading) are asked for each pod, about the rows that the others leave: what the others know is shared
by all shapes that differ in spanning kernels alone.
"""

from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np

from orchestrator.scheduler.groups import Groups
from orchestrator.scheduler.kernels import FilterKernel, Fixed, ScoreKernel
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

NOT_FEASIBLE: Final = -1
# Up to so many rows are looked at one after another: about where arrays begin to cost less.
_FEW: Final = 24
# Beyond so many changes of who is feasible groups are made anew, so that their record stays short.
_MANY_FLIPS: Final = 65_536


class Local:
    """The totals of all rows by kernels that look at one row at a time, as of `version`.

    Filters that look at the node alone are asked when that has changed, not when a pod has come.
    """

    __slots__ = (
        "_apart",
        "_best",
        "_few",
        "_filters",
        "_groups",
        "_nodes",
        "_normalized",
        "_of_nodes",
        "_only",
        "_open",
        "_open_at",
        "_raw",
        "_scorers",
        "_tied",
        "_totals",
        "version",
    )

    def __init__(
        self,
        filters: list[FilterKernel],
        scorers: list[tuple[int, ScoreKernel]],
        nodes: Snapshot,
    ) -> None:
        self._nodes = nodes
        self._of_nodes = [kernel for kernel in filters if kernel.of_nodes]
        self._filters = [kernel for kernel in filters if not kernel.of_nodes]
        self._open: Bool = np.zeros(0, np.bool_)  # the rows that those of nodes let pass
        self._open_at = -1  # the version of the nodes
        self._only = only_nodes(filters)
        if self._only is not None and len(self._only) <= 1:
            scorers = []  # the only node that may do is the best, as in kube-scheduler
        self._scorers = [(weight, k) for weight, k in scorers if not k.normalizes]
        self._normalized = [(weight, k) for weight, k in scorers if k.normalizes]
        self._few = 1 if any(k.by_arrays for _, k in scorers) else _FEW
        self.version = -1
        self._totals: Int64 = np.zeros(0, np.int64)  # without those that need normalization
        self._raw: list[Int64] = []  # of those that do; 0 where a pod does not fit
        self._apart = [0] * len(self._normalized)  # how many rows of each are not 0
        self._best = NOT_FEASIBLE
        self._tied: array[int] | None = None  # the rows with `_best`, ascending; None: to be found
        self._groups: dict[str, Groups] = {}

    @property
    def is_apart(self) -> bool:
        """Whether scores that are normalized tell rows apart."""
        self._refresh()
        return any(self._apart)

    def groups(self, key: str) -> Groups:
        """The rows by the value of a label, as they are now."""
        self._refresh()
        found = self._groups.get(key)
        if (
            found is None
            or found.nodes_version != self._nodes.nodes_version
            or len(found.flips) > _MANY_FLIPS
        ):
            found = self._groups[key] = Groups(key, self._nodes, self._totals)
        return found

    def fits(self, row: int) -> bool:
        """Whether a row is feasible."""
        self._refresh()
        return self._totals.item(row) >= 0

    def fitting(self, rows: Rows) -> Rows:
        """Those of some rows that are feasible."""
        self._refresh()
        return rows[self._totals[rows] >= 0]

    def total_of(self) -> Callable[[int], int]:
        """The total of a row, below 0 where it is not feasible; as of the last look for changes."""
        return self._totals.item

    def feasible(self) -> Rows:
        """The rows that can take the pod, ascending."""
        self._refresh()
        return np.flatnonzero(self._totals >= 0)

    def totals(self, rows: Rows) -> Int64:
        """The totals of feasible rows, normalized among these."""
        totals = self._totals[rows]
        for raw, apart, (weight, kernel) in zip(
            self._raw, self._apart, self._normalized, strict=True
        ):
            if apart:  # otherwise it adds the same to every node
                totals += weight * kernel.normalize(raw[rows])
        return totals

    def leaders(self) -> "array[int] | Rows":
        """The rows with the highest total, ascending; empty when the pod fits nowhere."""
        self._refresh()
        if any(self._apart):
            rows = self.feasible()
            return best(rows, self.totals(rows))
        if self._tied is None:
            self._best = int(self._totals.max(initial=NOT_FEASIBLE))
            found = self._totals == max(self._best, 0)
            self._tied = array("i", np.flatnonzero(found).astype(np.int32).tobytes())
        return self._tied

    def _refresh(self) -> None:
        nodes = self._nodes
        if self.version == nodes.version:
            return
        rows = nodes.touched_since(self.version)
        size = nodes.valid.size
        if rows is None or self._totals.size != size or len(rows) > max(len(nodes) // 2, _FEW):
            self._totals = np.full(size, NOT_FEASIBLE, np.int64)
            self._raw = [np.zeros(size, np.int64) for _ in self._normalized]
            every = nodes.all_rows() if self._only is None else nodes.rows_of(self._only)
            if self._open_at != nodes.nodes_version:
                self._open = np.zeros(size, np.bool_)
                self._look_at_nodes(every)
            self._compute(every)
        else:
            if self._open_at != nodes.nodes_version:
                self._look_at_nodes(np.array(rows, dtype=np.intp))
            if len(rows) > self._few:
                self._compute(np.array(rows, dtype=np.intp))
            else:
                for row in rows:
                    self._look_again(row)
        self.version = nodes.version

    def _look_at_nodes(self, rows: Rows) -> None:
        """Ask the filters that look at nothing but the node."""
        left = rows[self._nodes.valid[rows]]
        for kernel in self._of_nodes:
            if not len(left):
                break
            left = left[kernel.rows(left)]
        self._open[rows] = False
        self._open[left] = True
        self._open_at = self._nodes.nodes_version

    def _compute(self, rows: Rows) -> None:
        """Filter and score many rows."""
        left = rows[self._open[rows]]
        for kernel in self._filters:
            if not len(left):
                break
            left = left[kernel.rows(left)]
        total = np.zeros(len(left), np.int64)
        if len(left):
            for weight, scorer in self._scorers:
                total += weight * scorer.rows(left)
        self._totals[rows] = NOT_FEASIBLE
        self._totals[left] = total
        for index, (raw, (_, scorer)) in enumerate(zip(self._raw, self._normalized, strict=True)):
            raw[rows] = 0
            if len(left):
                raw[left] = scorer.rows(left)
            self._apart[index] = int(np.count_nonzero(raw))
        self._tied = None
        self._groups.clear()

    def _look_again(self, row: int) -> None:
        """Filter and score one row."""
        fits = self._fits(row)
        total = 0 if fits else NOT_FEASIBLE
        if fits:
            for weight, scorer in self._scorers:
                total += weight * scorer.row(row)
        for index, (_, scorer) in enumerate(self._normalized):
            raw = self._raw[index]
            was, now = raw.item(row), scorer.row(row) if fits else 0
            if now != was:
                raw[row] = now
                self._apart[index] += bool(now) - bool(was)
        self._move(row, total)

    def _fits(self, row: int) -> bool:
        if not self._open.item(row):
            return False
        for kernel in self._filters:  # noqa: SIM110  # a generator would cost twice the loop
            if not kernel.row(row):
                return False
        return True

    def _move(self, row: int, total: int) -> None:
        """The row has another total: keep the leaders right, or have them found anew."""
        totals, tied = self._totals, self._tied
        was = totals.item(row)
        if was == total:
            return
        totals[row] = total
        for groups in self._groups.values():
            groups.moved(row, was, total)
        if tied is None:
            return
        if total > self._best:
            self._best, self._tied = total, array("i", (row,))
        elif total == self._best:
            insort(tied, row)
        elif was == self._best:
            del tied[bisect_left(tied, row)]
            if not tied:
                self._tied = None


class Shape:
    """All that is known of the nodes for pods of one shape."""

    __slots__ = (
        "_in_order",
        "_local",
        "_may_fail",
        "_nodes",
        "_scorers",
        "_spanning",
        "filters",
        "refusal",
    )

    def __init__(
        self,
        filters: list[tuple[str, FilterKernel]],
        scorers: list[tuple[int, ScoreKernel]],
        local: Local,
        nodes: Snapshot,
    ) -> None:
        self.filters = filters
        self._local = local
        self._nodes = nodes
        self._spanning = [kernel for _, kernel in filters if kernel.spanning]
        self._may_fail = any(kernel.may_fail for kernel in self._spanning)
        # One that may fail is asked about the rows that those before it leave, and by no one else's leave.
        self._in_order = self._may_fail and not all(
            kernel.spanning for _, kernel in filters[_first_that_may_fail(filters) :]
        )
        self._scorers = [(weight, kernel) for weight, kernel in scorers if kernel.spanning]
        # (plugin, words) of who refuses every node before any is looked at.
        self.refusal = next(((name, k.refusal) for name, k in filters if k.refusal), None)

    @property
    def version(self) -> int:
        """The version of the snapshot of which the shape speaks."""
        return self._local.version

    def leaders(self) -> "array[int] | Rows":
        """The rows with the highest total, ascending; empty when the pod fits nowhere."""
        if self.refusal:
            return np.zeros(0, np.intp)
        if not self._spanning and not self._scorers:
            return self._local.leaders()
        if not (self._local.is_apart or self._may_fail):
            found: Rows | None = None
            if len(self._scorers) + len(self._spanning) == 1:
                found = self._leaders_by_one()
            if found is None and not self._scorers:
                found = self._left_of_leaders()
            if found is not None:
                return found
        return self.best_of(self.feasible())

    def spare(self, row: int) -> dict[int, int] | None:
        """What is left on a row beside such a pod, where evictions change sums and nothing else that filters look
        at, and all others let the pod pass; None: it is not so.
        """
        found: dict[int, int] | None = None
        for _, kernel in self.filters:
            if isinstance(kernel, Fixed):
                if not kernel.row(row):
                    return None
                continue
            spare = kernel.spare(row)
            if spare is None or found is not None:
                return None
            found = spare
        return found

    @property
    def spans(self) -> bool:
        """Whether a filter looks at other rows, too."""
        return bool(self._spanning)

    def may_take(self, row: int) -> bool:
        """Whether a row can take the pod, as far as kernels say that look at it alone."""
        return not self.refusal and self._local.fits(row)

    def may_take_of(self, rows: Rows) -> Rows:
        """Those of some rows that can take the pod, as far as kernels say that look at one row alone."""
        return rows[:0] if self.refusal else self._local.fitting(rows)

    def can_take(self, row: int) -> bool:
        """Whether a row can take the pod."""
        return self.may_take(row) and all(kernel.row(row) for kernel in self._spanning)

    def leaders_without(self, refused: list[int]) -> "array[int] | Rows":
        """The leaders if some rows could not take the pod."""
        leaders = self.leaders()
        if not refused or not (self.is_apart or any(row in refused for row in leaders)):
            return leaders
        return self.best_of(without(self.feasible(), refused))

    @property
    def is_apart(self) -> bool:
        """Whether a row's score depends on which others are feasible."""
        return bool(self._scorers) or self._local.is_apart

    def _left_of_leaders(self) -> Rows | None:
        """Of the leaders by what is known of rows those that kernels that span rows leave; None: there is none."""
        rows = np.array(self._local.leaders(), np.intp)  # a copy: what leads may change its length
        for kernel in self._spanning:
            if not len(rows):
                break
            rows = rows[kernel.rows(rows)]
        return rows if len(rows) else None

    def _leaders_by_one(self) -> Rows | None:
        """The same where one kernel that spans rows joins what is known of them."""
        if self._spanning:
            return self._spanning[0].leaders(self._local)
        weight, kernel = self._scorers[0]
        return kernel.leaders(self._local, weight)

    def feasible(self) -> Rows:
        """The rows that can take the pod, ascending."""
        if self.refusal:
            return np.zeros(0, np.intp)
        if self._in_order:
            return self._left_in_order()
        rows = self._local.feasible()
        for kernel in self._spanning:
            if not len(rows):
                break
            rows = rows[kernel.rows(rows)]
        return rows

    def _left_in_order(self) -> Rows:
        """The feasible rows, where a filter before the last may fail: nobody after it keeps a row from it."""
        only = only_nodes(kernel for _, kernel in self.filters)
        rows = self._nodes.all_rows() if only is None else self._nodes.rows_of(only)
        for _, kernel in self.filters:
            if not len(rows):
                break
            rows = rows[kernel.rows(rows)]
        return rows

    def best_of(self, rows: Rows) -> Rows:
        """Of feasible rows those with the highest total among them."""
        if len(rows) <= 1:
            return rows
        return best(rows, self.totals(rows))

    def totals(self, rows: Rows) -> Int64:
        """The totals of feasible rows, normalized among these."""
        totals = self._local.totals(rows)
        for weight, kernel in self._scorers:
            totals += weight * kernel.rows(rows)
        return totals

    def refusing(self, row: int) -> FilterKernel | None:
        """Who refuses a row as things stand now, whatever is remembered; None: nobody."""
        found = self.named_refusing(row)
        return None if found is None else found[1]

    def named_refusing(self, row: int) -> tuple[str, FilterKernel] | None:
        """The same with the plugin's name."""
        for name, kernel in self.filters:
            if not kernel.row(row):
                return name, kernel
        return None


def _first_that_may_fail(filters: list[tuple[str, FilterKernel]]) -> int:
    return next(place for place, (_, kernel) in enumerate(filters) if kernel.may_fail)


def only_nodes(filters: Iterable[FilterKernel]) -> frozenset[str] | None:
    """The names of the only nodes that filters leave for a look; None: all of them."""
    narrowed = [kernel.only for kernel in filters if kernel.only is not None]
    return frozenset.intersection(*narrowed) if narrowed else None


def without(rows: Rows, some: list[int]) -> Rows:
    """The rows but for some of them."""
    return rows[~np.isin(rows, some)] if some else rows


def best(rows: Rows, totals: Int64) -> Rows:
    """The rows with the highest total."""
    return np.asarray(rows[totals == totals.max(initial=NOT_FEASIBLE)])
