"""A histogram of durations that takes any number of them in little room."""

import math
from collections import Counter
from typing import Final

import numpy as np

from orchestrator.scenario.measures.figures import Summary

FACTOR: Final = 1.1
"""Each bucket's upper bound over the last one's: quantiles are at most a tenth too high."""
_LOG: Final = math.log(FACTOR)
_TOGETHER: Final = 1024  # one by one, a logarithm and a counter cost four times as much


class Histogram:
    """Durations in seconds, counted in buckets that grow by `FACTOR`; zeros have their own."""

    __slots__ = ("_buckets", "_max", "_recent", "_sum", "_zeros")

    def __init__(self) -> None:
        self._zeros = 0
        self._max = 0.0
        self._sum = 0.0
        self._buckets: Counter[int] = Counter()
        self._recent: list[float] = []  # not in the buckets yet

    def add(self, seconds: float) -> None:
        """One more. Less than nothing counts as nothing."""
        if seconds <= 0.0:
            self._zeros += 1
            return
        recent = self._recent
        recent.append(seconds)
        if len(recent) == _TOGETHER:
            self._sort_in()

    def _sort_in(self) -> None:
        if not self._recent:
            return
        recent = np.array(self._recent)
        self._recent.clear()
        self._sum += float(recent.sum())
        self._max = max(self._max, float(recent.max()))
        numbers, counts = np.unique(np.ceil(np.log(recent) / _LOG), return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            self._buckets[int(number)] += count

    @property
    def count(self) -> int:
        """How many there are."""
        return self._zeros + len(self._recent) + self._buckets.total()

    def merge(self, other: "Histogram") -> None:
        """All of another one."""
        other._sort_in()
        self._zeros += other._zeros
        self._max = max(self._max, other._max)
        self._sum += other._sum
        self._buckets.update(other._buckets)

    def quantile(self, share: float) -> float:
        """The least bound below which that share of the durations lies."""
        self._sort_in()
        wanted = share * self.count
        seen = self._zeros
        if seen >= wanted:
            return 0.0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(FACTOR**bucket, self._max)
        return self._max

    def summary(self) -> Summary:
        """What a report says of it."""
        self._sort_in()
        buckets = [(FACTOR**b, n) for b, n in sorted(self._buckets.items())]
        if self._zeros:
            buckets.insert(0, (0.0, self._zeros))
        count = self.count
        return Summary(
            count=count,
            mean=self._sum / count if count else 0.0,
            p50=self.quantile(0.5),
            p90=self.quantile(0.9),
            p99=self.quantile(0.99),
            max=self._max,
            buckets=tuple(buckets),
        )
