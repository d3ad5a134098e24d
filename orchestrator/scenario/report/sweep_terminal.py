"""The summary of a sweep that a person reads on a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from orchestrator.scenario import units
from orchestrator.scenario.report import wording
from orchestrator.scenario.report.main_measures import telling, title_of
from orchestrator.scenario.report.model import SweepCell, SweepReport
from orchestrator.scenario.report.page import plain_value
from orchestrator.scenario.report.terminal import OUTCOME_STYLES

_ROOMY: Final = 10_000  # columns, in which any table has room
_LEAST_NAME: Final = 20  # columns, in which a measure's name can still be read
_MOST_FAILURES: Final = 20  # that are told one by one


def show(report: SweepReport, console: Console) -> None:
    """Print the summary: a line for each setting, then the runs that failed, and why."""
    heading = Text.assemble(
        (report.scenario, "bold"), ": ", (report.outcome, OUTCOME_STYLES[report.outcome])
    )
    console.print(heading)
    console.print(
        f"{len(report.runs):,} runs of {len(report.cells):,} settings in "
        f"{units.seconds(report.wall_seconds)}"
    )
    console.print()
    console.print("Mean ± deviation over the seeds")
    console.print(_settings(report, console))
    lost = [run for run in report.runs if run.outcome != "passed"]
    if lost:
        console.print()
    for run in lost[:_MOST_FAILURES]:
        why = run.error or run.reason or "interrupted before its end"
        told = f"failed: {why}" if run.outcome == "failed" else why
        console.print(Text(f"{run.directory}: {told}", style=OUTCOME_STYLES[run.outcome]))
    if len(lost) > _MOST_FAILURES:
        console.print(f"and {len(lost) - _MOST_FAILURES:,} more")


def _settings(report: SweepReport, console: Console) -> Table:
    """What is expected, and the main measures that differ: a line for each setting, or for each measure
    where that alone has room for all; else as many measures as there is room for. The report has all.
    """
    cells = report.cells
    names = list(telling(cells, report.expected))
    if _fits(_table(cells, names), console):
        return _table(cells, names)
    turned = _turned(cells, names)
    if (
        Measurement.get(console, console.options.update(width=_ROOMY), turned).minimum
        <= console.width
    ):
        return turned
    while len(names) > 1 and not _fits(_table(cells, names), console):
        names.pop()
    return _table(cells, names)


def _fits(table: Table, console: Console) -> bool:
    roomy = console.options.update(width=_ROOMY)
    return Measurement.get(console, roomy, table).maximum <= console.width


def _turned(cells: Sequence[SweepCell], names: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold", min_width=_LEAST_NAME)
    for cell in cells:
        setting = ", ".join(f"{name}={plain_value(v)}" for name, v in cell.parameters.items())
        table.add_column(Text(setting), justify="right", no_wrap=True)
    table.add_row("runs", *(f"{cell.runs:,}" for cell in cells))
    for name in names:
        spreads = (wording.spread(name, cell.measures.get(name)) for cell in cells)
        table.add_row(*map(Text, (title_of(name), *spreads)))
    return table


def _table(cells: Sequence[SweepCell], names: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    settings = dict.fromkeys(name for cell in cells for name in cell.parameters)
    for name in settings:
        table.add_column(Text(name), overflow="fold")
    table.add_column("runs", justify="right")
    for name in names:
        table.add_column(title_of(name), justify="right", overflow="fold")
    for cell in cells:
        setting = (plain_value(cell.parameters[name]) for name in settings)
        spreads = (wording.spread(name, cell.measures.get(name)) for name in names)
        table.add_row(*map(Text, (*setting, f"{cell.runs:,}", *spreads)))
    return table
