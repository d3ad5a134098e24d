"""A distribution of durations: exact to 100,000 of them, a sketch of a stated error beyond.

The first 100,000 are kept in the order in which they came, so their quantiles are exact. From there
on a DDSketch counts them (Masson, Rim, Lee, VLDB 2019): its buckets grow by (1 + a) / (1 - a), so
whatever value a bucket stands for is right within a = 0.5 %, at any quantile and any size. A t-digest
would be smaller but promises nothing of the error; HDR histograms want the greatest value beforehand.

What came between two moments is a distribution, too: `mark` remembers the one, `since` answers what
came after it. Nothing is done for it while values come.
"""

import math
from array import array
from collections import Counter
from typing import Any, Final

import numpy as np
from msgspec import Struct

from orchestrator.scenario.measures.figures import Summary

LIMIT: Final = 100_000
"""So many are kept one by one."""
RELATIVE_ERROR: Final = 0.005
"""Of every quantile beyond that."""
FACTOR: Final = 1.1
"""Each drawn bucket's upper bound over the last one's; no number is read off them."""
_LOG_GAMMA: Final = math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
_LOG_FACTOR: Final = math.log(FACTOR)
_TOGETHER: Final = 1024  # one by one, a logarithm and a counter cost four times as much

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Mark(Struct, frozen=True):
    """How far a distribution had come: how many zeros and others, and their sketch beyond the limit."""

    zeros: int = 0
    others: int = 0
    total: float = 0.0
    buckets: Counter[int] | None = None


class Distribution:
    """Durations in seconds; zeros are only counted."""

    __slots__ = ("_buckets", "_max", "_recent", "_sorted", "_sum", "_values", "_zeros")

    def __init__(self) -> None:
        self._zeros = 0
        self._values = array("d")  # the others as they came, one more than LIMIT at the most
        self._sorted: Floats = np.empty(0)  # of these, as many as were looked at
        self._buckets: Counter[int] | None = None  # of all others, once there are more
        self._recent: list[float] = []  # beyond the limit, not in the buckets yet
        self._sum = 0.0  # of what is in the buckets
        self._max = 0.0

    def add(self, seconds: float) -> None:
        """One more. Less than nothing counts as nothing."""
        if seconds <= 0.0:
            self._zeros += 1
        elif self._buckets is None:
            values = self._values
            values.append(seconds)
            if len(values) > LIMIT:
                self._begin_sketch()
        else:
            self._recent.append(seconds)
            if len(self._recent) == _TOGETHER:
                self._sort_in()

    @property
    def count(self) -> int:
        """How many there are."""
        if self._buckets is None:
            return self._zeros + len(self._values)
        return self._zeros + self._buckets.total() + len(self._recent)

    @property
    def is_exact(self) -> bool:
        """Whether quantiles are exact, not within `RELATIVE_ERROR`."""
        return self._buckets is None

    def quantile(self, share: float) -> float | None:
        """The least of the values that so great a share of all is not above; None if there are none."""
        count = self.count
        if not count:
            return None
        rank = max(1, math.ceil(share * count - 1e-9))
        if rank <= self._zeros:
            return 0.0
        if self._buckets is None:
            return float(self._in_order()[rank - self._zeros - 1])
        self._sort_in()
        reached = self._zeros
        for bucket in sorted(self._buckets):
            reached += self._buckets[bucket]
            if reached >= rank:
                return min(_value_of(bucket), self._max)
        return self._max

    def summary(self) -> Summary:
        """What a report says of it."""
        count = self.count
        if not count:
            return Summary()
        self._sort_in()
        values = np.array(self._values) if self._buckets is None else None
        total = self._sum if values is None else float(values.sum())
        greatest = self._max if values is None else float(values.max(initial=0.0))
        p50, p90, p99 = (self.quantile(share) or 0.0 for share in (0.5, 0.9, 0.99))
        return Summary(
            count=count,
            mean=total / count,
            p50=p50,
            p90=p90,
            p99=p99,
            max=greatest,
            relative_error=0.0 if self.is_exact else RELATIVE_ERROR,
            buckets=tuple(self._drawn()),
        )

    def merge(self, other: "Distribution") -> None:
        """All of another one."""
        self._zeros += other._zeros
        if other._buckets is None:
            for value in other._values:
                self.add(value)
            return
        other._sort_in()
        if self._buckets is None:
            self._begin_sketch()
        self._sort_in()
        assert self._buckets is not None
        self._buckets.update(other._buckets)
        self._sum += other._sum
        self._max = max(self._max, other._max)

    # --- between two moments ---------------------------------------------------------------

    def mark(self) -> Mark:
        """How far it has come."""
        self._sort_in()
        if self._buckets is None:
            return Mark(self._zeros, len(self._values))
        return Mark(self._zeros, self._buckets.total(), self._sum, self._buckets.copy())

    def since(self, mark: Mark) -> "Distribution":
        """What has come since a mark. Beyond the limit its greatest value is right as quantiles are."""
        found = Distribution()
        found._zeros = self._zeros - mark.zeros
        if self._buckets is None:
            found._values = self._values[mark.others :]
            return found
        self._sort_in()
        before, total = mark.buckets, mark.total
        if before is None:
            first = np.array(self._values[: mark.others])
            before, total = _counted(first), float(first.sum())
        found._buckets = self._buckets - before
        found._sum = self._sum - total
        found._max = min(_value_of(max(found._buckets)), self._max) if found._buckets else 0.0
        return found

    # --- inside ----------------------------------------------------------------------------

    def _in_order(self) -> Floats:
        """The kept values, ascending; sorting goes on from what was sorted before."""
        known = len(self._sorted)
        if known < len(self._values):
            both = np.concatenate([self._sorted, np.array(self._values[known:])])
            both.sort(kind="stable")  # which merges runs that are sorted already
            self._sorted = both
        return self._sorted

    def _begin_sketch(self) -> None:
        values = np.array(self._values)
        self._buckets = _counted(values)
        self._sum, self._max = float(values.sum()), float(values.max(initial=0.0))
        self._sorted = np.empty(0)

    def _sort_in(self) -> None:
        if not self._recent or self._buckets is None:
            return
        recent = np.array(self._recent)
        self._recent.clear()
        self._sum += float(recent.sum())
        self._max = max(self._max, float(recent.max()))
        self._buckets.update(_counted(recent))

    def _drawn(self) -> list[tuple[float, int]]:
        """(upper bound, count) of the buckets that pictures have."""
        if self._buckets is None:
            values = np.array(self._values)
            counts = [1] * len(values)
        else:
            values = np.array([_value_of(bucket) for bucket in self._buckets])
            counts = list(self._buckets.values())
        places = np.ceil(np.log(values) / _LOG_FACTOR - 1e-9).astype(int)
        found: Counter[int] = Counter()
        for place, count in zip(places.tolist(), counts, strict=True):
            found[place] += count
        zeros = [(0.0, self._zeros)] if self._zeros else []
        return zeros + [(FACTOR**place, count) for place, count in sorted(found.items())]


def _counted(values: Floats) -> Counter[int]:
    """Values by the number of their bucket."""
    numbers, counts = np.unique(np.ceil(np.log(values) / _LOG_GAMMA), return_counts=True)
    return Counter(dict(zip(map(int, numbers.tolist()), counts.tolist(), strict=True)))


def _value_of(bucket: int) -> float:
    """What a bucket stands for: from both of its bounds equally far, as shares go."""
    return math.exp(bucket * _LOG_GAMMA) * (1 - RELATIVE_ERROR)
