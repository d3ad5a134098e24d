"""The tables of a run's page."""

import math
from typing import Final

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import (
    ActorUse,
    ApiCalls,
    Checkpoint,
    Outcome,
    Pauses,
    QueueUse,
    ResourceUse,
)
from orchestrator.scenario.report.markup import EMPTY, Html, element, join
from orchestrator.scenario.report.model import Report
from orchestrator.scenario.report.page import bar, table

_ROWS: Final = 15  # that a long table shows at once; the others can be unfolded


def expectations(outcomes: tuple[Outcome, ...]) -> Html:
    """What was expected, and whether it holds."""
    return table(
        ["measure", "expected", "measured"],
        ([_verdict(each), each.expected, _measured(each)] for each in outcomes),
    )


def _measured(outcome: Outcome) -> Html:
    note = element("small", outcome.note) if outcome.note else EMPTY
    return join([units.of_measure(outcome.measure, outcome.measured), note])


def _verdict(outcome: Outcome) -> Html:
    if outcome.holds:
        return join([element("span", "✓", class_="good", title="holds"), "\u00a0", outcome.measure])
    failed = element("span", "✗", class_="bad")
    return join(
        [failed, "\u00a0", outcome.measure, " ", element("b", "does not hold", class_="bad")]
    )


def measures(report: Report) -> Html:
    """Every measure that the run knows."""
    return table(
        ["measure", "value"],
        ([name, units.of_measure(name, value)] for name, value in report.measures.items()),
    )


def calls(found: tuple[ApiCalls, ...]) -> Html:
    """The calls to the API server, most first; those that are few can be unfolded."""
    most = sorted(found, key=lambda c: (-c.count, c.resource, c.verb))
    rest = most[_ROWS:]
    if not rest:
        return _calls(most)
    times = "once" if rest[0].count == 1 else f"at most {rest[0].count:,} times"
    more = element("summary", f"{units.number(len(rest))} more, each called {times}")
    return join([_calls(most[:_ROWS]), element("details", more, _calls(rest))])


def _calls(found: list[ApiCalls]) -> Html:
    highest = max((c.count for c in found), default=1)
    quantiles = ("p50", "p90", "p99")
    headings = [*(f"waited {q}" for q in quantiles), *(f"work {q}" for q in quantiles)]
    return table(
        ["verb", "resource", "calls", "errors", *headings],
        (
            [
                c.verb,
                c.resource,
                bar(c.count / max(highest, 1), units.number(c.count)),
                units.number(c.errors),
                *(units.seconds(getattr(c.latency_seconds, q)) for q in quantiles),
                *(units.seconds(getattr(c.work_seconds, q)) for q in quantiles),
            ]
            for c in found
        ),
        names=2,
    )


def resources(found: tuple[ResourceUse, ...]) -> Html:
    """What groups of nodes have, and what pods asked of them."""
    return table(
        [
            "resource",
            "group",
            "allocatable",
            "requested, mean",
            "most",
            "at the end",
            "fragmented, mean",
            "at the end",
        ],
        (
            [
                f"{use.resource}, cores" if use.resource == "cpu" else use.resource,
                use.group,
                units.of_resource(use.resource, use.allocatable),
                _part(use.requested_mean, use),
                _part(use.requested_max, use),
                _part(use.requested_end, use),
                units.share(use.fragmentation_mean),
                units.share(use.fragmentation_end),
            ]
            for use in sorted(found, key=lambda u: (u.resource, u.group))
        ),
        names=2,
    )


def _part(amount: float, use: ResourceUse) -> Html | str:
    text = units.of_resource(use.resource, amount)
    if not use.allocatable or not math.isfinite(share := amount / use.allocatable):
        return text
    return bar(share, f"{text} · {units.share(share)}")


def queues(found: tuple[QueueUse, ...]) -> Html:
    """How many waited, longest first."""
    rows = sorted(found, key=lambda q: (-q.max, q.name))
    return table(
        ["queue", "mean", "most"],
        ([q.name, units.number(round(q.mean, 2)), units.number(q.max)] for q in rows),
    )


def actors(found: tuple[ActorUse, ...]) -> Html:
    """What the actors of each kind did, busiest first."""
    total = sum(a.messages for a in found) or 1
    rows = sorted(found, key=lambda a: (-a.messages, a.path))
    return table(
        ["actor", "actors", "messages", "share", "messages an actor", "restarts"],
        (
            [
                a.path,
                units.number(a.actors),
                units.number(a.messages),
                bar(a.messages / total, units.share(a.messages / total)),
                units.number(a.messages / a.actors) if a.actors else units.NONE,
                units.number(a.restarts),
            ]
            for a in rows
        ),
    )


def writes(report: Report) -> Html:
    """The writes to the store, most first, and how many for each pod that was created."""
    pods = report.measures.get("podsCreated", 0.0)
    total = sum(report.writes.values())
    rows = sorted(report.writes.items(), key=lambda item: (-item[1], item[0]))
    lines = [("all", total), *rows] if len(rows) > 1 else rows
    return table(
        ["resource", "writes", "a pod"],
        (
            [
                name,
                bar(count / max(total, 1), units.number(count)),
                f"{count / pods:.2f}" if pods > 0 else units.NONE,
            ]
            for name, count in lines
        ),
    )


def pauses(found: Pauses) -> Html:
    """The longest pauses."""
    return table(
        ["in step", "pause", "virtual time"],
        (
            [p.step, units.seconds(p.seconds), units.seconds(p.virtual_seconds)]
            for p in found.longest
        ),
    )


def checkpoints(found: tuple[Checkpoint, ...]) -> Html:
    """Each measure at each checkpoint."""
    if not found:
        return table([], [])
    names = dict.fromkeys(name for each in found for name in each.measures)
    times = [
        ["virtual time", *(units.seconds(c.virtual_seconds) for c in found)],
        ["wall time", *(units.seconds(c.wall_seconds) for c in found)],
    ]
    rows = [
        [
            name,
            *(
                units.of_measure(name, c.measures[name]) if name in c.measures else units.NONE
                for c in found
            ),
        ]
        for name in names
        if name not in ("virtualSeconds", "wallSeconds")
    ]
    headings = ["measure", *(c.name for c in found)]
    shown, rest = [*times, *rows][:_ROWS], [*times, *rows][_ROWS:]
    if not rest:
        return table(headings, shown)
    more = element("summary", f"{units.number(len(rest))} more measures")
    return join([table(headings, shown), element("details", more, table(headings, rest))])
