"""Reads reports: one run's, a sweep's, or those of several runs that stand side by side."""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.scenario.report.model import (
    REPORT_FILE,
    REPORT_VERSION,
    Report,
    SweepReport,
    SweepRun,
)
from orchestrator.scenario.report.page import parameters

_KINDS: Final[dict[str, type[Report] | type[SweepReport]]] = {
    "Report": Report,
    "SweepReport": SweepReport,
}


class ReportError(ValueError):
    """A report is not there, or is none; the message is one line that names the file."""


class _Header(Struct, frozen=True):
    api_version: str = msgspec.field(default="", name="apiVersion")
    kind: str = ""


class Runs(Struct, frozen=True):
    """Runs of one thing: a single run, the same with other seeds, a cell of a sweep (`parameters`
    and, in words, `setting` say which). `lost` says what runs do not count, and why.
    """

    reports: tuple[Report, ...]
    parameters: dict[str, Any] = {}
    lost: tuple[str, ...] = ()

    @property
    def setting(self) -> str:
        """The cell of a sweep; empty for anything else."""
        return parameters(self.parameters)


def read_report(path: Path) -> Report | SweepReport:
    """The report in a file, or in a directory's `report.json`. Raises ReportError."""
    file = path / REPORT_FILE if path.is_dir() else path
    try:
        text = file.read_bytes()
    except OSError as error:
        raise ReportError(f"{file}: cannot be read: {error.strerror}") from None
    try:
        header = msgspec.json.decode(text, type=_Header)
    except msgspec.ValidationError:
        raise ReportError(f"{file}: it is no report") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ReportError(f"{file}: it is no JSON, or torn: {error}") from None
    if header.kind not in _KINDS:
        raise ReportError(f"{file}: it is no report")
    if header.api_version != REPORT_VERSION:
        raise ReportError(
            f'{file}: expected a report of {REPORT_VERSION}, got "{header.api_version}"'
        )
    try:
        return msgspec.json.decode(text, type=_KINDS[header.kind])
    except msgspec.ValidationError as error:
        raise ReportError(f"{file}: it is no whole {header.kind}: {error}") from None


def read_runs(place: str) -> tuple[Runs, ...]:
    """The runs at a file, a directory or a pattern; of a sweep, the runs of each cell.

    A directory without a report of its own that holds runs' directories is repeated runs of one
    thing, and so is all that a pattern (`runs/a-*`) finds. Raises ReportError.
    """
    path = Path(place)
    if not path.exists() and glob.has_magic(place):
        found = [Path(each) for each in sorted(glob.glob(place))]
        if not found:
            raise ReportError(f"nothing is at {place}")
        return (Runs(tuple(_run(each) for each in found)),)
    if not path.exists():
        raise ReportError(f"nothing is at {place}")
    if path.is_dir() and not (path / REPORT_FILE).exists():
        below = sorted(each.parent for each in path.glob(f"*/{REPORT_FILE}"))
        if not below:
            raise ReportError(f"there is no {REPORT_FILE} in {place}, nor in a directory of it")
        return (Runs(tuple(_run(each) for each in below)),)
    report = read_report(path)
    if isinstance(report, Report):
        return (Runs((report,)),)
    return _cells(report, path if path.is_dir() else path.parent)


def _run(path: Path) -> Report:
    report = read_report(path)
    if isinstance(report, SweepReport):
        raise ReportError(f"{path} is a sweep; one that stands among runs cannot be compared")
    return report


def _cells(sweep: SweepReport, directory: Path) -> tuple[Runs, ...]:
    """Of each setting the runs that came to their end."""
    cells: dict[str, list[SweepRun]] = {}
    for run in sweep.runs:
        cells.setdefault(parameters(run.parameters), []).append(run)
    found = [_cell(runs, directory) for runs in cells.values()]
    if not any(runs.reports for runs in found):
        raise ReportError(f"no run of the sweep in {directory} came to its end")
    return tuple(found)


def _cell(runs: Sequence[SweepRun], directory: Path) -> Runs:
    reports, lost = [], []
    for run in runs:
        if run.error or run.outcome == "interrupted":
            lost.append(f"{run.directory}: {run.error or run.outcome}")
        else:
            reports.append(_run(directory / run.directory))
    return Runs(tuple(reports), runs[0].parameters, tuple(lost))
