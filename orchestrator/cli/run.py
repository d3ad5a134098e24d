"""`orchestrator run`: a scenario from its file to its report."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from orchestrator.cli import logs, sweeping
from orchestrator.cli.errors import INTERRUPTED, InputError, need_plots
from orchestrator.cli.settings import settings_of
from orchestrator.cli.terminal import output

if TYPE_CHECKING:
    from actors import Trace
    from orchestrator.scenario import Report
    from orchestrator.scenario.causes import ObjectName
    from orchestrator.scenario.running.runner import Progress as RunProgress

CAUSES_FILE: Final = "causes.html"
_EXIT_CODES: Final = {"passed": 0, "failed": 1, "interrupted": INTERRUPTED}


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seed", type=int, help="Decides all that is chance; the scenario's own if absent.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give a parameter of the scenario another value; may be repeated.",
)
@click.option(
    "--clock", type=click.Choice(["virtual", "real"]), default="virtual", show_default=True
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A directory for report.json and report.html.",
)
@click.option("--no-page", is_flag=True, help="With --out: report.json alone, without its page.")
@click.option("--events", is_flag=True, help="Write the whole history to events.jsonl, too.")
@click.option(
    "--trace-causes",
    "traced",
    metavar="KIND/[NAMESPACE/]NAME",
    help="Show all that followed from one object's creation; with --out, draw it as causes.html.",
)
@logs.option
def run(
    scenario: Path,
    seed: int | None,
    settings: tuple[str, ...],
    clock: Literal["virtual", "real"],
    out: Path | None,
    no_page: bool,
    events: bool,
    traced: str | None,
) -> None:
    """Run a benchmark SCENARIO, a file or the name of a shipped one such as density; one with a sweep for every setting and seed, side by side.

    Exit code 0 if its expectations hold, 1 if not, 2 if the file is wrong, 130 after Ctrl-C.
    """
    # Late: `orchestrator --help` needs none of it.
    from orchestrator.scenario import ScenarioError, load, run_scenario
    from orchestrator.scenario.causes import parse_object
    from orchestrator.scenario.report.terminal import show
    from orchestrator.scenario.running.interruption import at_first_ctrl_c
    from orchestrator.scenario.shipped import find_scenario, propose

    scenario = find_scenario(scenario)
    if not scenario.exists():
        raise InputError(f"{scenario}: cannot be read: there is no such file{propose(scenario)}")
    parameters = settings_of(settings)
    if events and out is None:
        raise InputError("--events needs --out, a directory to write to")
    if out is not None and not no_page:
        need_plots("--out", "; --no-page writes report.json alone")
    command = shlex.join(["orchestrator", *sys.argv[1:]])
    plan = sweeping.find_sweep(scenario, parameters, seed)
    if plan is not None:
        if traced is not None:
            raise InputError("--trace-causes shows one run, and the scenario has a sweep")
        if out is not None:
            _usable(out)
        with _unfinished_is_no_report(out):
            outcome = sweeping.run_and_show(
                plan, clock, command, out, events=events, page=not no_page
            ).outcome
        sys.exit(_EXIT_CODES[outcome])
    traces: list[Trace] = []
    try:
        wanted = parse_object(traced) if traced is not None else None
        loaded = load(scenario, parameters)
    except (ScenarioError, ValueError) as error:
        raise InputError(str(error)) from None
    if out is not None:
        _usable(out)
    with _Bar() as bar, _unfinished_is_no_report(out):
        report = run_scenario(
            loaded,
            seed=seed,
            virtual=clock == "virtual",
            command=command,
            on_progress=bar.show,
            events=out if events else None,
            on_trace=traces.append if wanted is not None else None,
        )
    code = _EXIT_CODES[report.outcome]

    def interrupted() -> None:
        nonlocal code
        code = INTERRUPTED

    with at_first_ctrl_c(interrupted):  # what was reached is not lost now
        written = _write(report, out, page=not no_page) if out is not None else ()
        show(report, output())
        for path in written:
            click.echo(f"written {path}")
        if wanted is not None:
            _show_causes(traces[0], wanted, out)
    sys.exit(code)


def _show_causes(trace: "Trace", wanted: "ObjectName", out: Path | None) -> None:
    from orchestrator.scenario.causes import CausesError, describe, draw_causes
    from orchestrator.scenario.report.writing import write_whole

    try:
        if out is None:
            click.echo(f"\n{describe(trace, wanted)}")
        else:
            page = draw_causes(trace, wanted).encode()
            with _unfinished_is_no_report(out):
                written = write_whole(out / CAUSES_FILE, (page,))
            click.echo(f"written {written}")
    except CausesError as error:
        raise InputError(str(error)) from None


def _usable(out: Path) -> None:
    """Find out before a long run, not after it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the directory {out}: {error.strerror}") from None


@contextmanager
def _unfinished_is_no_report(out: Path | None) -> Iterator[None]:
    """A full disk is the user's to mend; what could not be written whole is not there."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}") from None


def _write(report: "Report", out: Path, *, page: bool) -> list[Path]:
    """Both files, or neither; without a page one."""
    from orchestrator.scenario.report.writing import write_report, write_report_and_page

    if not page:
        with _unfinished_is_no_report(out):
            return [write_report(report, out)]
    from orchestrator.scenario.report.html import render

    page_text = render(report)
    with _unfinished_is_no_report(out):
        return write_report_and_page(report, page_text, out)


class _Bar:
    """The progress on a terminal: where the run is, its pods, its time, what is left of the step."""

    def __enter__(self) -> "_Bar":
        console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counts]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("nodes", total=None, counts="")
        self._step = "nodes"
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, now: "RunProgress") -> None:
        """Draw where the run is."""
        from orchestrator.scenario.units import seconds as duration

        if now.step != self._step:
            self._step = now.step
            self._progress.reset(self._task)
        rate = now.virtual_seconds / now.wall_seconds if now.wall_seconds else 0.0
        counts = (
            f"{now.pods_running:,} of {now.pods:,} pods on {now.nodes:,} nodes, "
            f"{duration(now.virtual_seconds)} in {duration(now.wall_seconds)} (×{rate:,.3g})"
        )
        self._progress.update(
            self._task,
            description=now.step,
            total=None if now.share is None else 1.0,
            completed=now.share or 0.0,
            counts=counts,
        )
