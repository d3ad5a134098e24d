"""Families of time series, and the text in which Prometheus reads them.

A library's families would each keep a series of when they were created, which Kubernetes has none of, and can
be told not to for a whole process only.
"""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from math import inf
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = tuple[str, ...]
MetricsSource: TypeAlias = "Callable[[], Awaitable[Iterable[Series | Histogram]]]"
"""Somebody in the process who has families of his own."""

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"


class Series:
    """A counter or a gauge: one number for each combination of its labels' values."""

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        kind: Literal["counter", "gauge"] = "counter",
    ) -> None:
        self.name = name
        self.text = text
        self.kind = kind
        self.labels = tuple(labels)
        self._values: dict[Values, float] = {}

    def add(self, *values: str, amount: float = 1) -> None:
        """Count more, or less."""
        try:
            self._values[values] += amount
        except KeyError:
            self._values[values] = amount

    def set(self, value: float, *values: str) -> None:
        """Say what it is now."""
        self._values[values] = value

    def total(self) -> float:
        """The sum over all labels."""
        return sum(self._values.values())

    def lines(self) -> Iterator[str]:
        """The exposition; nothing while there is no value."""
        if self._values:
            yield from _head(self.name, self.text, self.kind)
        for values, number in sorted(self._values.items()):
            yield f"{self.name}{_labelled(self.labels, values)} {_number(number)}"


class Histogram:
    """How often values were at most so large, for each combination of labels' values.

    A `summary` without quantiles tells their number and sum alone.
    """

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        buckets: Sequence[float],
        kind: Literal["histogram", "summary"] = "histogram",
    ) -> None:
        self.name = name
        self.text = text
        self.kind = kind
        self.labels = tuple(labels)
        self._buckets = tuple(buckets)
        self._least = self._buckets[0] if buckets else -inf
        self._counts: dict[Values, list[float]] = {}  # of each bucket; the sum is the last one

    def observe(self, value: float, *values: str) -> None:
        """There was one of this value."""
        try:
            counts = self._counts[values]
        except KeyError:
            counts = self._counts[values] = [0] * (len(self._buckets) + 2)
        # Most are in the first bucket: what is measured is short.
        counts[0 if value <= self._least else bisect_left(self._buckets, value)] += 1
        counts[-1] += value

    def of(self, *values: str) -> Callable[[float], None]:
        """What observes values of one combination of labels, for who does so again and again."""
        buckets, least, counts = self._buckets, self._least, self._counts.get(values)

        def observe(value: float) -> None:
            nonlocal counts
            if counts is None:  # it is not told before there is one
                counts = self._counts.setdefault(values, [0] * (len(buckets) + 2))
            counts[0 if value <= least else bisect_left(buckets, value)] += 1
            counts[-1] += value

        return observe

    def observe_all(self, some: Sequence[float] | NDArray[np.float64], *values: str) -> None:
        """There was one of each of these."""
        counts = self._counts.setdefault(values, [0] * (len(self._buckets) + 2))
        places = np.bincount(np.searchsorted(self._buckets, some), minlength=len(counts) - 1)
        more = (*places.tolist(), float(np.sum(some)))
        counts[:] = [was + now for was, now in zip(counts, more, strict=True)]

    def weigh(self, value: float, weight: int, *values: str) -> None:
        """There were so many of this value."""
        counts = self._counts.setdefault(values, [0] * (len(self._buckets) + 2))
        counts[bisect_left(self._buckets, value)] += weight
        counts[-1] += value * weight

    def put(self, counts: Sequence[int], total: float, *values: str) -> None:
        """How many there were in each bucket, and beyond all of them, with the sum of their values."""
        self._counts[values] = [*counts, total]

    def summed_up(self, name: str, text: str) -> "Histogram":
        """A summary of the same values."""
        summary = Histogram(name, text, self.labels, (), "summary")
        for values, (*counts, total) in self._counts.items():
            summary.put((int(sum(counts)),), total, *values)
        return summary

    def lines(self) -> Iterator[str]:
        """The exposition; nothing while nothing was observed."""
        if self._counts:
            yield from _head(self.name, self.text, self.kind)
        for values, (*counts, total) in sorted(self._counts.items()):
            if self.kind == "histogram":
                yield from self._buckets_of(values, counts)
            labels = _labelled(self.labels, values)
            yield f"{self.name}_sum{labels} {_number(total)}"
            yield f"{self.name}_count{labels} {_number(sum(counts))}"

    def _buckets_of(self, values: Values, counts: Sequence[float]) -> Iterator[str]:
        bounds, below = (*map(_number, self._buckets), "+Inf"), 0.0
        for bound, count in zip(bounds, counts, strict=True):
            below += count
            labels = _labelled((*self.labels, "le"), (*values, bound))
            yield f"{self.name}_bucket{labels} {_number(below)}"


def split_bucket(bucket: str) -> tuple[str, str]:
    """The group and the resource that a bucket of the store holds, as labels say them."""
    plural, _, group = bucket.partition(".")
    return group, plural


def text_of(families: Iterable[Series | Histogram]) -> str:
    """All families, in the order of their names."""
    ordered = sorted(families, key=lambda family: family.name)
    return "".join(f"{line}\n" for family in ordered for line in family.lines())


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _labelled(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
