"""The page that shows runs side by side: what differs, by how much, and what that looked like."""

import math
from collections.abc import Callable, Iterable, Sequence
from difflib import unified_diff
from typing import Final

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import ApiCalls, Summary
from orchestrator.scenario.report import wording
from orchestrator.scenario.report.comparison import (
    Column,
    Difference,
    Row,
    columns_of,
    mismatches,
    partings,
    rows,
)
from orchestrator.scenario.report.html import LATENCIES
from orchestrator.scenario.report.markup import EMPTY, Html, element, join
from orchestrator.scenario.report.model import Report
from orchestrator.scenario.report.page import (
    MACHINE_CLOCK,
    Section,
    document,
    folded,
    pictures,
    table,
)
from orchestrator.scenario.report.plots.axes import TimeAxis, main_axis, time_axes
from orchestrator.scenario.report.plots.curves import Curve, curves, shared_span
from orchestrator.scenario.report.plots.distribution import cumulative
from orchestrator.scenario.report.plots.palette import colour
from orchestrator.scenario.report.plots.phases import most_pods, phases
from orchestrator.scenario.report.plots.throughput import highest_rate, throughput
from orchestrator.scenario.report.plots.utilisation import resources, utilisation

_CLOCKS: Final = ("virtual", "wall")
_CALLS: Final = 25
SPREAD: Final = (
    "Mean ± deviation where a column holds several runs. A difference is within the spread if the "
    "means lie no further apart than the deviations reach."
)
_FIRST: Final = "The first run of each column, with the same axes."


def render_comparison(
    reports: Sequence[tuple[str, Report]], measures: Sequence[str] = (), *, title: str = ""
) -> str:
    """The page; reports with the same name are runs of one thing, differences are to the first
    name. `measures` are those of the table, all if none is named.
    """
    columns = columns_of(reports)
    name = " · ".join(column.name for column in columns)
    runs = [(column.name, column.runs[0]) for column in columns]
    head = join(
        [
            element("h1", name),
            element("p", title) if title else EMPTY,
            element("p", _counted(columns), class_="note"),
        ]
    )
    return document(
        f"Comparison: {name}",
        head,
        [
            Section("Not the same", mismatch_table(columns)),
            Section("Histories", _histories(columns)),
            Section("Measures", _measures(columns, measures), SPREAD),
            Section("Pods running", _curves(columns, "podsRunning", "running")),
            Section("Pods by phase", _phases(runs), _FIRST),
            Section(
                "Throughput", _throughput(runs), f"{_FIRST} Means over equal parts of the time."
            ),
            Section("Latencies", _latencies(runs), "By the cluster's clock; first runs."),
            Section("Utilisation", _utilisation(runs), _FIRST),
            Section(
                "API calls", _calls(columns), "Mean count of calls, and p99 of the server's work."
            ),
            Section("Scenario", texts(runs)),
        ],
    )


def _counted(columns: Sequence[Column]) -> str:
    parts = []
    for column in columns:
        run = column.runs[0]
        count = len(column.runs)
        runs = "one run" if count == 1 else f"{count} runs"
        parts.append(f"{column.name}: {runs} of {run.scenario}")
    return "; ".join(parts)


def mismatch_table(columns: Sequence[Column]) -> Html:
    """What was not the same."""
    return table(
        ["", *(column.name for column in columns)],
        ([each.what, *each.values] for each in mismatches(columns)),
        names=len(columns) + 1,
    )


def _histories(columns: Sequence[Column]) -> Html:
    lines = [wording.parting(each, columns[0].name) for each in partings(columns)]
    return join(element("p", line) for line in lines)


def _measures(columns: Sequence[Column], measures: Sequence[str]) -> Html:
    first, *others = (column.name for column in columns)
    headings = ["measure", first]
    for name in others:
        headings += [name, "difference", "", "spread"]
    return table(headings, (_row(each) for each in rows(columns, measures)))


def _row(row: Row) -> list[str]:
    cells = [row.measure, wording.spread(row.measure, row.cells[0])]
    for spread, difference in zip(row.cells[1:], row.differences, strict=True):
        cells += [wording.spread(row.measure, spread), *difference_cells(row.measure, difference)]
    return cells


def difference_cells(measure: str, found: Difference | None) -> list[str]:
    """A difference as three cells of a table; one beyond the spread stands out."""
    absolute, share, within = wording.difference(measure, found)
    beyond = found is not None and found.within is False
    return [absolute, share, element("b", within, class_="wait") if beyond else within]


def _curves(columns: Sequence[Column], column: str, name: str) -> Html:
    runs = [
        Curve(each.name, colour(index), run.series)
        for index, each in enumerate(columns)
        for run in each.runs
    ]
    return _by_clock(
        lambda clock: [curves(f"By the {clock} clock", runs, f"{name}-{clock}", clock, column)]
    )


