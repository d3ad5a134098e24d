"""The loop that keeps the processes of a sweep busy."""

import logging
import selectors
import shlex
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from orchestrator.scenario.loading import PlannedRun, SweepPlan
from orchestrator.scenario.report.making import environment
from orchestrator.scenario.report.model import SweepReport, SweepRun
from orchestrator.scenario.report.page import plain_value
from orchestrator.scenario.report.writing import remove_unfinished
from orchestrator.scenario.sweep.joining import join
from orchestrator.scenario.sweep.messages import NOT_REACHED, Answer, At, Ended, Job, Lost
from orchestrator.scenario.sweep.process import RunProcess

_LOOK_SECONDS: Final = 0.1
NOT_BEGUN: Final = "interrupted before it began"
KILLED: Final = "interrupted twice, so it was killed"


class RunningRun(Struct, frozen=True):
    """A run that is under way."""

    name: str
    step: str
    virtual_seconds: float


class SweepProgress(Struct, frozen=True):
    """Where a sweep is. `left_seconds` is an estimate, None before any run has ended."""

    runs: int
    done: int
    failed: int
    running: tuple[RunningRun, ...]
    wall_seconds: float
    left_seconds: float | None
    ending: bool  # it was interrupted


def run_sweep(
    plan: SweepPlan,
    *,
    clock: Literal["virtual", "real"] = "virtual",
    command: str = "",
    out: Path | None = None,
    page: bool = True,
    events: bool = False,
    log_level: int = logging.WARNING,
    on_progress: Callable[[SweepProgress], None] | None = None,
    interruptions: Callable[[], int] = int,
) -> SweepReport:
    """Run every run of a sweep; answers what came of them, in the plan's order.

    With `out` each run writes its report (with its page, and if `events` its history) into its directory
    there.
    `on_progress` is called about ten times a second. `interruptions` says how often the sweep has been
    told to end: once, and its runs end where they are, without pages; twice, and they are killed.
    """
    sweeping = _Sweeping(plan, clock, out, page=page, events=events, log_level=log_level)
    begun = time.perf_counter()
    try:
        while sweeping.advance(interruptions()):
            if on_progress is not None:
                on_progress(sweeping.progress(time.perf_counter() - begun))
    finally:
        sweeping.close()
    return join(plan, sweeping.results(), command, time.perf_counter() - begun, environment())


