"""Back to a moment of a run: what its report says of it, and whether a replay is the same history.

A run in virtual time is a pure function of scenario and seed, and the report holds both. So nothing
of the cluster was kept: whoever wants to see it as it was runs the scenario again up to there. The
report's samples have digests of the history so far; the replay must have had the same ones.
"""

import hashlib
import platform
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from orchestrator.cluster import Cluster
from orchestrator.extras import version_of
from orchestrator.machinery.errors import DurationError
from orchestrator.machinery.times import parse_duration
from orchestrator.scenario.history import History
from orchestrator.scenario.report.making import PACKAGES
from orchestrator.scenario.report.model import REPORT_FILE, Report, SweepReport
from orchestrator.scenario.report.reading import ReportError, read_report
from orchestrator.store import Change


class ReplayError(ValueError):
    """A run that cannot be replayed, or a replay that is none; says why, in one line."""


class Moment(Struct, frozen=True):
    """A cluster as it was, in a loop whose time still jumps.

    `digests` are those of its history so far, at each of the report's revisions that it came to.
    """

    cluster: Cluster
    digests: Mapping[int, str]


class Replayer(Protocol):
    """Runs a report's scenario again."""

    def bring_to(self, report: Report, until: float) -> AbstractAsyncContextManager[Moment]:
        """The cluster when `until` seconds of its time have passed and all is done that was due by
        then; it ends with the block. Called in a loop in virtual time. Raises ReplayError.
        """


class MarkedHistory(History):
    """A history that remembers its digest at some revisions; 0 is before the first change."""

    def __init__(self, revisions: Collection[int]) -> None:
        super().__init__()
        self._wanted = frozenset(revisions)
        self.digests = {0: self.digest}

    def observe(self, change: Change) -> None:
        """One more change."""
        super().observe(change)
        if self.revisions in self._wanted:
            self.digests[self.revisions] = self.digest


def read_replayable(directory: Path) -> Report:
    """The report of a run's directory, fit to be replayed. Raises ReplayError."""
    if not directory.is_dir():
        raise ReplayError(f"{directory}: expected the directory that a run wrote with --out")
    path = directory / REPORT_FILE
    try:
        report = read_report(path)
    except ReportError as error:
        raise ReplayError(str(error)) from None
    if isinstance(report, SweepReport):
        runs = [run.directory for run in report.runs if not run.error]
        shown = ", ".join(runs[:3]) + (", ..." if len(runs) > 3 else "")
        raise ReplayError(f"{path}: a sweep is many runs; replay one of them: {shown}")
    _check(path, report)
    return report


def _check(path: Path, report: Report) -> None:
    if report.clock != "virtual":
        raise ReplayError(f"{path}: a run in real time cannot be repeated; run it in virtual time")
    if hashlib.sha256(report.text.encode()).hexdigest() != report.scenario_sha256:
        raise ReplayError(f"{path}: the scenario in it was edited; its SHA-256 is another one")
    series = report.series
    if not len(series.virtual_seconds) == len(series.revisions) == len(series.digests):
        raise ReplayError(f"{path}: its samples are not whole")


def parse_until(text: str, report: Report) -> float:
    """The moment that a duration since the run's start names, in seconds. Raises ReplayError."""
    try:
        seconds = parse_duration(text)
    except DurationError:
        seconds = -1.0
    if seconds < 0:
        raise ReplayError(f'--until expects a duration such as 90s or 1h30m, got "{text}"')
    if seconds > report.virtual_seconds:
        end = report.virtual_seconds
        raise ReplayError(f"--until {text} is after the run's end, which is at {end:.10g}s")
    return seconds


def check_same_history(report: Report, digests: Mapping[int, str], until: float) -> None:
    """Raise ReplayError where the replay's history parts from the run's, up to `until`."""
    series, known = report.series, ""
    for seconds, revision, digest in zip(
        series.virtual_seconds, series.revisions, series.digests, strict=True
    ):
        if seconds > until:
            return
        if digests.get(revision) != digest:
            since = f"after {known} and " if known else ""
            raise ReplayError(
                f"this is not the run's history: they part {since}not after {seconds:.10g}s "
                f"(revision {revision:,}); {_difference(report)}"
            )
        known = f"{seconds:.10g}s (revision {revision:,})"


def _difference(report: Report) -> str:
    """What may be the reason."""
    then, packages = report.environment, report.environment.packages
    here = {
        "Python": platform.python_version(),
        **{name: version_of(PACKAGES.get(name, name)) for name in packages},
    }
    different = [
        f"{name} {was} then and {here[name]} now"
        for name, was in {"Python": then.python, **packages}.items()
        if here[name] != was
    ]
    if different:
        return ", ".join(different)
    for name, sha256 in report.scheduler.files.items():
        if _sha256(Path(name)) != sha256:
            return f"{name}, which has plugins of its scheduler, has changed since"
    return "the code has changed since, or a file that the scenario names"


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
