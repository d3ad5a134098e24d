"""Reports with any numbers and any text, whether or not a run could have made them."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from orchestrator.scenario.measures.figures import (
    ActorUse,
    ApiCalls,
    Checkpoint,
    HeatMap,
    Outcome,
    Pause,
    Pauses,
    QueueUse,
    ResourceUse,
    Series,
    StepRecord,
    Summary,
)
from orchestrator.scenario.report.model import Environment, Failure, Report
from tests.scenario.report import reports

FLOATS = st.floats(allow_infinity=False) | st.sampled_from([0.0, 1.0, 0.5, 300.0])
COUNTS = st.integers(0, 10**12)
MARKED = st.sampled_from(
    ["<script>alert(1)</script>", '"onload="x', "a&b", "$x_{", "]]>", "node/ä"]
)
TEXTS = st.text(max_size=12) | MARKED
TIMES = st.lists(FLOATS, max_size=6).map(tuple) | st.lists(st.floats(0, 1e6), max_size=6).map(
    lambda times: tuple(sorted(times))
)
COLUMNS = st.sampled_from(
    [
        *("podsScheduled", "podsStarted", "podsPending", "podsRunning", "podsFailed"),
        *("requested/cpu/a", "requested/nvidia.com/gpu/<b>", "fragmentation/cpu/a", "queue/<q>"),
    ]
)
SUMMARIES = st.builds(
    Summary,
    count=COUNTS,
    mean=FLOATS,
    p50=FLOATS,
    p90=FLOATS,
    p99=FLOATS,
    max=FLOATS,
    buckets=st.lists(st.tuples(FLOATS, COUNTS), max_size=4).map(tuple),
)


def _several(build: Callable[..., Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.builds(build, **fields), max_size=2).map(tuple)


@st.composite
def _series(draw: st.DrawFn) -> Series:
    virtual, wall = draw(TIMES), draw(TIMES)
    samples = min(len(virtual), len(wall))
    columns = st.lists(FLOATS | st.none(), min_size=samples, max_size=samples).map(tuple)
    return Series(
        virtual_seconds=virtual[:samples],
        wall_seconds=wall[:samples],
        revisions=tuple(range(samples)),
        digests=tuple(draw(st.lists(TEXTS, min_size=samples, max_size=samples))),
        columns=draw(st.dictionaries(COLUMNS, columns, max_size=5)),
    )


@st.composite
def _heat_map(draw: st.DrawFn) -> HeatMap:
    times, rows = draw(TIMES), draw(st.lists(TEXTS, max_size=3).map(tuple))
    wall = draw(TIMES | st.just(times))
    row = st.lists(FLOATS | st.none(), min_size=len(times), max_size=len(times)).map(tuple)
    return HeatMap(
        resource=draw(TEXTS),
        rows=rows,
        virtual_seconds=times,
        wall_seconds=wall,
        values=tuple(draw(st.lists(row, min_size=len(rows), max_size=len(rows)))),
    )


MEASURES = st.dictionaries(TEXTS | st.just("wallSeconds"), FLOATS, max_size=3)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "scenario": TEXTS,
    "description": TEXTS,
    "text": TEXTS,
    "parameters": st.dictionaries(TEXTS, TEXTS | COUNTS, max_size=2),
    "command": TEXTS,
    "clock": st.sampled_from(["virtual", "real"]),
    "outcome": st.sampled_from(["passed", "failed", "interrupted"]),
    "wall_seconds": FLOATS,
    "virtual_seconds": FLOATS,
    "pods": COUNTS,
    "pods_per_second": FLOATS,
    "measures": MEASURES,
    "writes": st.dictionaries(TEXTS, COUNTS, max_size=2),
    "latencies": st.dictionaries(TEXTS, SUMMARIES, max_size=1),
    "api_calls": _several(
        ApiCalls,
        verb=TEXTS,
        resource=TEXTS,
        count=COUNTS,
        errors=COUNTS,
        latency_seconds=SUMMARIES,
        work_seconds=SUMMARIES,
    ),
    "series": _series(),
    "heat_maps": st.lists(_heat_map(), max_size=1).map(tuple),
    "resources": _several(
        ResourceUse,
        group=TEXTS,
        resource=TEXTS,
        allocatable=FLOATS,
        requested_mean=FLOATS,
        requested_max=FLOATS,
        requested_end=FLOATS,
        fragmentation_mean=FLOATS,
        fragmentation_end=FLOATS,
    ),
    "queues": _several(QueueUse, name=TEXTS, mean=FLOATS, max=COUNTS),
    "actors": _several(ActorUse, path=TEXTS, actors=COUNTS, messages=COUNTS, restarts=COUNTS),
    "pauses": st.builds(
        Pauses,
        turns=SUMMARIES,
        over_50_ms=COUNTS,
        longest=_several(Pause, seconds=FLOATS, virtual_seconds=FLOATS, step=TEXTS),
    ),
    "steps": _several(
        StepRecord,
        name=TEXTS,
        virtual_begin=FLOATS,
        virtual_end=FLOATS,
        wall_begin=FLOATS,
        wall_end=FLOATS,
    ),
    "checkpoints": _several(
        Checkpoint, name=TEXTS, virtual_seconds=FLOATS, wall_seconds=FLOATS, measures=MEASURES
    ),
    "expectations": _several(
        Outcome, measure=TEXTS, expected=TEXTS, measured=FLOATS, holds=st.booleans()
    ),
    "failure": st.none() | st.builds(Failure, TEXTS, TEXTS),
    "environment": st.builds(
        Environment, TEXTS, TEXTS, TEXTS, COUNTS, st.dictionaries(TEXTS, TEXTS, max_size=2)
    ),
}


_NOTHING = reports.empty()


@st.composite
def any_report(draw: st.DrawFn) -> Report:
    """A report with all fields drawn, from which each example leaves some out."""
    names = draw(st.lists(st.sampled_from(sorted(_FIELDS)), unique=True))
    return structs.replace(_NOTHING, **{name: draw(_FIELDS[name]) for name in names})
