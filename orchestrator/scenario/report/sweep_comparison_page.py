"""The page that shows sweeps side by side: each measure over the settings, a line for each sweep."""

from collections.abc import Sequence

from orchestrator.scenario.report import wording
from orchestrator.scenario.report.comparison import measures_of, partings
from orchestrator.scenario.report.comparison_page import (
    SPREAD,
    difference_cells,
    mismatch_table,
    texts,
)
from orchestrator.scenario.report.main_measures import MAIN_MEASURES, telling
from orchestrator.scenario.report.markup import EMPTY, Html, element, join
from orchestrator.scenario.report.model import Spread, SweepCell
from orchestrator.scenario.report.page import Section, document, parameters, pictures, table
from orchestrator.scenario.report.plots.curves import over_parameter
from orchestrator.scenario.report.sweep_comparison import Pairing, cells_of, row_of
from orchestrator.scenario.report.sweep_page import axis_of, varied


def render_sweep_comparison(pairing: Pairing, measures: Sequence[str] = ()) -> str:
    """The page; differences are to the first sweep. `measures` are those of the tables: if none is
    named the main ones, and all the others folded.
    """
    title = " · ".join(pairing.names)
    head = join([element("h1", title), element("p", _counted(pairing), class_="note")])
    cells = tuple(cells_of(pairing, index) for index in range(len(pairing.names)))
    drawn = telling([cell for each in cells for cell in each])
    return document(
        f"Comparison: {title}",
        head,
        [
            Section("Settings that are not in all", _partial(pairing)),
            Section("Not the same", mismatch_table(pairing.columns)),
            Section("Measures over the settings", _pictures(pairing, cells, drawn), _note(cells)),
            Section("Measures", _tables(pairing, measures or tuple(drawn)), SPREAD),
            Section("Every measure", EMPTY if measures else _folded(pairing, drawn)),
            Section("Histories", _histories(pairing)),
            Section("Scenario", texts([(each.name, each.runs[0]) for each in pairing.columns])),
        ],
    )


def _counted(pairing: Pairing) -> str:
    runs = "; ".join(f"{each.name}: {len(each.runs):,} runs" for each in pairing.columns)
    return f"{len(pairing.settings):,} settings; {runs}"


def _partial(pairing: Pairing) -> Html:
    return table(
        ["setting", "only in"],
        ([setting, ", ".join(names)] for setting, names in pairing.partial),
        names=2,
    )


def _note(cells: Sequence[Sequence[SweepCell]]) -> str:
    what = "Means over the seeds; whiskers are their deviation."
    if axis_of(cells[0]) is None:
        what += " The settings stand in the order of the tables below."
    return what


def _pictures(
    pairing: Pairing, cells: Sequence[Sequence[SweepCell]], drawn: dict[str, str]
) -> Html:
    return pictures(
        over_parameter(
            measure,
            axis_of(cells[0]) or "setting",
            [
                (", ".join(part for part in (name, label) if part), points)
                for name, each in zip(pairing.names, cells, strict=True)
                for label, points in _lines(each, measure).items()
            ],
            f"sweeps{index}",
            title,
        )
        for index, (measure, title) in enumerate(drawn.items())
    )


def _lines(cells: Sequence[SweepCell], measure: str) -> dict[str, list[tuple[float, Spread]]]:
    """The points of a measure by the settings of the parameters that are not the axis'."""
    axis = axis_of(cells)
    lines: dict[str, list[tuple[float, Spread]]] = {}
    for number, cell in enumerate(cells, 1):
        spread = cell.measures.get(measure)
        if spread is None:
            continue
        if axis is None:
            lines.setdefault("", []).append((number, spread))
            continue
        others = {n: v for n, v in cell.parameters.items() if n in varied(cells) and n != axis}
        lines.setdefault(parameters(others), []).append((float(cell.parameters[axis]), spread))
    return {label: sorted(points, key=lambda p: p[0]) for label, points in lines.items()}


def _tables(pairing: Pairing, measures: Sequence[str]) -> Html:
    return join(
        join([element("h3", MAIN_MEASURES.get(name, name)), _table(pairing, name)])
        for name in measures
    )


def _folded(pairing: Pairing, shown: dict[str, str]) -> Html:
    names = [name for name in measures_of(pairing.columns) if name not in shown]
    summary = element("summary", f"{len(names)} more")
    return element("details", summary, _tables(pairing, names))


def _table(pairing: Pairing, measure: str) -> Html:
    first, *others = pairing.names
    headings = ["setting", first]
    for name in others:
        headings += [name, "difference", "", "spread"]
    lines = []
    for setting in pairing.settings:
        row = row_of(setting, measure)
        line = [setting.name, wording.spread(measure, row.cells[0])]
        for spread, difference in zip(row.cells[1:], row.differences, strict=True):
            line += [wording.spread(measure, spread), *difference_cells(measure, difference)]
        lines.append(line)
    return table(headings, lines)


def _histories(pairing: Pairing) -> Html:
    return table(
        ["setting", "history"],
        (
            [setting.name, wording.parting(parting, pairing.names[0])]
            for setting in pairing.settings
            for parting in partings(setting.columns)
        ),
        names=2,
    )