def _by_clock(cards: Callable[[str], Iterable[Html]]) -> Html:
    """The pictures by the cluster's clock; those by this machine's behind a fold, if there are others."""
    first, by_wall = (pictures(cards(clock)) for clock in _CLOCKS)
    return join([first, folded(MACHINE_CLOCK, by_wall)]) if first else by_wall


def _shared(runs: Sequence[tuple[str, Report]], clock: str) -> list[tuple[str, Report, TimeAxis]]:
    return [
        (name, run, axis)
        for name, run in runs
        for axis in time_axes(run.series, real=run.clock == "real")
        if axis.clock == clock
    ]


def _phases(runs: Sequence[tuple[str, Report]]) -> Html:
    def cards(clock: str) -> Iterable[Html]:
        known = _shared(runs, clock)
        span = shared_span([axis for *_, axis in known]) if known else None
        top = max((most_pods(run.series) for _, run, _ in known), default=0.0) * 1.05
        return (
            phases(run.series, axis, f"phases-{clock}{i}", title=name, span=span, top=top)
            for i, (name, run, axis) in enumerate(known)
        )

    return _by_clock(cards)


def _throughput(runs: Sequence[tuple[str, Report]]) -> Html:
    def cards(clock: str) -> Iterable[Html]:
        known = _shared(runs, clock)
        span = shared_span([axis for *_, axis in known]) if known else None
        top = max((highest_rate(run.series, axis) for _, run, axis in known), default=0.0)
        return (
            throughput(run.series, axis, f"rate-{clock}{i}", title=name, span=span, top=top)
            for i, (name, run, axis) in enumerate(known)
        )

    return _by_clock(cards)


def _latencies(runs: Sequence[tuple[str, Report]]) -> Html:
    names = dict.fromkeys(name for _, run in runs for name in run.latencies)
    return pictures(
        cumulative(
            LATENCIES.get(latency, latency),
            [
                (name, colour(i), run.latencies.get(latency, Summary()))
                for i, (name, run) in enumerate(runs)
            ],
            f"latency{number}",
        )
        for number, latency in enumerate(names)
    )


def _utilisation(runs: Sequence[tuple[str, Report]]) -> Html:
    known = [(n, r, a) for n, r in runs if (a := main_axis(r.series, real=r.clock == "real"))]
    if len({axis.clock for *_, axis in known}) > 1:  # one clock for all, so that they compare
        known = _shared(runs, "wall")
    if not known:
        return EMPTY
    span = shared_span([axis for *_, axis in known])
    names = dict.fromkeys(resource for _, run, _ in known for resource in resources(run.series))
    return pictures(
        utilisation(
            run.series, axis, resource, f"use{i}-{k}", title=f"{resource}: {name}", span=span
        )
        for k, resource in enumerate(names)
        for i, (name, run, axis) in enumerate(known)
        if resource in resources(run.series)
    )


def _calls(columns: Sequence[Column]) -> Html:
    found = [_called(column) for column in columns]
    keys = dict.fromkeys(key for each in found for key in each)
    most = sorted(keys, key=lambda k: (-max(each.get(k, (0.0, 0.0))[0] for each in found), k))
    headings = ["verb", "resource"]
    for column in columns:
        headings += [f"{column.name}: calls", "work p99"]
    lines = []
    for verb, resource in most[:_CALLS]:
        line = [verb, resource]
        for each in found:
            count, work = each.get((verb, resource), (0.0, math.nan))
            line += [units.number(count), units.seconds(work)]
        lines.append(line)
    return table(headings, lines, names=2)


def _called(column: Column) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean count of a verb's calls on a resource, and mean p99 of the work on them."""
    groups: dict[tuple[str, str], list[ApiCalls]] = {}
    for run in column.runs:
        for call in run.api_calls:
            groups.setdefault((call.verb, call.resource), []).append(call)
    return {
        key: (
            sum(c.count for c in calls) / len(column.runs),
            sum(c.work_seconds.p99 for c in calls) / len(calls),
        )
        for key, calls in groups.items()
    }


def texts(runs: Sequence[tuple[str, Report]]) -> Html:
    """The first scenario's text, and how the others differ from it."""
    (name, first), *others = runs
    parts = [element("pre", first.text, class_="long")] if first.text else []
    for other, run in others:
        lines = list(
            unified_diff(first.text.splitlines(), run.text.splitlines(), name, other, lineterm="")
        )
        if lines:
            parts.append(element("h3", f"{other} differs"))
            parts.append(element("pre", "\n".join(lines), class_="long"))
    return join(parts)
