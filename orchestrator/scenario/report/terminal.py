"""What came of a run: the report as JSON, and the summary that a person reads."""

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.scenario.loading import Loaded
from orchestrator.scenario.measures import Measured, Outcome

REPORT_FILE: Final = "report.json"
_PACKAGES: Final = ("orchestrator", "msgspec", "numpy")
_MEBIBYTE: Final = 1 << 20


class Environment(Struct, frozen=True):
    """Where a run took place."""

    python: str
    system: str
    machine: str
    cpus: int
    packages: dict[str, str]


class Failure(Struct, frozen=True):
    """The step that could not be done, and why."""

    step: str
    message: str


class Report(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One run. `digest` is the SHA-256 of the ordered history; times are seconds.

    `outcome` is `passed`, `failed` (an expectation does not hold, or a step failed) or
    `interrupted`.
    """

    api_version: str = msgspec.field(default="orchestrator/v1alpha1", name="apiVersion")
    kind: str = "Report"
    scenario: str
    scenario_sha256: str
    command: str
    seed: int
    clock: Literal["virtual", "real"]
    outcome: Literal["passed", "failed", "interrupted"]
    digest: str
    wall_seconds: float
    virtual_seconds: float
    nodes: int
    pods: int
    pods_running: int
    pods_per_second: float
    peak_rss_bytes: int
    revisions: int
    measures: Measured
    writes: dict[str, int]
    expectations: tuple[Outcome, ...]
    failure: Failure | None
    environment: Environment


def make_report(
    loaded: Loaded,
    measured: Measured,
    *,
    command: str,
    seed: int,
    clock: Literal["virtual", "real"],
    digest: str,
    writes: dict[str, int],
    expectations: tuple[Outcome, ...],
    failure: Failure | None,
    interrupted: bool,
) -> Report:
    """The report of a run that measured `measured`."""
    passed = failure is None and all(e.holds for e in expectations)
    return Report(
        scenario=loaded.scenario.metadata.name,
        scenario_sha256=hashlib.sha256(loaded.text.encode()).hexdigest(),
        command=command,
        seed=seed,
        clock=clock,
        outcome="interrupted" if interrupted else "passed" if passed else "failed",
        digest=digest,
        wall_seconds=measured.wall_seconds,
        virtual_seconds=measured.virtual_seconds,
        nodes=measured.nodes,
        pods=measured.pods,
        pods_running=measured.pods_running,
        pods_per_second=measured.pods_per_second,
        peak_rss_bytes=measured.peak_rss_bytes,
        revisions=measured.revisions,
        measures=measured,
        writes=writes,
        expectations=expectations,
        failure=failure,
        environment=_environment(),
    )


def write_report(report: Report, directory: Path) -> Path:
    """Write `report.json` into a directory, whole or not at all. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / REPORT_FILE
    unfinished = directory / f".{REPORT_FILE}.unfinished"
    try:
        unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return path


def show(report: Report, console: Console) -> None:
    """Print the summary."""
    console.print(_heading(report), _figures(report), sep="\n")
    if report.writes:
        console.print(_writes(report))
    if report.expectations:
        console.print(_expectations(report))
    if report.failure is not None:
        console.print(Text(f"{report.failure.step}: {report.failure.message}", style="red"))


def _heading(report: Report) -> RenderableType:
    style = {"passed": "green", "failed": "red", "interrupted": "yellow"}[report.outcome]
    return Text.assemble((report.scenario, "bold"), ": ", (report.outcome, style))


def _figures(report: Report) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column()
    m = report.measures
    phases = {"pending": m.pods_pending, "succeeded": m.pods_succeeded, "failed": m.pods_failed}
    others = ", ".join(f"{count:,} {phase}" for phase, count in phases.items() if count)
    rows = [
        ("nodes", f"{m.nodes:,}", ""),
        ("pods running", f"{m.pods_running:,}", f"of {m.pods:,}" + (f"; {others}" * bool(others))),
        ("wall time", f"{m.wall_seconds:,.1f} s", ""),
        (f"{report.clock} time", f"{m.virtual_seconds:,.1f} s", ""),
        ("pods per second", f"{m.pods_per_second:,.0f}", "to Running, wall time"),
        ("revisions", f"{m.revisions:,}", "writes to the store"),
        ("peak memory", f"{m.peak_rss_bytes / _MEBIBYTE:,.0f} MiB", ""),
        ("seed", str(report.seed), ""),
    ]
    for row in rows:
        table.add_row(*row)
    return Group(table, Text.assemble(("digest  ", "dim"), report.digest))


def _writes(report: Report) -> RenderableType:
    pods = max(report.pods, 1)
    table = Table(box=None, padding=(0, 2, 0, 0), title="Writes", title_justify="left")
    table.add_column("resource")
    table.add_column("writes", justify="right")
    table.add_column("per pod", justify="right")
    for resource, count in sorted(report.writes.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(resource, f"{count:,}", f"{count / pods:.2f}")
    return table


def _expectations(report: Report) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), title="Expectations", title_justify="left")
    table.add_column("measure")
    table.add_column("expected", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("")
    for each in report.expectations:
        verdict = Text("holds", "green") if each.holds else Text("does not hold", "red")
        table.add_row(each.measure, each.expected, f"{each.measured:,.10g}", verdict)
    return table


def _environment() -> Environment:
    return Environment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpus=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        packages={name: version(name) for name in _PACKAGES},
    )