class _Sweeping:
    def __init__(
        self,
        plan: SweepPlan,
        clock: Literal["virtual", "real"],
        out: Path | None,
        *,
        page: bool,
        events: bool,
        log_level: int,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._out = out
        self._page = page
        self._events = events
        self._log_level = log_level
        self._processes = plan.processes or environment().cpus
        self._waiting = deque(plan.runs)
        self._running: dict[RunProcess, PlannedRun] = {}
        self._answers: dict[str, Answer] = {}  # the last one of each run, by its directory
        self._seconds: list[float] = []  # that runs have taken
        self._selector = selectors.DefaultSelector()
        self._heeded = 0

    def advance(self, interruptions: int) -> bool:
        """Do what can be done now, or wait for it for a moment; answers whether more is to come."""
        if interruptions > self._heeded:
            self._interrupt(kill=interruptions > 1)
            self._heeded = interruptions
        while self._waiting and len(self._running) < self._processes:
            self._begin(self._waiting.popleft())
        for key, _ in self._selector.select(_LOOK_SECONDS if self._running else 0):
            process: RunProcess = key.fileobj  # type: ignore[assignment]
            self._hear(process)
        return bool(self._running or self._waiting)

    def _interrupt(self, *, kill: bool) -> None:
        for run in self._waiting:
            self._answers[run.directory] = Lost(NOT_BEGUN, interrupted=True)
        self._waiting.clear()
        for process, run in self._running.items():
            if kill or run.directory not in self._answers:  # it has not begun, only its process
                process.kill()
                if not self._is_over(run):
                    why = KILLED if kill else NOT_REACHED
                    self._answers[run.directory] = Lost(why, interrupted=True)
            else:
                process.interrupt()

    def _begin(self, run: PlannedRun) -> None:
        try:
            process = RunProcess(self._job(run))
        except OSError as error:
            self._answers[run.directory] = Lost(f"there could be no process: {error.strerror}")
            return
        self._running[process] = run
        self._selector.register(process, selectors.EVENT_READ)

    def _hear(self, process: RunProcess) -> None:
        run = self._running[process]
        answers = process.answers()
        if answers is None:
            self._end(process)
        elif answers and not self._is_over(run):
            self._answers[run.directory] = answers[-1]

    def _end(self, process: RunProcess) -> None:
        run = self._running.pop(process)
        self._selector.unregister(process)
        how = process.end()
        if not self._is_over(run):
            self._answers[run.directory] = Lost(how)
        self._seconds.append(time.perf_counter() - process.begun)
        if self._out is not None:
            remove_unfinished(self._out / run.directory)

    def _is_over(self, run: PlannedRun) -> bool:
        return isinstance(self._answers.get(run.directory), Ended | Lost)

    def _job(self, run: PlannedRun) -> Job:
        return Job(
            name=run.directory,
            path=str(self._plan.source.path),
            text=self._plan.source.text,
            parameters=run.given,
            seed=run.seed,
            clock=self._clock,
            command=self._command(run),
            out=str(self._out / run.directory) if self._out is not None else None,
            page=self._page,
            events=self._events,
            log_level=self._log_level,
        )

    def _command(self, run: PlannedRun) -> str:
        """What runs this run alone."""
        words = ["orchestrator", "run", str(self._plan.source.path)]
        for name, value in run.given.items():
            words += ["--set", f"{name}={plain_value(value)}"]
        words += ["--seed", str(run.seed)]
        if self._clock == "real":
            words += ["--clock", "real"]
        return shlex.join(words)

    def close(self) -> None:
        """Nothing of it is left running."""
        for process in list(self._running):
            process.kill()
            self._end(process)
        self._selector.close()

    # --- what has come of it ---------------------------------------------------------------

    def progress(self, wall_seconds: float) -> SweepProgress:
        """Where it is."""
        running = []
        for run in self._running.values():
            at = self._answers.get(run.directory)
            known = at if isinstance(at, At) else At("beginning", 0.0)
            running.append(RunningRun(run.directory, known.step, known.virtual_seconds))
        answers = self._answers.values()
        ended = [each.outcome for each in answers if isinstance(each, Ended)]
        died = sum(isinstance(each, Lost) and not each.interrupted for each in answers)
        return SweepProgress(
            runs=len(self._plan.runs),
            done=len(ended) + died,
            failed=ended.count("failed") + died,
            running=tuple(running),
            wall_seconds=wall_seconds,
            left_seconds=self._left(),
            ending=self._heeded > 0,
        )

    def _left(self) -> float | None:
        """As if every run took as long as those that have ended, in the mean."""
        if not self._seconds:
            return None
        mean = sum(self._seconds) / len(self._seconds)
        now = time.perf_counter()
        begun = [max(0.0, mean - (now - process.begun)) for process in self._running]
        work = sum(begun) + mean * len(self._waiting)
        return max([work / self._processes, *begun])

    def results(self) -> tuple[SweepRun, ...]:
        """Every run, in the plan's order."""
        return tuple(self._result(run) for run in self._plan.runs)

    def _result(self, run: PlannedRun) -> SweepRun:
        answer = self._answers[run.directory]
        if isinstance(answer, Ended):
            return SweepRun(
                parameters=run.setting,
                seed=run.seed,
                directory=run.directory,
                outcome=answer.outcome,
                digest=answer.digest,
                measures=answer.measures,
                reason=answer.reason,
            )
        assert isinstance(answer, Lost)
        return SweepRun(
            parameters=run.setting,
            seed=run.seed,
            directory=run.directory,
            outcome="interrupted" if answer.interrupted else "failed",
            digest="",
            measures={},
            error=answer.error,
        )
