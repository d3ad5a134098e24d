"""The page of one run: what it was, what came of it, and how to repeat it."""

from collections.abc import Callable
from typing import Final, Literal

from orchestrator.scenario import units
from orchestrator.scenario.measures.pods import START_ALL
from orchestrator.scenario.report import tables
from orchestrator.scenario.report.markup import EMPTY, Html, element, join
from orchestrator.scenario.report.model import Report
from orchestrator.scenario.report.page import (
    MACHINE_CLOCK,
    Section,
    document,
    environment,
    fields,
    folded,
    heading,
    headline,
    parameters,
    pictures,
)
from orchestrator.scenario.report.plots import calls, distribution
from orchestrator.scenario.report.plots.axes import TimeAxis, main_axis, time_axes
from orchestrator.scenario.report.plots.heat import heat_maps
from orchestrator.scenario.report.plots.marks import Mark, marks_of
from orchestrator.scenario.report.plots.over_time import over_time
from orchestrator.scenario.report.plots.phases import phases
from orchestrator.scenario.report.plots.queues import queues
from orchestrator.scenario.report.plots.throughput import throughput
from orchestrator.scenario.report.plots.timeline import timeline
from orchestrator.scenario.report.plots.utilisation import all_resources

_PAUSE_LIMIT: Final = (0.050, "50 ms")
LATENCIES: Final = {
    "scheduling": "Scheduling: from created to bound",
    "podStart": "Pod start: from created to started, as Kubernetes counts",
    "podStartAll": "Pod start of all: with those that had to wait",
    "podReady": "Pod ready: from created to ready",
}
_MARKS: Final = (
    "Lines mark where steps begin, numbered as below, and where nodes or actors crash and recover."
)


def render(report: Report) -> str:
    """The page: one file that needs nothing else, the same for an equal report."""
    head = join([heading(report.scenario, report.description, report.outcome), _headline(report)])
    marks = marks_of(report)
    return document(
        f"{report.scenario}: {report.outcome}",
        head,
        [
            Section("Expectations", tables.expectations(report.expectations)),
            Section("Failure", _failure(report)),
            Section("Pods", _phases(report, marks), _MARKS),
            Section(
                "Throughput", _throughput(report, marks), "Means over equal parts of the time."
            ),
            Section("Latencies", _latencies(report), _latencies_note(report)),
            Section("API calls", _calls(report), _calls_note(report)),
            Section("Utilisation", _utilisation(report, marks), _UTILISATION),
            Section("Nodes", heat_maps(report.heat_maps, "heat", marks)),
            Section("Over time", over_time(report.series, "time", marks)),
            Section("Steps", _steps(report)),
            Section("Queues", folded("How many waited where", _queues(report, marks)), _QUEUES),
            Section("Actors", folded("Messages by kind of actor", tables.actors(report.actors))),
            Section("Event loop", folded("Its turns", _pauses(report)), _pauses_note(report)),
            Section(
                "Writes",
                tables.writes(report),
                "Writes to the store, and how many for each pod that was created.",
            ),
            Section("Measures", _measures(report)),
            Section(
                "Scenario", element("pre", report.text, class_="long") if report.text else EMPTY
            ),
            Section("Repeat it", _repeat(report)),
        ],
    )


_UTILISATION: Final = (
    "The share of what is allocatable that pods requested. Fragmented is the share of what is free "
    "that the pods seen so far could not use, since other resources of the same node are used up."
)


_QUEUES: Final = (
    "How many waited, over the wall's time: what is drained within one moment of the cluster's clock "
    "shows on no other. Means are over the cluster's time."
)


def _headline(report: Report) -> Html:
    figures = [
        ("nodes", units.number(report.nodes), ""),
        ("pods running", units.number(report.pods_running), _of_pods(report)),
        (
            "pods per second",
            units.number(report.pods_per_second),
            "to Running, wall time",
        ),
        ("wall time", units.seconds(report.wall_seconds), ""),
    ]
    if report.clock == "virtual":
        figures.append(("virtual time", units.seconds(report.virtual_seconds), _speed(report)))
    figures += [
        ("revisions", units.number(report.revisions), "writes to the store"),
        ("peak memory", units.size(report.peak_rss_bytes), ""),
    ]
    return headline(figures)


def _of_pods(report: Report) -> str:
    created = report.measures.get("podsCreated", 0.0)
    others = f", {units.number(created)} created" if created > report.pods else ""
    return f"of {units.number(report.pods)}{others}"


def _speed(report: Report) -> str:
    if not report.wall_seconds > 0 or not report.virtual_seconds >= 2 * report.wall_seconds:
        return ""
    ratio = report.virtual_seconds / report.wall_seconds
    return f"{units.about(ratio) if ratio < 1e15 else units.NONE} × wall time"


def _failure(report: Report) -> Html:
    if report.failure is None:
        return EMPTY
    step, message = report.failure.step, report.failure.message
    return element("div", element("b", step), element("p", message), class_="failure")


