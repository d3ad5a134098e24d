"""What commands write into a run's directory: the report, and its page while that is wanted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.errors import InputError

if TYPE_CHECKING:
    from orchestrator.scenario.report.model import Report, SweepReport


def usable(out: Path) -> None:
    """Make a directory: find out before a long run, not after it. Raises InputError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the directory {out}: {error.strerror}") from None


@contextmanager
def unfinished_is_no_report(out: Path | None) -> Iterator[None]:
    """A full disk is the user's to mend; what could not be written whole is not there."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}") from None


def write(report: "Report | SweepReport", out: Path, wants_page: Callable[[], bool]) -> list[Path]:
    """Write `report.json` and, if `wants_page` says so until it is drawn, `report.html`: both or
    neither, and without its page the report alone. Raises OSError.
    """
    from orchestrator.scenario.report.drawing import draw_while
    from orchestrator.scenario.report.writing import write_report, write_report_and_page

    page = draw_while(wants_page, lambda: page_of(report))
    if page is None:
        return [write_report(report, out)]
    return write_report_and_page(report, page, out)


def page_of(report: "Report | SweepReport") -> str:
    """The page of a run, or of a sweep."""
    from orchestrator.scenario.report.model import SweepReport

    if isinstance(report, SweepReport):
        from orchestrator.scenario.report.sweep_page import render_sweep

        return render_sweep(report)
    from orchestrator.scenario.report.html import render

    return render(report)


def tell(written: list[Path], *, page: bool) -> None:
    """Say what was written, and how a page that was asked for can still be had."""
    for path in written:
        click.echo(f"written {path}")
    if page and len(written) == 1:
        click.echo(f"its page is not drawn after Ctrl-C: orchestrator page {written[0].parent}")
