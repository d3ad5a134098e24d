"""The pods of one population by the groups of one label: kept pod by pod, never counted anew.

Who spreads pods over zones asks a `Tally` how many pods each zone has, and how many feasible rows hold
how many of them. A pod that comes or goes costs a few additions; a row that becomes feasible, or stops
being so, is caught up with before the next look.
"""

from orchestrator.scheduler.groups import Groups
from orchestrator.scheduler.populations import Population


class Tally:
    """`sums` are the pods of each group, on all rows; `held` is how many feasible rows of each group
    have any; `rows_of` how many feasible rows of a group have so many, where there are such rows.
    """

    __slots__ = ("_out", "_pods", "_seen", "groups", "held", "rows_of", "sums")

    def __init__(self, pods: Population, groups: Groups) -> None:
        self.groups = groups
        self.sums = [0] * len(groups.feasible)
        self.held = [0] * len(groups.feasible)
        self.rows_of: dict[tuple[int, int], int] = {}
        self._pods = pods
        self._out: set[int] = set()  # the rows with pods that are not feasible
        self._seen = len(groups.flips)
        for row, count in pods.by_row.items():
            self._take(row, 0, count)

    def changes(self, row: int, before: int, after: int) -> None:
        """A row is about to have another number of pods."""
        self.catch_up()
        self._take(row, before, after)

    def catch_up(self) -> None:
        """Take in which rows have become feasible or stopped being so."""
        flips, by_row, out = self.groups.flips, self._pods.by_row, self._out
        for row in flips[self._seen :] if self._seen < len(flips) else ():
            count = by_row.get(row, 0)
            if not count:
                continue
            number = self.groups.classes[row]
            if row in out:
                out.discard(row)
                self._count(number, 0, count)
            else:
                out.add(row)
                self._count(number, count, 0)
        self._seen = len(flips)

    def _take(self, row: int, before: int, after: int) -> None:
        number = self.groups.classes[row]
        self.sums[number] += after - before
        if not before and not self.groups.fits(row):
            self._out.add(row)
        if row not in self._out:
            self._count(number, before, after)
        elif not after:
            self._out.discard(row)

    def _count(self, number: int, before: int, after: int) -> None:
        """A feasible row has another number of pods; 0: it is not one of those with pods."""
        rows_of = self.rows_of
        if before:
            left = rows_of[number, before] - 1
            if left:
                rows_of[number, before] = left
            else:
                del rows_of[number, before]
            self.held[number] -= 1
        if after:
            rows_of[number, after] = rows_of.get((number, after), 0) + 1
            self.held[number] += 1
