"""`orchestrator run` of a scenario with a sweep: its progress, Ctrl-C, and what came of it."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column

from orchestrator.cli import logs, writing
from orchestrator.cli.errors import INTERRUPTED, InputError
from orchestrator.cli.terminal import output

if TYPE_CHECKING:
    from orchestrator.scenario.loading import SweepPlan
    from orchestrator.scenario.report.model import SweepReport
    from orchestrator.scenario.sweep import SweepProgress

_ENDS: Final = (signal.SIGINT, signal.SIGTERM)


def find_sweep(path: Path, given: Mapping[str, Any], seed: int | None) -> "SweepPlan | None":
    """The scenario's sweep, each run of which can be loaded; None if it has none."""
    from orchestrator.scenario import ScenarioError
    from orchestrator.scenario.loading import Source, plan_sweep

    try:
        return plan_sweep(Source.read(path), given, seed)
    except ScenarioError as error:
        raise InputError(str(error)) from None
    except KeyboardInterrupt:  # before anything has run
        sys.exit(INTERRUPTED)


def run_and_show(
    plan: "SweepPlan",
    clock: Literal["virtual", "real"],
    command: str,
    out: Path | None,
    *,
    events: bool,
    page: bool,
) -> "SweepReport":
    """Run it, print its table, and with `out` write the joined report. Raises OSError."""
    from orchestrator.scenario.report.sweep_terminal import show
    from orchestrator.scenario.sweep import run_sweep

    with _interruptions() as interruptions:
        with _Bar() as bar:
            report = run_sweep(
                plan,
                clock=clock,
                command=command,
                out=out,
                events=events,
                page=page,
                log_level=logs.level(),
                on_progress=bar.show,
                interruptions=interruptions,
            )
        show(report, output())
        if out is not None:
            written = writing.write(report, out, lambda: page and not interruptions())
            writing.tell(written, page=page)
    return report


@contextmanager
def _interruptions() -> Iterator[Callable[[], int]]:
    """How often Ctrl-C or SIGTERM came so far. They interrupt nothing here: not a process that is
    being begun, not a report that is being written.
    """
    count = 0

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1

    before = {number: signal.getsignal(number) for number in _ENDS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as it is in a background job
            signal.signal(number, note)
    try:
        yield lambda: count
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Bar:
    """The progress on a terminal: how many runs are done, which are under way, how long it takes."""

    def __enter__(self) -> "_Bar":
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[left]}"),
            # The names of settings are long; the rest of the line is theirs, not more.
            TextColumn("{task.fields[running]}", table_column=Column(ratio=1, no_wrap=True)),
            expand=True,
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("runs", total=None, left="", running="")
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, now: "SweepProgress") -> None:
        """Draw where the sweep is."""
        from orchestrator.scenario.units import seconds as duration

        failed = f" ({now.failed:,} failed)" if now.failed else ""
        ending = "ending; Ctrl-C again kills: " if now.ending else ""
        left = "" if now.left_seconds is None else f", about {duration(now.left_seconds)} left"
        runs = [f"{each.name}: {each.step}" for each in now.running]
        self._progress.update(
            self._task,
            description=f"{ending}{now.done:,} of {now.runs:,} runs{failed}, {len(now.running):,} running",
            total=now.runs,
            completed=now.done,
            left=f"{duration(now.wall_seconds)}{left}",
            running="; ".join(runs),
        )
