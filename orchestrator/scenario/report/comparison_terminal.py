"""What a comparison found, on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.scenario.report import wording
from orchestrator.scenario.report.comparison import Column, Row, mismatches, partings, rows
from orchestrator.scenario.report.main_measures import MAIN_MEASURES, telling
from orchestrator.scenario.report.sweep_comparison import Pairing, cells_of, row_of


def show_columns(columns: Sequence[Column], measures: Sequence[str], console: Console) -> None:
    """Runs of several things: what was not the same, where histories part, and the measures, all if
    none is named.
    """
    _show_mismatches(columns, console)
    for parting in partings(columns):
        style = "green" if parting.equal else ""
        console.print(Text(wording.parting(parting, columns[0].name), style))
    console.print()
    table = _table("measure", columns)
    for row in rows(columns, measures):
        table.add_row(Text(row.measure), *_cells(row))
    console.print(table)


def show_pairing(pairing: Pairing, measures: Sequence[str], console: Console) -> None:
    """Sweeps: what was not the same, how many histories are equal, and a table for each measure, the
    main ones that differ if none is named.
    """
    _show_mismatches(pairing.columns, console)
    for setting in pairing.settings:
        equal = [parting.equal for parting in partings(setting.columns)]
        style = "green" if all(equal) else ""
        told = f"{setting.name}: {sum(equal):,} of {len(equal):,} histories are equal"
        console.print(Text(told, style))
    cells = [c for index in range(len(pairing.names)) for c in cells_of(pairing, index)]
    for measure in measures or telling(cells):
        console.print()
        table = _table(MAIN_MEASURES.get(measure, measure), pairing.columns)
        for setting in pairing.settings:
            table.add_row(Text(setting.name), *_cells(row_of(setting, measure)))
        console.print(table)


def _show_mismatches(columns: Sequence[Column], console: Console) -> None:
    for mismatch in mismatches(columns):
        values = "; ".join(
            f"{c.name}: {value}" for c, value in zip(columns, mismatch.values, strict=True)
        )
        console.print(Text.assemble((f"not the same {mismatch.what}  ", "yellow"), values))


def _table(first: str, columns: Sequence[Column]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(Text(first), overflow="fold")
    for number, column in enumerate(columns):
        runs = f" ({len(column.runs)} runs)" if len(column.runs) > 1 else ""
        table.add_column(Text(column.name + runs), justify="right", overflow="fold")
        if number:
            table.add_column("difference", justify="right", overflow="fold")
            table.add_column("", justify="right", overflow="fold")
            table.add_column("spread", overflow="fold")
    return table


def _cells(row: Row) -> list[Text]:
    cells = [Text(wording.spread(row.measure, row.cells[0]))]
    for spread, difference in zip(row.cells[1:], row.differences, strict=True):
        absolute, share, within = wording.difference(row.measure, difference)
        style = "yellow" if difference is not None and difference.within is False else ""
        cells += [Text(wording.spread(row.measure, spread)), Text(absolute), Text(share)]
        cells.append(Text(within, style))
    return cells
