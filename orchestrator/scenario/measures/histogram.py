"""A histogram of durations that takes any number of them in little room."""

import math
from collections import Counter
from typing import Final

from orchestrator.scenario.report.model import Summary

FACTOR: Final = 1.1
"""Each bucket's upper bound over the last one's: quantiles are at most a tenth too high."""
_LOG: Final = math.log(FACTOR)


class Histogram:
    """Durations in seconds, counted in buckets that grow by `FACTOR`; zeros have their own."""

    __slots__ = ("_buckets", "_sum", "count", "max", "zeros")

    def __init__(self) -> None:
        self.count = 0
        self.zeros = 0
        self.max = 0.0
        self._sum = 0.0
        self._buckets: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """One more. Less than nothing counts as nothing."""
        self.count += 1
        if seconds <= 0.0:
            self.zeros += 1
            return
        self._sum += seconds
        if seconds > self.max:
            self.max = seconds
        self._buckets[math.ceil(math.log(seconds) / _LOG)] += 1

    def merge(self, other: "Histogram") -> None:
        """All of another one."""
        self.count += other.count
        self.zeros += other.zeros
        self.max = max(self.max, other.max)
        self._sum += other._sum
        self._buckets.update(other._buckets)

    def quantile(self, share: float) -> float:
        """The least bound below which that share of the durations lies."""
        wanted = share * self.count
        seen = self.zeros
        if seen >= wanted:
            return 0.0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(FACTOR**bucket, self.max)
        return self.max

    def summary(self) -> Summary:
        """What a report says of it."""
        buckets = [(FACTOR**b, n) for b, n in sorted(self._buckets.items())]
        if self.zeros:
            buckets.insert(0, (0.0, self.zeros))
        return Summary(
            count=self.count,
            mean=self._sum / self.count if self.count else 0.0,
            p50=self.quantile(0.5),
            p90=self.quantile(0.9),
            p99=self.quantile(0.99),
            max=self.max,
            buckets=tuple(buckets),
        )
