"""`orchestrator compare`: what differs between runs, on the terminal and as a page."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from orchestrator.cli.errors import InputError, need_plots
from orchestrator.cli.terminal import output

if TYPE_CHECKING:
    from orchestrator.scenario.report.comparison import Column
    from orchestrator.scenario.report.reading import Runs
    from orchestrator.scenario.report.sweep_comparison import Pairing


@click.command()
@click.argument("places", metavar="A B...", nargs=-1, required=True)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME",
    help="Compare this measure only; may be repeated.",
)
@click.option("--differing", is_flag=True, help="Show the measures only that differ.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Draw the comparison as a page, too.",
)
def compare(
    places: tuple[str, ...], measures: tuple[str, ...], differing: bool, out: Path | None
) -> None:
    """Compare the reports of runs; differences are to the first.

    Each of A, B, ... is a run's directory or its report.json, a directory that holds several runs'
    directories or a quoted pattern ('runs/a-*'), which are repeated runs of one thing, or a sweep,
    each setting of which is a column. Several runs show as mean ± deviation. If all are sweeps, their
    equal settings stand next to each other.

    Exit code 0, or 2 if something is no report.
    """
    if out is not None:
        need_plots("--out")
    # Late: `orchestrator --help` needs none of it.
    from orchestrator.scenario.report.comparison import differing_measures, measures_of
    from orchestrator.scenario.report.comparison_terminal import show_columns, show_pairing
    from orchestrator.scenario.report.reading import ReportError, read_runs

    try:
        found = [(place, read_runs(place)) for place in places]
    except ReportError as error:
        raise InputError(str(error)) from None
    named = list(zip(names(places), (runs for _, runs in found), strict=True))
    columns = _columns(named)
    known = measures_of(columns)
    for measure in measures:
        if measure not in known:
            near = get_close_matches(measure, known, 1, 0)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise InputError(f'no run has a measure "{measure}"{hint}')
    if sum(len(column.runs) for column in columns) < 2:
        raise InputError(f"comparing needs two: {places[0]} is one run; name another beside it")
    console = output()
    if differing:
        measures = tuple(differing_measures(columns, measures))
        if not measures:
            console.print("no measure differs")
            return
    for place, each in found:
        for lost in (line for runs in each for line in runs.lost):
            console.print(Text(f"{place}: not counted: {lost}", "yellow"))
    pairing = _pairing(named)
    if pairing is not None:
        for setting, having in pairing.partial:
            console.print(Text(f"{setting}: only in {', '.join(having)}", "yellow"))
    if pairing is not None and pairing.settings:
        show_pairing(pairing, measures, console)
    else:
        show_columns(columns, measures, console)
    if out is not None:
        _draw(columns, pairing, measures, out)
        click.echo(f"written {out}")


def _pairing(named: "Sequence[tuple[str, tuple[Runs, ...]]]") -> "Pairing | None":
    """The sweeps paired, if there are several and nothing else."""
    from orchestrator.scenario.report.sweep_comparison import pair

    sweeps = all(runs.setting for _, cells in named for runs in cells)
    return pair(named) if len(named) > 1 and sweeps else None


def _columns(named: "Sequence[tuple[str, tuple[Runs, ...]]]") -> "tuple[Column, ...]":
    """A column for each place; for each setting if the place is a sweep."""
    from orchestrator.scenario.report.comparison import Column

    return tuple(
        Column(f"{name} {runs.setting}" if len(cells) > 1 else name, runs.reports)
        for name, cells in named
        for runs in cells
        if runs.reports
    )


def names(places: Sequence[str]) -> list[str]:
    """Each place by its last parts, as many as tell the places apart; equal ones are numbered."""
    parts = []
    for place in places:
        path = Path(place)
        parts.append((path.parent if path.suffix == ".json" else path).parts or (place,))
    paths = [str(Path(*each)) for each in parts]
    longest = max(len(each) for each in parts)
    for length in range(1, longest):
        short = ["/".join(each[-length:]) for each in parts]
        if len(set(short)) == len(set(parts)):
            paths = short
            break
    before = [paths[:number].count(path) for number, path in enumerate(paths)]
    return [f"{p} ({n + 1})" if n else p for p, n in zip(paths, before, strict=True)]


def _draw(
    columns: "Sequence[Column]", pairing: "Pairing | None", measures: Sequence[str], out: Path
) -> None:
    from orchestrator.scenario.report.comparison_page import render_comparison
    from orchestrator.scenario.report.sweep_comparison_page import render_sweep_comparison
    from orchestrator.scenario.report.writing import write_whole

    if pairing is not None and pairing.settings:
        page = render_sweep_comparison(pairing, measures).encode()
    else:
        reports = [(column.name, run) for column in columns for run in column.runs]
        page = render_comparison(reports, measures).encode()
    try:
        write_whole(out, (page,))
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None
