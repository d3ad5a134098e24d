"""The rows of a shape by the value of one label: who leads in each, kept row by row."""

from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence

import numpy as np

from orchestrator.scheduler.snapshot import Int64, Rows, Snapshot


class Groups:
    """Group 0 has the rows without the label; an empty key makes one group, of number 1, of all.

    `feasible` is how many feasible rows each group has, `flips` are the rows that have become feasible
    or stopped being so since the groups were made, one after another.
    """

    def __init__(self, key: str, nodes: Snapshot, totals: Int64) -> None:
        self.key = key
        if key:
            self.class_of: Int64 = nodes.domains(key) + 1
            size = nodes.domain_count(key) + 1
        else:
            self.class_of = np.ones(len(totals), np.int64)
            size = 2
        self.classes: list[int] = self.class_of.tolist()
        self.nodes_version = nodes.nodes_version
        self._totals = totals
        there = totals >= 0
        self.feasible: list[int] = np.bincount(self.class_of[there], minlength=size).tolist()
        self.flips: list[int] = []
        self.total = int(there.sum())
        self._best: list[int] = [-1] * size
        # The rows with the best total of each group, ascending; None: to be found.
        self._tied: list[array[int] | None] = [None] * size

    def moved(self, row: int, was: int, now: int) -> None:
        """A row has another total (below 0: it is not feasible)."""
        number = self.classes[row]
        if was < 0 or now < 0:
            more = int(now >= 0) - int(was >= 0)
            self.feasible[number] += more
            self.total += more
            if more:
                self.flips.append(row)
        tied = self._tied[number]
        if tied is None:
            return
        best = self._best[number]
        if now > best:
            self._best[number], self._tied[number] = now, array("q", (row,))
        elif now == best:
            insort(tied, row)
        elif was == best:
            del tied[bisect_left(tied, row)]
            if not tied:
                self._tied[number] = None

    def fits(self, row: int) -> bool:
        """Whether a row is feasible."""
        return self._totals.item(row) >= 0

    def best(self, number: int) -> int:
        """The highest total in a group."""
        if self._tied[number] is None:
            rows = np.flatnonzero(self.class_of == number)
            totals = self._totals[rows]
            self._best[number] = best = int(totals.max(initial=-1))
            tied = rows[totals == best].astype(np.int64, copy=False)
            self._tied[number] = array("q", tied.tobytes())
        return self._best[number]

    def leaders_among(self, numbers: Sequence[int]) -> Rows:
        """Who has the highest total in some groups, ascending; each of them has a feasible row."""
        best = max(map(self.best, numbers), default=-1)
        return self.tied([number for number in numbers if self.best(number) == best])

    def tied(self, numbers: Sequence[int]) -> Rows:
        """The leaders of each of some groups, ascending; `best` has been asked for each."""
        found = [self._tied[number] for number in numbers]
        rows = [np.array(tied, np.int64) for tied in found if tied is not None]
        return np.sort(np.concatenate(rows), kind="stable") if rows else np.zeros(0, np.intp)

    @property
    def totals(self) -> Int64:
        """The total of each row, below 0 where it is not feasible. Not to be changed."""
        return self._totals

    def leaders(self, number: int, without: Int64) -> tuple[int, Rows]:
        """The highest total in a group, and who has it, among rows where a column is 0.

        There must be such a row that is feasible.
        """
        best = self.best(number)
        tied = self._tied[number]
        assert tied is not None
        rows: Rows = np.frombuffer(tied, np.int64)  # until it is taken from: what is tied may grow
        rows = rows[without.take(rows) == 0]
        if rows.size:
            return best, rows
        rows = np.flatnonzero((self.class_of == number) & (without == 0))
        totals = self._totals[rows]
        best = int(totals.max(initial=-1))
        return best, rows[totals == best]
