"""Samples over time: few enough to draw, wherever the run's time goes.

Half of them are taken whenever so much of the cluster's time has passed, the others whenever so many
revisions were written: what takes a day shows, and so does what happens within a moment of it. When
there are too many of a kind, every other one is dropped and their stride doubles: so a run of one
virtual second and one of a virtual year have as many. All of it is decided by the history, not by the
wall's clock.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from msgspec import Struct

from orchestrator.scenario.measures.figures import HeatMap, Series

MOST: Final = 128  # of a kind
_FIRST_REVISIONS: Final = 256
_FIRST_SECONDS: Final = 0.1
_HEAT_ROWS: Final = 100


class Sample(Struct):
    """What was seen at one moment."""

    virtual_seconds: float
    wall_seconds: float
    revision: int
    digest: str
    values: Mapping[str, float | None]  # None: there was nothing to measure
    shares: np.ndarray[Any, np.dtype[np.float16]]  # resources by nodes


class Samples:
    """The samples of a run. `take` looks at everything."""

    def __init__(self, take: Callable[[], Sample]) -> None:
        self._take = take
        self._timed: list[Sample] = []
        self._counted: list[Sample] = []
        self._every_revisions = _FIRST_REVISIONS
        self.every_seconds = _FIRST_SECONDS
        self._next_revision = 0

    def revision(self, revision: int) -> None:
        """So many revisions have been written."""
        if revision < self._next_revision:
            return
        self._counted.append(self._take())
        if len(self._counted) > MOST:
            del self._counted[1::2]
            self._every_revisions *= 2
        self._next_revision = revision + self._every_revisions

    def add(self) -> None:
        """So much time has passed (`every_seconds`), or the run has come to its end."""
        self._timed.append(self._take())
        if len(self._timed) > MOST:
            del self._timed[1::2]
            self.every_seconds *= 2

    @property
    def last(self) -> Sample | None:
        """The newest one."""
        samples = self._all()
        return samples[-1] if samples else None

    def _all(self) -> list[Sample]:
        return sorted(
            self._counted + self._timed,
            key=lambda s: (s.virtual_seconds, s.revision, s.wall_seconds),
        )

    def series(self) -> Series:
        """All of them as columns."""
        samples = self._all()
        return Series(
            virtual_seconds=tuple(s.virtual_seconds for s in samples),
            wall_seconds=tuple(s.wall_seconds for s in samples),
            revisions=tuple(s.revision for s in samples),
            digests=tuple(s.digest for s in samples),
            columns={n: tuple(s.values.get(n) for s in samples) for n in self.names()},
        )

    def names(self) -> tuple[str, ...]:
        """Of all values."""
        return tuple(dict.fromkeys(name for sample in self._all() for name in sample.values))

    def mean(self, name: str, since: float = 0.0) -> float:
        """A value's mean over the time that it was there by the cluster's clock from `since` on (over the
        samples, if that was but a moment).
        """
        samples = self._all()
        values = np.array([_number(s, name) for s in samples])
        there = ~np.isnan(values)
        if not there.any():
            return 0.0
        times = np.maximum([s.virtual_seconds for s in samples], since)
        spans = np.diff(times) * there[:-1]
        if not spans.sum():
            return float(values[there].mean())
        return float((np.where(there, values, 0.0)[:-1] * spans).sum() / spans.sum())

    def most(self, name: str) -> float:
        """A value's maximum."""
        return max((s.values.get(name) or 0.0 for s in self._all()), default=0.0)

    def heat_maps(self, resources: list[str], nodes: list[str]) -> tuple[HeatMap, ...]:
        """One for each resource that anything was asked of."""
        samples = self._all()
        if not samples or not nodes:
            return ()
        table = np.full((len(resources), len(nodes), len(samples)), np.nan, dtype=np.float32)
        for column, sample in enumerate(samples):
            known, rows = sample.shares.shape
            table[:known, :rows, column] = sample.shares
        edges = _edges(len(nodes))
        virtual = tuple(s.virtual_seconds for s in samples)
        wall = tuple(s.wall_seconds for s in samples)
        return tuple(
            HeatMap(
                resource=resource,
                rows=tuple(_row_name(nodes, a, b) for a, b in edges),
                virtual_seconds=virtual,
                wall_seconds=wall,
                values=tuple(_means(table[number, a:b]) for a, b in edges),
            )
            for number, resource in enumerate(resources)
            if np.nanmax(table[number], initial=0.0) > 0
        )


def _number(sample: Sample, name: str) -> float:
    value = sample.values.get(name)
    return np.nan if value is None else value


def _edges(nodes: int) -> list[tuple[int, int]]:
    """Neighbouring nodes in at most so many rows, as equal as may be."""
    rows = min(nodes, _HEAT_ROWS)
    return [(nodes * r // rows, nodes * (r + 1) // rows) for r in range(rows)]


def _row_name(nodes: list[str], first: int, end: int) -> str:
    return nodes[first] if end - first == 1 else f"{nodes[first]} … {nodes[end - 1]}"


def _means(table: np.ndarray[Any, np.dtype[np.float32]]) -> tuple[float | None, ...]:
    """Column means of what is there."""
    there = ~np.isnan(table)
    sums = np.where(there, table, 0.0).sum(axis=0)
    counts = there.sum(axis=0)
    return tuple(
        round(float(total) / int(count), 4) if count else None
        for total, count in zip(sums, counts, strict=True)
    )
