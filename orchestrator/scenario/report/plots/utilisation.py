"""How much of each resource was requested over time, and how much of what was free was of no use."""

import math
from typing import Final

from matplotlib.axes import Axes

from orchestrator.scenario.report import units
from orchestrator.scenario.report.markup import Html, join
from orchestrator.scenario.report.model import Series
from orchestrator.scenario.report.plots.axes import TimeAxis, column, label_shares, label_time
from orchestrator.scenario.report.plots.figure import card, draw, legend
from orchestrator.scenario.report.plots.palette import colour

REQUESTED: Final = "requested/"
FRAGMENTATION: Final = "fragmentation/"
GROUPS: Final = 7  # as many as there are colours; the table has them all


def resources(series: Series) -> tuple[str, ...]:
    """The resources of which the series has columns, in its order. A resource may have a slash in
    its name (`nvidia.com/gpu`), a group of nodes has none.
    """
    found = (name.removeprefix(REQUESTED) for name in series.columns if name.startswith(REQUESTED))
    return tuple(dict.fromkeys(name.rpartition("/")[0] for name in found))


def utilisation(
    series: Series,
    axis: TimeAxis,
    resource: str,
    name: str,
    *,
    title: str | None = None,
    span: tuple[float, float] | None = None,
) -> Html:
    """The picture of one resource, a line for each group of nodes."""
    groups = _groups(series, resource)
    shown = groups[:GROUPS]
    fragmented = [
        g
        for g in shown
        if any(v > 0 for v in series.columns.get(_column(FRAGMENTATION, resource, g), ()))
    ]
    begin, end = span or axis.span

    def paint(axes: Axes) -> None:
        highest = 1.0
        for index, group in enumerate(shown):
            values = column(series, _column(REQUESTED, resource, group), axis)
            highest = max([highest, *(v for v in values if math.isfinite(v))])
            axes.plot(axis.seconds, values, color=colour(index), drawstyle="steps-post")
            if group in fragmented:
                lost = column(series, _column(FRAGMENTATION, resource, group), axis)
                axes.plot(axis.seconds, lost, color=colour(index), ls="dotted", lw=1.3)
        label_time(axes, axis.clock, begin, end)
        label_shares(axes, highest)

    entries = [(group, colour(i), "solid") for i, group in enumerate(shown)]
    if fragmented:
        entries.append(("fragmented", colour(0), "dotted"))
    rest = f"and {units.number(len(groups) - len(shown))} groups more" * (len(groups) > len(shown))
    return card(
        title or resource,
        legend(entries),
        draw(paint, name, f"requested share of {resource} over {axis.clock} time"),
        note=rest,
    )


def all_resources(series: Series, axis: TimeAxis, name: str) -> Html:
    """A picture for each resource."""
    return join(
        utilisation(series, axis, resource, f"{name}{i}")
        for i, resource in enumerate(resources(series))
    )


def _groups(series: Series, resource: str) -> list[str]:
    start = _column(REQUESTED, resource, "")
    found = (name.removeprefix(start) for name in series.columns if name.startswith(start))
    return [group for group in found if "/" not in group]


def _column(kind: str, resource: str, group: str) -> str:
    return f"{kind}{resource}/{group}"
