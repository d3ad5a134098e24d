"""How many pods a second were scheduled and started, from counts that only grow.

Samples come at uneven times, so a rate from one to the next would jump by what it was divided by.
The span is cut into equal parts instead, and the rate is the mean over each.
"""

import math
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from msgspec import Struct

from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.plots.axes import TimeAxis, column, label_counts, label_time
from orchestrator.scenario.report.plots.figure import card, draw, legend
from orchestrator.scenario.report.plots.palette import BLUE, ORANGE

PARTS: Final = 60
_UNITS: Final = (("second", 1.0), ("minute", 60.0), ("hour", 3600.0), ("day", 86_400.0))
_LINES: Final = (("podsScheduled", "scheduled", ORANGE), ("podsStarted", "started", BLUE))


class Rates(Struct, frozen=True):
    """Mean rates between edges."""

    edges: list[float]
    values: list[float]


def rates(seconds: tuple[float, ...], counts: list[float]) -> Rates | None:
    """The mean growth a second in equal parts of the span; None if nothing is known of it."""
    known = {t: c for t, c in zip(seconds, counts, strict=True) if math.isfinite(c)}
    if len(known) < 2:
        return None
    times = list(known)
    known[times[0]] = min(c for t, c in zip(seconds, counts, strict=True) if t == times[0])
    edges = np.linspace(times[0], times[-1], min(PARTS, max(len(times) - 1, 1)) + 1)
    grown = np.diff(np.interp(edges, times, list(known.values())))
    with np.errstate(all="ignore"):  # a span of some 1e-308 s
        values = grown / np.diff(edges)
    return Rates(edges.tolist(), np.nan_to_num(values, posinf=0.0).tolist())


def highest_rate(series: Series, axis: TimeAxis) -> float:
    """The highest rate of all lines."""
    found = [rates(axis.seconds, column(series, name, axis)) for name, _, _ in _LINES]
    return max((max(each.values) for each in found if each), default=0.0)


def throughput(
    series: Series,
    axis: TimeAxis,
    name: str,
    *,
    title: str = "",
    span: tuple[float, float] | None = None,
    top: float | None = None,
) -> Html:
    """The picture by one clock; `span` and `top` (pods a second) are axes that several pictures
    share.
    """
    lines = [
        (rate, label, colour)
        for each, label, colour in _LINES
        if (rate := rates(axis.seconds, column(series, each, axis))) is not None
    ]
    if not lines or highest_rate(series, axis) <= 0:
        return EMPTY
    begin, end = span or axis.span
    highest = top or highest_rate(series, axis)
    unit, factor = _unit_of(highest)

    def paint(axes: Axes) -> None:
        for width, (rate, _, colour) in zip((2.8, 1.3), lines, strict=False):  # both are seen
            values = [value * factor for value in rate.values]
            axes.stairs(values, rate.edges, color=colour, linewidth=width, baseline=None)
        label_time(axes, axis.clock, begin, end, axis.marks)
        label_counts(axes, top=highest * factor * 1.08)

    return card(
        title or f"Pods per {unit}",
        legend([(label, colour, "solid") for _, label, colour in lines] + axis.legend(begin, end)),
        draw(paint, name, f"pods scheduled and started per {unit} over {axis.clock} time"),
        note=f"pods per {unit}" * bool(title),
    )


def _unit_of(rate: float) -> tuple[str, float]:
    """The shortest time in which something happens at that rate a second, and its seconds."""
    return next((unit for unit in _UNITS if rate * unit[1] >= 1), _UNITS[-1])
