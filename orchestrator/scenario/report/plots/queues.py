"""How many waited in each queue over time."""

from typing import Final

from matplotlib.axes import Axes

from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.markup import Html
from orchestrator.scenario.report.page import pictures
from orchestrator.scenario.report.plots.axes import (
    TimeAxis,
    column,
    drawable,
    label_counts,
    label_time,
    time_axes,
)
from orchestrator.scenario.report.plots.figure import card, draw
from orchestrator.scenario.report.plots.marks import Mark
from orchestrator.scenario.report.plots.palette import BLUE

QUEUE: Final = "queue/"
_HEIGHT: Final = 160
_MOST: Final = 12


def queues(series: Series, name: str, marks: tuple[Mark, ...] = ()) -> Html:
    """A picture for each queue in which anybody ever waited, each with a scale of its own; the longest
    first, and only so many: the table has all.
    """
    axes = time_axes(series, marks)
    used = [n for n, values in series.columns.items() if n.startswith(QUEUE) and _positive(values)]
    if not axes:
        return pictures(())
    used.sort(key=lambda n: -max(filter(drawable, series.columns[n])))
    return pictures(_queue(series, axes[-1], n, f"{name}{i}") for i, n in enumerate(used[:_MOST]))


def _queue(series: Series, axis: TimeAxis, queue: str, name: str) -> Html:
    title = queue.removeprefix(QUEUE)

    def paint(axes: Axes) -> None:
        values = column(series, queue, axis)
        axes.fill_between(axis.seconds, values, step="post", color=BLUE, alpha=0.3, linewidth=0)
        axes.plot(axis.seconds, values, color=BLUE, drawstyle="steps-post", lw=1.2)
        label_time(axes, axis.clock, *axis.span, axis.marks)
        label_counts(axes)

    return card(title, draw(paint, name, f"{title} over {axis.clock} time", height=_HEIGHT))


def _positive(values: tuple[float | None, ...]) -> bool:
    return any(value > 0 for value in values if drawable(value))
