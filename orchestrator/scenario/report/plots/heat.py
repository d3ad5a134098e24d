"""How full each node was over time: a raster, rows of nodes from top to bottom."""

import math
from bisect import bisect_right
from typing import Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from orchestrator.scenario.report import units
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.model import HeatMap
from orchestrator.scenario.report.plots.axes import LEAST_SPAN, drawable, label_time
from orchestrator.scenario.report.plots.figure import card, draw, plain
from orchestrator.scenario.report.plots.palette import RULE, SHADES

_COLUMNS: Final = 300  # what the raster resolves of time
_HEIGHT: Final = 300
_LABELS: Final = 8


def heat_map(heat: HeatMap, name: str, *, title: str | None = None) -> Html:
    """The picture; EMPTY if no time went by."""
    times = heat.virtual_seconds
    if len(times) < 2 or not _ascending(times) or not any(heat.values):
        return EMPTY
    begin, end = times[0], times[-1]
    raster = even(heat, _COLUMNS)
    absent = any(math.isnan(value) for row in raster for value in row)

    def paint(axes: Axes) -> None:
        shades = matplotlib.colormaps[SHADES].with_extremes(bad=RULE)
        image = axes.imshow(
            raster,
            aspect="auto",
            interpolation="none",
            cmap=shades,
            vmin=0.0,
            vmax=1.0,
            extent=(begin, end, len(raster) - 0.5, -0.5),
        )
        label_time(axes, "virtual", begin, end)
        axes.grid(visible=False)
        stride = max(1, math.ceil(len(raster) / _LABELS))
        places = range(0, len(raster), stride)
        axes.set_yticks(places, [plain(row, 18) for row in heat.rows[::stride][: len(places)]])
        bar = axes.figure.colorbar(
            image,
            ax=axes,
            ticks=[0, 0.5, 1],
            format=FuncFormatter(lambda v, _: units.share(v)),
            fraction=0.04,
            pad=0.015,
        )
        bar.outline.set_visible(False)

    return card(
        title or heat.resource,
        draw(paint, name, f"requested share of {heat.resource} by node over time", height=_HEIGHT),
        note="requested share of each node" + ", grey: no such node" * absent,
    )


def even(heat: HeatMap, columns: int) -> list[list[float]]:
    """The samples at even steps of time, each what the latest sample before it said."""
    begin, end = heat.virtual_seconds[0], heat.virtual_seconds[-1]
    step = (end - begin) / columns
    picked = [
        bisect_right(heat.virtual_seconds, begin + step * (i + 0.5)) - 1 for i in range(columns)
    ]
    return [
        [row[i] if i < len(row) and drawable(row[i]) else math.nan for i in picked]
        for row in heat.values
    ]


def _ascending(times: tuple[float, ...]) -> bool:
    finite = all(drawable(t) for t in times)
    return finite and times[-1] - times[0] > LEAST_SPAN and list(times) == sorted(times)
