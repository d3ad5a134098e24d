"""`orchestrator compare`: what differs between runs, on the terminal and as a page."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.cli.errors import InputError
from orchestrator.cli.terminal import output

if TYPE_CHECKING:
    from orchestrator.scenario.report.comparison import Column, Row
    from orchestrator.scenario.report.reading import Runs


@click.command()
@click.argument("places", metavar="A B...", nargs=-1, required=True)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME",
    help="Compare this measure only; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Draw the comparison as a page, too.",
)
def compare(places: tuple[str, ...], measures: tuple[str, ...], out: Path | None) -> None:
    """Compare the reports of runs; differences are to the first.

    Each of A, B, ... is a run's directory or its report.json, a directory that holds several runs'
    directories or a quoted pattern ('runs/a-*'), which are repeated runs of one thing, or a sweep,
    each setting of which is a column. Several runs show as mean ± deviation.

    Exit code 0, or 2 if something is no report.
    """
    # Late: `orchestrator --help` needs none of it.
    from orchestrator.scenario.report.comparison import measures_of
    from orchestrator.scenario.report.reading import ReportError, read_runs

    try:
        found = [(place, read_runs(place)) for place in places]
    except ReportError as error:
        raise InputError(str(error)) from None
    columns = _columns(found)
    known = measures_of(columns)
    for measure in measures:
        if measure not in known:
            near = get_close_matches(measure, known, 1, 0)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise InputError(f'no run has a measure "{measure}"{hint}')
    _show(columns, measures, found, output())
    if out is not None:
        _draw(columns, measures, out)
        click.echo(f"written {out}")


def _columns(found: Sequence[tuple[str, "tuple[Runs, ...]"]]) -> "tuple[Column, ...]":
    """A column for each place; for each setting if the place is a sweep. Names are unique."""
    from orchestrator.scenario.report.comparison import Column

    columns: dict[str, Column] = {}
    for place, name in zip(found, names([place for place, _ in found]), strict=True):
        for runs in place[1]:
            wanted = f"{name} {runs.setting}" if len(place[1]) > 1 else name
            unique, number = wanted, 1
            while unique in columns:
                number += 1
                unique = f"{wanted} ({number})"
            columns[unique] = Column(unique, runs.reports)
    return tuple(columns.values())


def names(places: Sequence[str]) -> list[str]:
    """Each place by its last parts, as many as tell the places apart."""
    parts = []
    for place in places:
        path = Path(place)
        parts.append((path.parent if path.suffix == ".json" else path).parts or (place,))
    longest = max(len(each) for each in parts)
    for length in range(1, longest):
        short = ["/".join(each[-length:]) for each in parts]
        if len(set(short)) == len(set(parts)):
            return short
    return [str(Path(*each)) for each in parts]


def _show(
    columns: "Sequence[Column]",
    measures: Sequence[str],
    found: Sequence[tuple[str, "tuple[Runs, ...]"]],
    console: Console,
) -> None:
    from orchestrator.scenario.report import wording
    from orchestrator.scenario.report.comparison import mismatches, partings, rows

    for place, each in found:
        for lost in (line for runs in each for line in runs.lost):
            console.print(Text(f"{place}: no report of {lost}", "yellow"))
    for mismatch in mismatches(columns):
        values = "; ".join(
            f"{c.name}: {value}" for c, value in zip(columns, mismatch.values, strict=True)
        )
        console.print(Text.assemble((f"not the same {mismatch.what}  ", "yellow"), values))
    for parting in partings(columns):
        style = "green" if parting.equal else ""
        console.print(Text(wording.parting(parting, columns[0].name), style))
    console.print()
    console.print(_table(columns, rows(columns, measures)))


def _table(columns: "Sequence[Column]", rows: "Sequence[Row]") -> Table:
    from orchestrator.scenario.report import wording

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("measure", overflow="fold")
    for number, column in enumerate(columns):
        runs = f" ({len(column.runs)} runs)" if len(column.runs) > 1 else ""
        table.add_column(Text(column.name + runs), justify="right", overflow="fold")
        if number:
            table.add_column("difference", justify="right", overflow="fold")
            table.add_column("", justify="right", overflow="fold")
            table.add_column("spread", overflow="fold")
    for row in rows:
        cells = [Text(row.measure), Text(wording.spread(row.measure, row.cells[0]))]
        for spread, difference in zip(row.cells[1:], row.differences, strict=True):
            absolute, share, within = wording.difference(row.measure, difference)
            style = "yellow" if difference is not None and difference.within is False else ""
            cells += [Text(wording.spread(row.measure, spread)), Text(absolute), Text(share)]
            cells.append(Text(within, style))
        table.add_row(*cells)
    return table


def _draw(columns: "Sequence[Column]", measures: Sequence[str], out: Path) -> None:
    from orchestrator.scenario.report.comparison_page import render_comparison
    from orchestrator.scenario.report.writing import write_whole

    reports = [(column.name, run) for column in columns for run in column.runs]
    page = render_comparison(reports, measures).encode()
    try:
        write_whole(out, (page,))
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None
