"""The page of a sweep: each measure over the settings, with its spread over the seeds."""

import math
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from orchestrator.scenario.report import units, wording
from orchestrator.scenario.report.markup import EMPTY, Html, element, join
from orchestrator.scenario.report.model import (
    HTML_FILE,
    Spread,
    SweepCell,
    SweepReport,
    SweepRun,
)
from orchestrator.scenario.report.page import (
    Section,
    document,
    environment,
    fields,
    heading,
    headline,
    parameters,
    pictures,
    plain_value,
    table,
)
from orchestrator.scenario.report.plots.curves import as_bars, over_parameter

_DRAWN: Final = (
    "wallSeconds",
    "virtualSeconds",
    "podsPerSecond",
    "podStartSecondsP99",
    "schedulingSecondsP99",
    "apiCallSecondsP99",
    "longestPauseSeconds",
    "writesPerPod",
    "messages",
    "revisions",
    "peakRssBytes",
    "podsRunning",
)
"""What people look at first; the table has every measure."""


def render_sweep(report: SweepReport) -> str:
    """The page: one file that needs nothing else but the runs' own pages, which it links to."""
    head = join([heading(report.scenario, report.description, report.outcome), _headline(report)])
    about = fields(environment(report.environment))
    return document(
        f"{report.scenario}, sweep: {report.outcome}",
        head,
        [
            Section("Measures over the settings", _pictures(report.cells), _drawn_note(report)),
            Section("Settings", _settings(report.cells), "Mean ± deviation over the seeds."),
            Section("Runs", _runs(report)),
            Section(
                "Scenario", element("pre", report.text, class_="long") if report.text else EMPTY
            ),
            Section("Repeat it", join([element("pre", report.command), about])),
        ],
    )


def _headline(report: SweepReport) -> Html:
    lost = sum(bool(run.error) for run in report.runs)
    return headline(
        [
            ("settings", units.number(len(report.cells)), ""),
            ("runs", units.number(len(report.runs)), f"{lost:,} without a report" if lost else ""),
            ("wall time", units.seconds(report.wall_seconds), "of all, side by side"),
        ]
    )


def varied(cells: Sequence[SweepCell]) -> tuple[str, ...]:
    """The parameters that are not the same in all cells."""
    names = dict.fromkeys(name for cell in cells for name in cell.parameters)
    return tuple(n for n in names if len({_text(cell, n) for cell in cells}) > 1)


def _text(cell: SweepCell, name: str) -> str:
    return plain_value(cell.parameters[name]) if name in cell.parameters else units.NONE


def _axis(cells: Sequence[SweepCell]) -> str | None:
    """The varied parameter to draw over: the numeric one with the most values."""
    numeric = [n for n in varied(cells) if all(_is_number(c.parameters.get(n)) for c in cells)]
    return max(numeric, key=lambda n: len({_text(c, n) for c in cells}), default=None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pictures(cells: Sequence[SweepCell]) -> Html:
    if len(cells) < 2:
        return EMPTY
    axis = _axis(cells)
    parts = []
    for index, measure in enumerate(_DRAWN):
        known = [(c, s) for c in cells if (s := _known(c.measures.get(measure)))]
        if not known:
            continue
        name = f"sweep{index}"
        if axis is None:
            parts.append(as_bars(measure, [(parameters(c.parameters), s) for c, s in known], name))
            continue
        lines: dict[str, list[tuple[float, Spread]]] = {}
        for cell, spread in known:
            others = {n: v for n, v in cell.parameters.items() if n in varied(cells) and n != axis}
            lines.setdefault(parameters(others), []).append((float(cell.parameters[axis]), spread))
        ordered = [(label, sorted(points, key=lambda p: p[0])) for label, points in lines.items()]
        parts.append(over_parameter(measure, axis, ordered, name))
    return pictures(parts)


def _known(spread: Spread | None) -> Spread | None:
    """With a deviation that can be drawn; None if there is no mean."""
    if spread is None or not math.isfinite(spread.mean):
        return None
    deviation = (
        spread.deviation if spread.deviation >= 0 and math.isfinite(spread.deviation) else 0.0
    )
    return Spread(mean=spread.mean, deviation=deviation, min=spread.min, max=spread.max)


def _drawn_note(report: SweepReport) -> str:
    if _axis(report.cells) is None:
        return "Numbered in the order of the settings below; whiskers are the deviation over the seeds."
    return "Whiskers are the deviation over the seeds."


def _settings(cells: Sequence[SweepCell]) -> Html:
    names = dict.fromkeys(name for cell in cells for name in cell.measures)
    shown = varied(cells)
    headings = [", ".join(f"{n}={_text(cell, n)}" for n in shown) or "all runs" for cell in cells]
    counts = ["runs", *(units.number(cell.runs) for cell in cells)]
    lines = [
        [name, *(wording.spread(name, cell.measures.get(name)) for cell in cells)] for name in names
    ]
    return table(["measure", *headings], [counts, *lines]) if cells else EMPTY


def _runs(report: SweepReport) -> Html:
    return table(
        ["parameters", "outcome", "seed", "digest"],
        (
            [_link(run), run.error or run.outcome, str(run.seed), run.digest[:12] or units.NONE]
            for run in report.runs
        ),
        names=2,
    )


def _link(run: SweepRun) -> Html | str:
    text = parameters(run.parameters) or "no parameters"
    if run.error:
        return text
    return element("a", text, href=f"./{quote(run.directory)}/{HTML_FILE}")
