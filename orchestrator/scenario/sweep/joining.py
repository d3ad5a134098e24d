"""The joined report of a sweep's runs."""

from collections.abc import Sequence
from typing import Literal

from orchestrator.scenario.loading import SweepPlan
from orchestrator.scenario.report.comparison import spread_of
from orchestrator.scenario.report.model import (
    Environment,
    Spread,
    SweepCell,
    SweepReport,
    SweepRun,
)
from orchestrator.scenario.report.page import parameters


def join(
    plan: SweepPlan,
    runs: tuple[SweepRun, ...],
    command: str,
    wall_seconds: float,
    environment: Environment,
) -> SweepReport:
    """The report: the runs, and over the seeds of each setting their means."""
    return SweepReport(
        scenario=plan.name,
        description=plan.description,
        text=plan.source.text,
        command=command,
        outcome=_outcome(runs),
        wall_seconds=wall_seconds,
        runs=runs,
        cells=_cells(runs),
        expected=plan.expected,
        environment=environment,
    )


def _outcome(runs: Sequence[SweepRun]) -> Literal["passed", "failed", "interrupted"]:
    outcomes = {run.outcome for run in runs}
    if "interrupted" in outcomes:
        return "interrupted"
    return "failed" if "failed" in outcomes else "passed"


def _cells(runs: Sequence[SweepRun]) -> tuple[SweepCell, ...]:
    settings: dict[str, list[SweepRun]] = {}
    for run in runs:
        settings.setdefault(parameters(run.parameters), []).append(run)
    return tuple(_cell(several) for several in settings.values())


def _cell(runs: Sequence[SweepRun]) -> SweepCell:
    # What a run had measured when it was interrupted is not what it measures.
    ended = [run for run in runs if not run.error and run.outcome != "interrupted"]
    names = dict.fromkeys(name for run in ended for name in run.measures)
    measures: dict[str, Spread] = {}
    for name in names:
        spread = spread_of([run.measures[name] for run in ended if name in run.measures])
        if spread is not None:
            measures[name] = spread
    return SweepCell(parameters=runs[0].parameters, runs=len(ended), measures=measures)
