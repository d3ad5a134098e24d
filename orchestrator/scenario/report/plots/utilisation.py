"""How much of each resource was requested over time, and how much of what was free was of no use."""

import math
from typing import Final

from matplotlib.axes import Axes

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.markup import Html, join
from orchestrator.scenario.report.plots.axes import (
    TimeAxis,
    column,
    drawable,
    full_scale,
    label_shares,
    label_time,
)
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
    top: float = 1.0,
) -> Html:
    """The picture of one resource, a line for each group of nodes; `top` is its scale's least end."""
    groups = _groups(series, resource)
    shown = groups[:GROUPS]
    fragmented = [g for g in shown if _highest(series, _column(FRAGMENTATION, resource, g)) > 0]
    begin, end = span or axis.span

    def paint(axes: Axes) -> None:
        highest = top
        for index, group in enumerate(shown):
            values = column(series, _column(REQUESTED, resource, group), axis)
            highest = max([highest, *(v for v in values if math.isfinite(v))])
            axes.plot(axis.seconds, values, color=colour(index), drawstyle="steps-post")
            if group in fragmented:
                lost = column(series, _column(FRAGMENTATION, resource, group), axis)
                axes.plot(axis.seconds, lost, color=colour(index), ls="dotted", lw=1.3)
        label_time(axes, axis.clock, begin, end, axis.marks)
        label_shares(axes, highest)

    entries = [(group, colour(i), "solid") for i, group in enumerate(shown)]
    if fragmented:
        entries.append(("fragmented", colour(0), "dotted"))
    entries += axis.legend(begin, end)
    rest = f"and {units.number(len(groups) - len(shown))} groups more" * (len(groups) > len(shown))
    return card(
        title or resource,
        legend(entries),
        draw(paint, name, f"requested share of {resource} over {axis.clock} time"),
        note=rest,
    )


def all_resources(series: Series, axis: TimeAxis, name: str) -> Html:
    """A picture for each resource of which anything was requested."""
    parts = []
    for index, resource in enumerate(resources(series)):
        groups = _groups(series, resource)[:GROUPS]
        requested = max(
            (_highest(series, _column(REQUESTED, resource, g)) for g in groups), default=0
        )
        lost = max(
            (_highest(series, _column(FRAGMENTATION, resource, g)) for g in groups), default=0
        )
        if requested > 0:
            top = full_scale(max(requested, lost))
            parts.append(utilisation(series, axis, resource, f"{name}{index}", top=top))
    return join(parts)


def _groups(series: Series, resource: str) -> list[str]:
    start = _column(REQUESTED, resource, "")
    found = (name.removeprefix(start) for name in series.columns if name.startswith(start))
    return [group for group in found if "/" not in group]


def _highest(series: Series, name: str) -> float:
    return max((v for v in series.columns.get(name, ()) if drawable(v)), default=0.0)


def _column(kind: str, resource: str, group: str) -> str:
    return f"{kind}{resource}/{group}"
