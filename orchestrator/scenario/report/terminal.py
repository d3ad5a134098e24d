"""The summary of a run that a person reads on a terminal."""

from typing import Final, Literal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.scenario.measures.figures import Summary
from orchestrator.scenario.report.model import Report
from orchestrator.scenario.report.wording import reason
from orchestrator.scenario.units import of_measure
from orchestrator.scenario.units import seconds as duration

_MEBIBYTE: Final = 1 << 20
_MOST_ROWS: Final = 8  # of a table; the rest is in the report
OUTCOME_STYLES: Final = {"passed": "green", "failed": "red", "interrupted": "yellow"}
_LATENCIES: Final = {
    "scheduling": "scheduling",
    "podStart": "pod start",
    "podStartAll": "pod start, all",
    "podReady": "pod ready",
}


def show(report: Report, console: Console) -> None:
    """Print the summary."""
    why = reason(report)
    heading = Text.assemble(
        (report.scenario, "bold"),
        ": ",
        (f"{report.outcome}{why and f': {why}'}", OUTCOME_STYLES[report.outcome]),
    )
    console.print(heading, _figures(report), sep="\n")
    for part in (_latencies(report), _resources(report), _writes(report), _expectations(report)):
        if part is not None:
            console.print()
            console.print(part)


def _figures(report: Report) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column()
    m = report.measures
    names = ("Pending", "Succeeded", "Failed", "Terminating")
    phases = {name: round(m.get(f"pods{name}", 0)) for name in names}
    others = ", ".join(f"{count:,} {phase.lower()}" for phase, count in phases.items() if count)
    total = f"of {report.pods:,}" + (f"; {others}" if others else "")
    beats = "" if report.heartbeats == "written" else "leases of healthy nodes are computed"
    rows = [
        ("nodes", f"{report.nodes:,}", beats),
        ("pods running", f"{report.pods_running:,}", total),
        ("wall time", duration(report.wall_seconds), ""),
        (f"{report.clock} time", duration(report.virtual_seconds), ""),
        ("pods per second", f"{report.pods_per_second:,.0f}", "to Running, wall time"),
        ("revisions", f"{report.revisions:,}", "writes to the store"),
        ("messages", f"{m['messages']:,.0f}", "handled by actors"),
        ("longest pause", duration(report.pauses.turns.max), _pauses(report)),
        ("peak memory", f"{report.peak_rss_bytes / _MEBIBYTE:,.0f} MiB", ""),
        ("seed", str(report.seed), ""),
    ]
    for row in rows:
        table.add_row(*row)
    return Group(table, Text.assemble(("digest  ", "dim"), report.digest))


def _pauses(report: Report) -> str:
    long = report.pauses.over_50_ms
    return "of the event loop after start-up" + (f"; {long:,} over 50 ms" if long else "")


def _latencies(report: Report) -> RenderableType | None:
    rows: list[tuple[str, Summary]] = [
        (_LATENCIES.get(name, name), summary)
        for name, summary in report.latencies.items()
        if summary.count
    ]
    if not rows:
        return None
    table = _table(f"Latency ({report.clock} time)", "", "pods", "p50", "p90", "p99", "max")
    for name, summary in rows:
        values = (summary.p50, summary.p90, summary.p99, summary.max)
        table.add_row(name, f"{summary.count:,}", *(duration(v) for v in values))
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in report.left_out.items())
    if not left_out:
        return table
    return Group(table, Text(f"pod start leaves out: {left_out}", "dim"))


def _resources(report: Report) -> RenderableType | None:
    rows = [use for use in report.resources if use.requested_max > 0]
    if not rows:
        return None
    rows.sort(key=lambda use: (-use.requested_max / use.allocatable, use.group, use.resource))
    title = "Requested (shares)" if len(rows) <= _MOST_ROWS else "Requested (shares), the fullest"
    table = _table(title, "resource", "nodes", "mean", "max", "end", "fragmented", left=2)
    for use in rows[:_MOST_ROWS]:
        shares = (use.requested_mean, use.requested_max, use.requested_end)
        table.add_row(
            Text(use.resource),
            Text(use.group),
            *(f"{100 * value / use.allocatable:.1f} %" for value in shares),
            f"{100 * use.fragmentation_end:.1f} %",
        )
    return table


def _writes(report: Report) -> RenderableType | None:
    if not report.writes:
        return None
    pods = report.measures["podsCreated"]
    table = _table("Writes", "resource", "writes", "per pod")
    busiest = sorted(report.writes.items(), key=lambda item: (-item[1], item[0]))
    for resource, count in busiest[:_MOST_ROWS]:
        table.add_row(Text(resource), f"{count:,}", f"{count / pods:.2f}" if pods else "")
    return table


def _expectations(report: Report) -> RenderableType | None:
    if not report.expectations:
        return None
    table = _table("Expectations", "measure", "expected", "measured", "")
    for each in report.expectations:
        verdict = Text("holds", "green") if each.holds else Text("does not hold", "red")
        measured = of_measure(each.measure, each.measured)
        if each.note:
            verdict.append(f"; {each.note}", "dim")
        table.add_row(Text(each.measure), Text(each.expected), measured, verdict)
    return table


def _table(title: str, *columns: str, left: int = 1) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title=title, title_justify="left")
    for number, column in enumerate(columns):
        justify: Literal["left", "right"] = "left" if number < left or not column else "right"
        table.add_column(column, justify=justify, overflow="fold")
    return table
