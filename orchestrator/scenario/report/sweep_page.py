"""The page of a sweep: each measure over the settings, with its spread over the seeds."""

import math
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from orchestrator.scenario import units
from orchestrator.scenario.report import wording
from orchestrator.scenario.report.main_measures import BY_WALL, MAIN_MEASURES, telling
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
    folded,
    heading,
    headline,
    parameters,
    pictures,
    plain_value,
    table,
)
from orchestrator.scenario.report.plots.curves import as_bars, over_parameter

_ROOM: Final = 44  # letters below a picture


def render_sweep(report: SweepReport) -> str:
    """The page: one file that needs nothing else but the runs' own pages, which it links to."""
    head = join([heading(report.scenario, report.description, report.outcome), _headline(report)])
    about = fields(environment(report.environment))
    return document(
        f"{report.scenario}, sweep: {report.outcome}",
        head,
        [
            Section("Runs that did not pass", _failures(report.runs)),
            Section("Measures over the settings", _pictures(report), _drawn_note(report)),
            Section("Settings", _settings(report), "Mean ± deviation over the seeds."),
            Section("Runs", _runs(report.runs), "Each has a page of its own."),
            Section(
                "Scenario", element("pre", report.text, class_="long") if report.text else EMPTY
            ),
            Section("Repeat it", join([element("pre", report.command), about])),
        ],
    )


def _headline(report: SweepReport) -> Html:
    outcomes = [run.outcome for run in report.runs]
    others = [f"{n:,} {o}" for o in ("failed", "interrupted") if (n := outcomes.count(o))]
    settings = units.number(len(report.cells))
    return headline(
        [
            ("settings", settings, ""),
            ("runs", units.number(len(report.runs)), ", ".join(others) or "all passed"),
            ("wall time", units.seconds(report.wall_seconds), "of all, side by side"),
        ]
    )


def _failures(runs: Sequence[SweepRun]) -> Html:
    lines = [
        [_link(run), str(run.seed), run.outcome, run.error or run.reason]
        for run in runs
        if run.outcome != "passed"
    ]
    return table(["setting", "seed", "outcome", "why"], lines, names=4)


# --- the settings ----------------------------------------------------------------------------


def varied(cells: Sequence[SweepCell]) -> tuple[str, ...]:
    """The parameters that are not the same in all cells."""
    names = dict.fromkeys(name for cell in cells for name in cell.parameters)
    return tuple(n for n in names if len({_text(cell, n) for cell in cells}) > 1)


def _text(cell: SweepCell, name: str) -> str:
    return plain_value(cell.parameters[name]) if name in cell.parameters else units.NONE


def axis_of(cells: Sequence[SweepCell]) -> str | None:
    """The varied parameter to draw over: the numeric one with the most values."""
    numeric = [n for n in varied(cells) if all(_is_number(c.parameters.get(n)) for c in cells)]
    return max(numeric, key=lambda n: len({_text(c, n) for c in cells}), default=None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pictures(report: SweepReport) -> Html:
    cells = report.cells
    if len(cells) < 2:
        return EMPTY
    axis = axis_of(cells)
    parts, by_wall = list[Html](), list[Html]()
    for index, (measure, title) in enumerate(telling(cells, report.expected).items()):
        known = [(c, s) for c in cells if (s := c.measures.get(measure))]
        name = f"sweep{index}"
        into = by_wall if measure in BY_WALL and measure not in report.expected else parts
        if axis is None:
            bars = [c.measures.get(measure) for c in cells]
            named = list(zip(_labels(cells), bars, strict=True))
            into.append(as_bars(measure, named, name, title))
            continue
        lines: dict[str, list[tuple[float, Spread]]] = {}
        for cell, spread in known:
            others = {n: v for n, v in cell.parameters.items() if n in varied(cells) and n != axis}
            lines.setdefault(parameters(others), []).append((float(cell.parameters[axis]), spread))
        ordered = [(label, sorted(points, key=lambda p: p[0])) for label, points in lines.items()]
        into.append(over_parameter(measure, axis, ordered, name, title))
    return join([pictures(parts), folded("What it cost on this machine", pictures(by_wall))])


def _labels(cells: Sequence[SweepCell]) -> list[str]:
    """What stands below the settings' bars: what they are if there is room, or else their numbers."""
    if _has_room(cells):
        return _names(cells)
    return [str(number) for number in range(1, len(cells) + 1)]


def _has_room(cells: Sequence[SweepCell]) -> bool:
    return sum(map(len, _names(cells))) <= _ROOM


def _names(cells: Sequence[SweepCell]) -> list[str]:
    return [", ".join(_text(cell, name) for name in varied(cells)) for cell in cells]


def _drawn_note(report: SweepReport) -> str:
    cells = report.cells
    what = "Means over the seeds; whiskers are their deviation."
    if report.expected:
        what += " What the scenario expects something of comes first."
    if axis_of(cells) is None and not _has_room(cells):
        what += " Numbered as the settings below."
    drawn = telling(cells, report.expected)
    equal = [
        f"{title} ({units.of_measure(name, spread.mean)})"
        for name, title in MAIN_MEASURES.items()
        if name not in drawn and (spread := cells[0].measures.get(name)) is not None
    ]
    return f"{what} The same in all settings: {', '.join(equal)}." if equal else what


def _settings(report: SweepReport) -> Html:
    cells = report.cells
    if not cells:
        return EMPTY
    shown = varied(cells)
    drawn = telling(cells, report.expected)
    lines = [
        [
            str(number),
            *(_text(cell, name) for name in shown),
            units.number(cell.runs),
            *(wording.spread(name, cell.measures.get(name)) for name in drawn),
        ]
        for number, cell in enumerate(cells, 1)
    ]
    main = table(["", *shown, "runs", *drawn.values()], lines, names=len(shown) + 1)
    every = element("summary", "Every measure")
    return join([main, element("details", every, _every_measure(cells))])


def _every_measure(cells: Sequence[SweepCell]) -> Html:
    names = dict.fromkeys(name for cell in cells for name in cell.measures)
    shown = varied(cells)
    headings = [", ".join(f"{n}={_text(cell, n)}" for n in shown) or "all runs" for cell in cells]
    lines = [
        [name, *(wording.spread(name, cell.measures.get(name)) for cell in cells)] for name in names
    ]
    return table(["measure", *headings], lines)


def _runs(runs: Sequence[SweepRun]) -> Html:
    return table(
        ["setting", "outcome", "seed", "digest"],
        (
            [_link(run), run.error or run.outcome, str(run.seed), run.digest[:12] or units.NONE]
            for run in runs
        ),
        names=2,
    )


def _link(run: SweepRun) -> Html | str:
    text = parameters(run.parameters) or "the scenario's own"
    if run.error:
        return text
    return element("a", text, href=f"./{quote(run.directory)}/{HTML_FILE}")
