"""Which rows lead where pods are spread over nodes and over one other label, without a look at each.

Rows of one zone that hold equally many of the pods are scored alike by the spreading, so there are as
many scores as there are pairs of a zone and a number of pods. What else rows are scored by `Groups`
keeps in order. It is worked out by numbers, which cost less than arrays.
"""

from math import floor, log

import numpy as np

from orchestrator.scheduler.kernels import MAX_NODE_SCORE, Known
from orchestrator.scheduler.populations import Population
from orchestrator.scheduler.snapshot import Rows
from orchestrator.scheduler.tallies import Tally

# Beyond so many rows with pods arrays cost less than a look at each.
_MANY_ROWS = 256


class SpreadLead:
    """The look for the leaders of one shape. Skews are the constraints' `maxSkew`; None: there is none."""

    __slots__ = ("_host_skew", "_pods", "_zone_skew", "tally", "weight")

    def __init__(
        self,
        host_skew: int | None,
        zone_skew: int | None = None,
        *,
        tally: Tally,
        pods: Population,
        weight: int,
    ) -> None:
        self.tally, self.weight = tally, weight
        self._host_skew, self._zone_skew, self._pods = host_skew, zone_skew, pods

    def rows(self, local: Known) -> Rows:
        """The leaders, ascending."""
        tally, groups = self.tally, self.tally.groups
        tally.catch_up()
        sums, held, rows_of = tally.sums, tally.held, tally.rows_of
        zones = self._of_zones(sums)
        if self._host_skew is None:
            return self._by_group(zones)
        of_host, skew = log(groups.total + 2), self._host_skew - 1
        # The groups that have feasible rows without pods, and what each of these rows has.
        free = [n for n, rows in enumerate(groups.feasible) if rows > held[n]]
        raw = [floor(skew + zones[n] + 0.5) for n in free]
        raw_held = [floor(count * of_host + skew + zones[n] + 0.5) for n, count in rows_of]
        every = raw + raw_held
        high = max(every)
        both = high + min(every)
        best, found = self._best_without(free, raw, high, both)
        # No row of a group has more than its best one: so rows with pods need a look only where that
        # is enough, which is rare, since they lose by what they hold.
        near = {}
        for key, r in zip(rows_of, raw_held, strict=True):
            score = self._score(r, high, both)
            if groups.best(key[0]) + score >= best:
                near[key] = score
        if near:
            found = self._with_held(best, found, near, local)
        if len(found) == 1:
            return found[0]
        rows = np.concatenate(found)
        rows.sort(kind="stable")  # which merges what is in order
        return rows

    def _by_group(self, zones: list[float]) -> Rows:
        """The same where rows are told apart by their group alone."""
        groups = self.tally.groups
        raw = {n: floor(zones[n] + 0.5) for n, rows in enumerate(groups.feasible) if rows}
        high = max(raw.values())
        both = high + min(raw.values())
        totals = {n: groups.best(n) + self._score(r, high, both) for n, r in raw.items()}
        best = max(totals.values())
        return groups.tied([n for n, total in totals.items() if total == best])

    def _of_zones(self, sums: list[int]) -> list[float]:
        """What each group's rows have for their zone; group 0 has none."""
        if self._zone_skew is None:
            return [0.0] * len(sums)
        feasible, skew = self.tally.groups.feasible, self._zone_skew - 1
        of_zone = log(len(feasible) - feasible.count(0) + 2)
        zones = [count * of_zone + skew for count in sums]
        zones[0] = 0.0
        return zones

    def _score(self, raw: int, high: int, both: int) -> int:
        """The fewest pods get the most; `both` is the highest and the lowest raw score together."""
        return self.weight * (MAX_NODE_SCORE * (both - raw) // high if high else MAX_NODE_SCORE)

    def _best_without(
        self, free: list[int], raw: list[int], high: int, both: int
    ) -> tuple[int, list[Rows]]:
        """The highest total of the rows without pods, and who has it, by group."""
        groups, column = self.tally.groups, self._pods.column
        bounds = []
        for number, r in zip(free, raw, strict=True):
            score = self._score(r, high, both)
            bounds.append((groups.best(number) + score, number, score))
        bounds.sort(reverse=True)
        best = -1
        found: list[Rows] = []
        for bound, number, score in bounds:
            if bound < best:
                break
            total, tied = groups.leaders(number, column)
            total += score
            if total > best:
                best, found = total, [tied]
            elif total == best:
                found.append(tied)
        return best, found

    def _with_held(
        self, best: int, found: list[Rows], near: dict[tuple[int, int], int], local: Known
    ) -> list[Rows]:
        """The same with the rows that hold pods, of the groups and numbers that may come near."""
        if len(self._pods.by_row) > _MANY_ROWS:
            return self._with_many_held(best, found, near)
        classes, item = self.tally.groups.classes, local.total_of()
        rows: list[int] = []
        for row, count in self._pods.by_row.items():
            score = near.get((classes[row], count))
            if score is None or (total := item(row)) < 0:
                continue
            if total + score > best:
                best, found, rows = total + score, [], [row]
            elif total + score == best:
                rows.append(row)
        return [*found, np.array(sorted(rows), np.intp)] if rows else found

    def _with_many_held(
        self, best: int, found: list[Rows], near: dict[tuple[int, int], int]
    ) -> list[Rows]:
        """The same by arrays."""
        groups, column = self.tally.groups, self._pods.column
        counts = sorted({count for _, count in near})
        places = np.searchsorted(counts, column)
        places[places == len(counts)] = 0
        known = np.array(counts)[places] == column
        scores = np.full((len(groups.feasible), len(counts)), -1, np.int64)
        for (number, count), score in near.items():
            scores[number, counts.index(count)] = score
        of_rows = scores[groups.class_of, places]
        totals = groups.totals
        every = np.where(known & (of_rows >= 0) & (totals >= 0), totals + of_rows, -1)
        most = int(every.max())
        if most < best:
            return found
        rows = np.flatnonzero(every == most)
        return [*found, rows] if most == best else [rows]
