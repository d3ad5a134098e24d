"""`orchestrator page`: draws the page of a report that has none."""

from pathlib import Path

import click

from orchestrator.cli import writing
from orchestrator.cli.errors import InputError, need_plots


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
def page(directory: Path) -> None:
    """Draw report.html beside the report.json in DIRECTORY, of a run or of a sweep: after Ctrl-C, or --no-page.

    Exit code 0, or 2 if there is no report, or no room for the page.
    """
    need_plots("page")
    # Late: `orchestrator --help` needs none of it.
    from orchestrator.scenario.report.model import HTML_FILE
    from orchestrator.scenario.report.reading import ReportError, read_report
    from orchestrator.scenario.report.writing import write_whole

    try:
        report = read_report(directory)
    except ReportError as error:
        raise InputError(str(error)) from None
    folder = directory if directory.is_dir() else directory.parent
    text = writing.page_of(report)
    with writing.unfinished_is_no_report(folder):
        click.echo(f"written {write_whole(folder / HTML_FILE, (text.encode(),))}")
