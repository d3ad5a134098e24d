"""Pods by phase over time, stacked."""

import math

from matplotlib.axes import Axes

from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.plots.axes import (
    TimeAxis,
    column,
    drawable,
    label_counts,
    label_time,
)
from orchestrator.scenario.report.plots.figure import card, draw, legend
from orchestrator.scenario.report.plots.palette import PHASES


def most_pods(series: Series) -> float:
    """The height of the stack."""
    columns = [series.columns[name] for name in PHASES if name in series.columns]
    sums = (sum(v for v in each if drawable(v)) for each in zip(*columns, strict=False))
    return max(sums, default=0.0)


def phases(
    series: Series,
    axis: TimeAxis,
    name: str,
    *,
    title: str = "Pods by phase",
    span: tuple[float, float] | None = None,
    top: float | None = None,
) -> Html:
    """The picture by one clock; `span` and `top` are axes that several pictures share."""
    shown = [phase for phase in PHASES if any(_positive(series.columns.get(phase, ())))]
    if not shown:
        return EMPTY
    begin, end = span or axis.span
    highest = top or most_pods(series) * 1.05

    def paint(axes: Axes) -> None:
        stack = [
            [v if math.isfinite(v) else 0.0 for v in column(series, phase, axis)] for phase in shown
        ]
        axes.stackplot(
            axis.seconds, stack, colors=[PHASES[phase][1] for phase in shown], step="post"
        )
        label_time(axes, axis.clock, begin, end, axis.marks)
        label_counts(axes, top=highest)

    entries = [(PHASES[phase][0], PHASES[phase][1], "area") for phase in reversed(shown)]
    entries += axis.legend(begin, end)
    return card(title, legend(entries), draw(paint, name, f"pods by phase over {axis.clock} time"))


def _positive(values: tuple[float | None, ...]) -> list[bool]:
    return [value > 0 for value in values if drawable(value)]
