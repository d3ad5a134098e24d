"""`orchestrator run`: a scenario from its file to its report."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from orchestrator.cli import logs, sweeping, writing
from orchestrator.cli.errors import INTERRUPTED, InputError, need_plots
from orchestrator.cli.scenarios import ScenarioPath
from orchestrator.cli.settings import settings_of
from orchestrator.cli.terminal import output

if TYPE_CHECKING:
    from actors import Trace
    from orchestrator.scenario import Report
    from orchestrator.scenario.causes import ObjectName
    from orchestrator.scenario.loading import SweepPlan
    from orchestrator.scenario.running.runner import Progress as RunProgress

CAUSES_FILE: Final = "causes.html"
_EXIT_CODES: Final = {"passed": 0, "failed": 1, "interrupted": INTERRUPTED}


@click.command()
@click.argument("scenario", type=ScenarioPath())
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
    scenario = _found(scenario)
    parameters = settings_of(settings)
    if events and out is None:
        raise InputError("--events needs --out, a directory to write to")
    if out is not None and not no_page:
        need_plots("--out", "; --no-page writes report.json alone")
    asked = _Asked(
        seed, clock, shlex.join(["orchestrator", *sys.argv[1:]]), out, not no_page, events
    )
    plan = sweeping.find_sweep(scenario, parameters, seed)
    if plan is None:
        sys.exit(_run_one(scenario, parameters, asked, traced))
    if traced is not None:
        raise InputError("--trace-causes shows one run, and the scenario has a sweep")
    sys.exit(_run_all(plan, asked))


class _Asked(NamedTuple):
    """What was asked for, beside the scenario."""

    seed: int | None
    clock: Literal["virtual", "real"]
    command: str
    out: Path | None
    page: bool
    events: bool


def _found(scenario: Path) -> Path:
    """The file of a scenario that may be named. Raises InputError."""
    # Late, here and below: `orchestrator --help` needs none of it.
    from orchestrator.scenario.shipped import find_scenario, propose

    found = find_scenario(scenario)
    if not found.exists():
        raise InputError(f"{found}: cannot be read: there is no such file{propose(found)}")
    return found


def _run_all(plan: "SweepPlan", asked: _Asked) -> int:
    """Run a sweep; answers the exit code."""
    out = asked.out
    if out is not None:
        writing.usable(out)
    with writing.unfinished_is_no_report(out):
        report = sweeping.run_and_show(
            plan, asked.clock, asked.command, out, events=asked.events, page=asked.page
        )
    return _EXIT_CODES[report.outcome]


def _run_one(
    scenario: Path, parameters: Mapping[str, Any], asked: _Asked, traced: str | None
) -> int:
    """Run a scenario, show and write what came of it; answers the exit code."""
    from orchestrator.scenario import ScenarioError, load, run_scenario
    from orchestrator.scenario.causes import parse_object

    traces: list[Trace] = []
    try:
        wanted = parse_object(traced) if traced is not None else None
        loaded = load(scenario, parameters)
    except (ScenarioError, ValueError) as error:
        raise InputError(str(error)) from None
    out = asked.out
    if out is not None:
        writing.usable(out)
    with _Bar() as bar, writing.unfinished_is_no_report(out):
        report = run_scenario(
            loaded,
            seed=asked.seed,
            virtual=asked.clock == "virtual",
            command=asked.command,
            on_progress=bar.show,
            events=out if asked.events else None,
            on_trace=traces.append if wanted is not None else None,
        )
    code = _show(report, asked)
    if wanted is not None and (out is None or code != INTERRUPTED):
        _show_causes(traces[0], wanted, out)
    return code


def _show(report: "Report", asked: _Asked) -> int:
    """Write the report and print it; answers the exit code. Ctrl-C ends the drawing of its page."""
    from orchestrator.scenario.report.terminal import show
    from orchestrator.scenario.running.interruption import at_first_ctrl_c

    code = _EXIT_CODES[report.outcome]

    def interrupted() -> None:
        nonlocal code
        code = INTERRUPTED

    with at_first_ctrl_c(interrupted):  # what was reached is not lost now
        written = []
        if asked.out is not None:
            with writing.unfinished_is_no_report(asked.out):
                written = writing.write(
                    report, asked.out, lambda: asked.page and code != INTERRUPTED
                )
        show(report, output())
        writing.tell(written, page=asked.page)
    return code


def _show_causes(trace: "Trace", wanted: "ObjectName", out: Path | None) -> None:
    from orchestrator.scenario.causes import CausesError, describe, draw_causes
    from orchestrator.scenario.report.writing import write_whole

    try:
        if out is None:
            click.echo(f"\n{describe(trace, wanted)}")
        else:
            page = draw_causes(trace, wanted).encode()
            with writing.unfinished_is_no_report(out):
                written = write_whole(out / CAUSES_FILE, (page,))
            click.echo(f"written {written}")
    except CausesError as error:
        raise InputError(str(error)) from None


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
