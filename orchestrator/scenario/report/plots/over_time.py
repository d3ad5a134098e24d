"""Measures over the time of a run: latencies, writes, messages, restarts, memory."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes

from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.page import pictures
from orchestrator.scenario.report.plots.axes import (
    TimeAxis,
    column,
    drawable,
    label_time,
    locate_measure,
    main_axis,
)
from orchestrator.scenario.report.plots.figure import card, draw, legend
from orchestrator.scenario.report.plots.marks import Mark
from orchestrator.scenario.report.plots.palette import colour

MESSAGES: Final = "messages/"
_HEIGHT: Final = 190
_MOST_KINDS: Final = 6
_LATENCIES: Final = {
    "schedulingSecondsP99": "scheduling",
    "podStartSecondsP99": "start",
    "podStartAllSecondsP99": "start of all",
    "podReadySecondsP99": "ready",
}
_CALLS: Final = {"apiReadSecondsP99": "reading", "apiWriteSecondsP99": "writing"}


def over_time(series: Series, name: str, marks: tuple[Mark, ...] = ()) -> Html:
    """A picture for each measure that was ever more than nothing."""
    axis = main_axis(series, marks)
    if axis is None:
        return pictures(())
    asked: list[tuple[str, dict[str, str]]] = [
        ("Replicas that were missing", {"replicasMissing": ""}),
        ("Pod latencies so far, p99", _LATENCIES),
        ("Waits for API calls so far, p99", _CALLS),
        ("Messages handled, busiest kinds", _busiest(series)),
        ("Writes per pod so far", {"writesPerPod": ""}),
        ("Restarts of present pods", {"restarts": ""}),
        ("Memory", {"memoryBytes": ""}),
    ]
    return pictures(
        _lines(series, axis, title, lines, f"{name}{index}")
        for index, (title, lines) in enumerate(asked)
        if any(_positive(series, column_name) for column_name in lines)
    )


def _busiest(series: Series) -> dict[str, str]:
    """The columns of the actors that handled most, by what they are called."""
    kinds = [n for n in series.columns if n.startswith(MESSAGES) and _positive(series, n)]
    kinds.sort(key=lambda n: -max(v for v in series.columns[n] if drawable(v)))
    return {kind: kind.removeprefix(MESSAGES) for kind in kinds[:_MOST_KINDS]}


def _lines(
    series: Series,
    axis: TimeAxis,
    title: str,
    lines: dict[str, str],
    name: str,
) -> Html:
    def paint(axes: Axes) -> None:
        for index, column_name in enumerate(lines):
            values = column(series, column_name, axis)
            axes.plot(axis.seconds, values, color=colour(index), lw=1.3, drawstyle="steps-post")
        label_time(axes, axis.clock, *axis.span, axis.marks)
        axes.set_ylim(bottom=0)
        locate_measure(axes, next(iter(lines), ""))

    drawn = draw(paint, name, f"{title} over {axis.clock} time", height=_HEIGHT)
    return card(title, _legend(list(lines.values())), drawn)


def _legend(labels: Sequence[str]) -> Html:
    if len(labels) < 2:
        return EMPTY
    return legend([(label, colour(index), "solid") for index, label in enumerate(labels)])


def _positive(series: Series, name: str) -> bool:
    return any(value > 0 for value in series.columns.get(name, ()) if drawable(value))
