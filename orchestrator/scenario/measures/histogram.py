"""A histogram of durations that takes any number of them in little room."""

import math
from collections import Counter
from typing import Final

import numpy as np

from orchestrator.scenario.report.model import Summary

FACTOR: Final = 1.1
"""Each bucket's upper bound over the last one's: quantiles are at most a tenth too high."""
_LOG: Final = math.log(FACTOR)
_MOST_NEW: Final = 1024


class Histogram:
    """Durations in seconds, counted in buckets that grow by `FACTOR`; zeros have their own."""

    __slots__ = ("_buckets", "_count", "_max", "_new", "_sum", "_zeros")

    def __init__(self) -> None:
        self._count = 0
        self._zeros = 0
        self._max = 0.0
        self._sum = 0.0
        self._buckets: Counter[int] = Counter()
        self._new: list[float] = []  # not counted yet: many are counted at once

    def add(self, seconds: float) -> None:
        """One more. Less than nothing counts as nothing."""
        self._new.append(seconds)
        if len(self._new) == _MOST_NEW:
            self._settle()

    def _settle(self) -> None:
        new = np.array(self._new)
        self._new.clear()
        some = new[new > 0.0]
        self._count += len(new)
        self._zeros += len(new) - len(some)
        if len(some):
            self._sum += float(some.sum())
            self._max = max(self._max, float(some.max()))
            numbers, counts = np.unique(np.ceil(np.log(some) / _LOG), return_counts=True)
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                self._buckets[int(number)] += count

    @property
    def count(self) -> int:
        """How many there were."""
        return self._count + len(self._new)

    @property
    def max(self) -> float:
        """The longest one."""
        if self._new:
            self._settle()
        return self._max

    def merge(self, other: "Histogram") -> None:
        """All of another one."""
        for each in (self, other):
            if each._new:
                each._settle()
        self._count += other._count
        self._zeros += other._zeros
        self._max = max(self._max, other._max)
        self._sum += other._sum
        self._buckets.update(other._buckets)

    def quantile(self, share: float) -> float:
        """The least bound below which that share of the durations lies."""
        if self._new:
            self._settle()
        wanted = share * self._count
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
        if self._new:
            self._settle()
        buckets = [(FACTOR**b, n) for b, n in sorted(self._buckets.items())]
        if self._zeros:
            buckets.insert(0, (0.0, self._zeros))
        return Summary(
            count=self._count,
            mean=self._sum / self._count if self._count else 0.0,
            p50=self.quantile(0.5),
            p90=self.quantile(0.9),
            p99=self.quantile(0.99),
            max=self._max,
            buckets=tuple(buckets),
        )
