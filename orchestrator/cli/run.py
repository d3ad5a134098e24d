"""`orchestrator run`: a scenario from its file to its report."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from orchestrator.cli import logs
from orchestrator.cli.errors import InputError

if TYPE_CHECKING:
    from orchestrator.scenario import Report
    from orchestrator.scenario.runner import Progress as RunProgress

INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seed", type=int, help="Decides all that is chance; the scenario's own if absent.")
@click.option(
    "--clock", type=click.Choice(["virtual", "real"]), default="virtual", show_default=True
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A directory for report.json.",
)
@logs.option
def run(
    scenario: Path, seed: int | None, clock: Literal["virtual", "real"], out: Path | None
) -> None:
    """Run a benchmark SCENARIO.

    Exit code 0 if its expectations hold, 1 if not, 2 if the file is wrong, 130 after Ctrl-C.
    """
    # Late: `orchestrator --help` needs none of it.
    from orchestrator.scenario import ScenarioError, load, run_scenario, write_report
    from orchestrator.scenario.report import show

    try:
        loaded = load(scenario)
    except ScenarioError as error:
        raise InputError(str(error)) from None
    if out is not None:
        _usable(out)
    with _Bar() as bar:
        report = run_scenario(
            loaded,
            seed=seed,
            virtual=clock == "virtual",
            command=shlex.join(["orchestrator", *sys.argv[1:]]),
            on_progress=bar.show,
        )
    show(report, Console())
    if out is not None:
        try:
            path = write_report(report, out)
        except OSError as error:
            raise InputError(f"cannot write to {out}: {error.strerror}") from None
        click.echo(f"report  {path}")
    sys.exit(_exit_code(report))


def _usable(out: Path) -> None:
    """Find out before a long run, not after it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the directory {out}: {error.strerror}") from None


def _exit_code(report: "Report") -> int:
    return {"passed": 0, "failed": 1, "interrupted": INTERRUPTED}[report.outcome]


class _Bar:
    """The progress on a terminal: where the run is, its pods, its time."""

    def __enter__(self) -> "_Bar":
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("nodes", total=None, counts="")
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, now: "RunProgress") -> None:
        """Draw where the run is."""
        counts = (
            f"{now.pods_running:,} of {now.pods:,} pods running on {now.nodes:,} nodes, "
            f"{now.virtual_seconds:,.0f} s in {now.wall_seconds:,.1f} s"
        )
        self._progress.update(
            self._task,
            description=now.step,
            total=now.pods or None,
            completed=now.pods_running,
            counts=counts,
        )
