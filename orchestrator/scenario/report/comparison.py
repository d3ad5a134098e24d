"""What differs between runs, as data: measures with their spread, settings, histories.

A column is one thing that is compared, with all its runs. Differences are to the first column.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev
from typing import Final

from msgspec import Struct

from orchestrator.scenario.report.model import Placing, Report, Spread
from orchestrator.scenario.report.page import parameters


class Column(Struct, frozen=True):
    """Runs of one thing, by the name that the user knows it by."""

    name: str
    runs: tuple[Report, ...]


class Difference(Struct, frozen=True):
    """To the first column. `percent` is None if that has 0; `within` says whether the two means lie
    no further apart than their deviations reach, None if nothing was repeated.
    """

    absolute: float
    percent: float | None
    within: bool | None


class Row(Struct, frozen=True):
    """A measure in each column, None where no run has it."""

    measure: str
    cells: tuple[Spread | None, ...]
    differences: tuple[Difference | None, ...]  # of all columns but the first


class Mismatch(Struct, frozen=True):
    """Something that is not the same in all columns, and what it is in each."""

    what: str
    values: tuple[str, ...]


class Parting(Struct, frozen=True):
    """How the history of a run went along with one of the first column.

    `revision` is the first sampled one at which the two differ, `last_equal` the last before it at
    which they do not: the histories part between them. None: no sample tells.
    """

    column: str
    seed: int
    first_seed: int
    equal: bool
    revision: int | None = None
    virtual_seconds: float | None = None
    last_equal: int | None = None


def columns_of(reports: Sequence[tuple[str, Report]]) -> tuple[Column, ...]:
    """Reports with the same name are runs of one thing."""
    found: dict[str, list[Report]] = {}
    for name, report in reports:
        found.setdefault(name, []).append(report)
    return tuple(Column(name, tuple(runs)) for name, runs in found.items())


def rows(columns: Sequence[Column], measures: Sequence[str] = ()) -> tuple[Row, ...]:
    """The measures that were asked for, or all of them in the order in which they are reported."""
    return tuple(_row(columns, name) for name in measures or measures_of(columns))


def measures_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """All measures that any run has."""
    names = (name for column in columns for run in column.runs for name in run.measures)
    return tuple(dict.fromkeys(names))


def differing_measures(columns: Sequence[Column], measures: Sequence[str] = ()) -> Iterator[str]:
    """Those of the measures, or of all, that are not the same in all columns."""
    for row in rows(columns, measures):
        first, *others = row.cells
        if any(other != first for other in others):
            yield row.measure


def spread_of(values: Sequence[float]) -> Spread | None:
    """Mean and deviation of the numbers among the values; a single one has no deviation."""
    known = [v for v in values if math.isfinite(v)]
    if not known:
        return None
    return Spread(
        mean=fmean(known),
        deviation=stdev(known) if len(known) > 1 else None,
        min=min(known),
        max=max(known),
    )


def _row(columns: Sequence[Column], measure: str) -> Row:
    cells = tuple(
        spread_of([run.measures[measure] for run in column.runs if measure in run.measures])
        for column in columns
    )
    first, *others = cells
    return Row(measure, cells, tuple(_difference(first, other) for other in others))


def _difference(first: Spread | None, other: Spread | None) -> Difference | None:
    if first is None or other is None:
        return None
    absolute = other.mean - first.mean
    percent = 100 * absolute / abs(first.mean) if first.mean else None
    deviations = [s.deviation for s in (first, other) if s.deviation is not None]
    within = abs(absolute) <= sum(deviations) if deviations else None
    return Difference(absolute, percent, within)


def mismatches(columns: Sequence[Column]) -> tuple[Mismatch, ...]:
    """What was not the same, so that nobody takes a difference for that of what was changed."""
    found = []
    for what, told in _SETTINGS.items():
        values = tuple(_several(told(run) for run in column.runs) for column in columns)
        if len(set(values)) > 1:
            found.append(Mismatch(what, values))
    return tuple(found)


def partings(columns: Sequence[Column]) -> tuple[Parting, ...]:
    """Each run's history beside that of the first column's run with its seed; if no seeds are
    equal, the first runs' histories.
    """
    if not columns:
        return ()
    first, *others = columns
    by_seed = {run.seed: run for run in reversed(first.runs)}
    found = [_parting(first.name, a, b) for a, b in _repeated(first)]
    for column in others:
        pairs = [(by_seed[run.seed], run) for run in column.runs if run.seed in by_seed]
        found += [
            _parting(column.name, a, b) for a, b in pairs or [(first.runs[0], column.runs[0])]
        ]
    return tuple(found)


def _repeated(column: Column) -> list[tuple[Report, Report]]:
    """Runs of one column with the same seed, which have to be equal."""
    runs = sorted(column.runs, key=lambda run: run.seed)
    same = (list(group) for _, group in groupby(runs, key=lambda run: run.seed))
    return [(group[0], other) for group in same for other in group[1:]]


def _parting(column: str, first: Report, other: Report) -> Parting:
    found = Parting(column, other.seed, first.seed, first.digest == other.digest)
    if found.equal:
        return found
    theirs = dict(zip(other.series.revisions, other.series.digests, strict=False))
    known = zip(
        first.series.revisions, first.series.digests, first.series.virtual_seconds, strict=False
    )
    last_equal = None
    for revision, digest, second in known:
        if revision not in theirs:
            continue
        if theirs[revision] != digest:
            return Parting(column, other.seed, first.seed, False, revision, second, last_equal)
        last_equal = revision
    return Parting(column, other.seed, first.seed, False, last_equal=last_equal)


def _several(values: Iterable[str]) -> str:
    return " | ".join(sorted(set(values), key=lambda text: (len(text), text)))


def _placing(placing: Placing) -> str:
    weights = ", ".join(f"{name} {weight}" for name, weight in placing.weights.items())
    files = ", ".join(f"{Path(name).name} {sha[:12]}" for name, sha in placing.files.items())
    return f"{placing.policy} ({weights}{files and f'; {files}'})"


_SETTINGS: Final[dict[str, Callable[[Report], str]]] = {
    "scenario": lambda run: run.scenario,
    "scenario file": lambda run: run.scenario_sha256[:12],
    "seed": lambda run: str(run.seed),
    "parameters": lambda run: parameters(run.parameters),
    "clock": lambda run: run.clock,
    "heartbeats": lambda run: run.heartbeats,
    "scheduler": lambda run: _placing(run.scheduler),
    "traced": lambda run: "yes" if run.traced else "no",
    "outcome": lambda run: run.outcome,
    "Python": lambda run: run.environment.python,
    "system": lambda run: run.environment.system,
    "machine": lambda run: f"{run.environment.machine}, {run.environment.cpus} CPUs",
    "packages": lambda run: parameters(run.environment.packages),
}