def _phases(report: Report, marks: tuple[Mark, ...]) -> Html:
    return _by_clocks(
        report, marks, lambda axis: phases(report.series, axis, f"phases-{axis.clock}")
    )


def _throughput(report: Report, marks: tuple[Mark, ...]) -> Html:
    return _by_clocks(
        report, marks, lambda axis: throughput(report.series, axis, f"rate-{axis.clock}")
    )


def _by_clocks(report: Report, marks: tuple[Mark, ...], drawn: Callable[[TimeAxis], Html]) -> Html:
    """A picture by the first clock that moved on, and behind a fold those by the others."""
    first, *others = time_axes(report.series, marks, real=report.clock == "real") or (None,)
    if first is None:
        return EMPTY
    folds = (folded(MACHINE_CLOCK, pictures([drawn(axis)])) for axis in others if axis is not None)
    return join([pictures([drawn(first)]), *folds])


def _latencies(report: Report) -> Html:
    return pictures(
        distribution.histogram(LATENCIES.get(name, name), summary, f"latency{i}")
        for i, (name, summary) in enumerate(report.latencies.items())
        if report.left_out or name != START_ALL  # which is the same where nothing is left out
    )


def _calls(report: Report) -> Html:
    drawn = pictures(
        [calls.by_count(report.api_calls, "calls"), calls.by_work(report.api_calls, "work")]
    )
    return join([drawn, tables.calls(report.api_calls)])


def _calls_note(report: Report) -> str:
    count = units.number(sum(c.count for c in report.api_calls))
    errors = units.number(sum(c.errors for c in report.api_calls))
    return (
        f"{count} calls, {errors} of them answered with an error. Waited: what the callers waited by "
        "the cluster's clock, zero unless something is slow there. Work: the API server's, wall time."
    )


def _latencies_note(report: Report) -> str:
    """What the numbers are, and what they leave out."""
    told = "By the cluster's clock."
    worst = max((s.relative_error for s in report.latencies.values()), default=0.0)
    told += (
        f" Quantiles are right within {units.share(worst)}." if worst else " Quantiles are exact."
    )
    if report.left_out:
        left = ", ".join(f"{units.number(n)} {why}" for why, n in report.left_out.items())
        told += f" Kubernetes' indicator of pod start leaves out {left}."
    return told


def _utilisation(report: Report, marks: tuple[Mark, ...]) -> Html:
    axis = main_axis(report.series, marks, real=report.clock == "real")
    drawn = pictures([all_resources(report.series, axis, "use")]) if axis else EMPTY
    return join([drawn, tables.resources(report.resources)])


def _queues(report: Report, marks: tuple[Mark, ...]) -> Html:
    return join([queues(report.series, "queue", marks), tables.queues(report.queues)])


def _measures(report: Report) -> Html:
    found = tables.measures(report)
    count = f"All {units.number(len(report.measures))} that an expectation can name"
    return element("details", element("summary", count), found) if found else EMPTY


def _pauses(report: Report) -> Html:
    title = "Turns of the event loop"
    drawn = distribution.histogram(title, report.pauses.turns, "pauses", limit=_PAUSE_LIMIT)
    return pictures([drawn, tables.pauses(report.pauses)])


def _pauses_note(report: Report) -> str:
    over = report.pauses.over_50_ms
    times = "never" if not over else "once" if over == 1 else f"{units.number(over)} times"
    return f"After start-up, the event loop was busy for more than 50 ms at a stretch {times}."


def _steps(report: Report) -> Html:
    failed = report.failure.step if report.failure else None
    clocks: tuple[Literal["virtual", "wall"], ...] = (
        ("wall",) if report.clock == "real" else ("virtual", "wall")
    )
    first, *others = (
        timeline(report.steps, report.checkpoints, clock, f"steps-{clock}", failed=failed)
        for clock in clocks
    )
    if not first:  # all of it took place in one moment of the cluster's time
        first, others = join(others), []
    folds = (folded(MACHINE_CLOCK, pictures([other])) for other in others)
    parts = [pictures([first]), *folds, tables.checkpoints(report.checkpoints)]
    return join(parts)


def _repeat(report: Report) -> Html:
    heartbeats = {
        "written": "every node writes its lease",
        "computed": "a healthy node's lease is computed, and written when the node is not well",
    }
    about = fields(
        [
            ("Seed", str(report.seed)),
            ("Parameters", parameters(report.parameters) or "the scenario's own"),
            ("Clock", report.clock),
            ("Heartbeats", heartbeats[report.heartbeats]),
            ("Digest of the history", element("code", report.digest)),
            ("SHA-256 of the scenario", element("code", report.scenario_sha256)),
            *environment(report.environment),
        ]
    )
    return join([element("pre", report.command), element("h3", "What it depends on"), about])
