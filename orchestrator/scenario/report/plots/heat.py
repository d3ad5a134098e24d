"""How full each node was over time: a raster, rows of nodes from top to bottom.

It goes by the cluster's clock, unless what happened did so within a few columns of it: what takes no
time there is drawn over the wall's clock, which passes while the cluster works.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import HeatMap
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.page import pictures
from orchestrator.scenario.report.plots.axes import (
    LEAST_SPAN,
    drawable,
    full_scale,
    label_time,
)
from orchestrator.scenario.report.plots.figure import card, draw, legend, plain
from orchestrator.scenario.report.plots.marks import Mark, legend_of
from orchestrator.scenario.report.plots.palette import RULE, SHADES

_COLUMNS: Final = 300  # what the raster resolves of time
_HEIGHT: Final = 300
_LABELS: Final = 8
_FEW: Final = 8  # columns, beside which
_LITTLE: Final = 0.1  # of the greatest change in one is all that happens


def heat_maps(found: Sequence[HeatMap], name: str, marks: tuple[Mark, ...] = ()) -> Html:
    """A picture for each resource, all by one clock."""
    wall = all(_ascending(heat.wall_seconds) and _sudden(heat) for heat in found)
    return pictures(_heat_map(h, f"{name}{i}", marks, wall=wall) for i, h in enumerate(found))


def _heat_map(heat: HeatMap, name: str, marks: tuple[Mark, ...], *, wall: bool) -> Html:
    """The picture; EMPTY if no time went by."""
    clock, times = ("wall", heat.wall_seconds) if wall else ("virtual", heat.virtual_seconds)
    if not _ascending(times) or not any(heat.values):
        return EMPTY
    begin, end = times[0], times[-1]
    raster = even(heat, times, _COLUMNS)
    shares = [value for row in raster for value in row if not math.isnan(value)]
    full = full_scale(max(shares, default=1.0))
    absent = len(shares) < len(raster) * _COLUMNS

    def paint(axes: Axes) -> None:
        shades = matplotlib.colormaps[SHADES].with_extremes(bad=RULE)
        image = axes.imshow(
            raster,
            aspect="auto",
            interpolation="none",
            cmap=shades,
            vmin=0.0,
            vmax=full,
            extent=(begin, end, len(raster) - 0.5, -0.5),
        )
        label_time(axes, clock, begin, end, marks)
        axes.grid(visible=False)
        stride = max(1, math.ceil(len(raster) / _LABELS))
        places = range(0, len(raster), stride)
        firsts = [row.partition(" … ")[0] for row in heat.rows[::stride]]
        for place in boundaries(heat.rows):
            axes.axhline(place - 0.5, color="white", lw=2.0, zorder=2.4)
        axes.set_yticks(places, [plain(row, 18) for row in firsts[: len(places)]])
        axes.set_ylim(len(raster) - 0.5, -0.5)
        bar = axes.figure.colorbar(
            image,
            ax=axes,
            ticks=[0, full / 2, full],
            format=FuncFormatter(lambda v, _: units.share(v)),
            fraction=0.04,
            pad=0.015,
        )
        bar.outline.set_visible(False)

    means = any(" … " in row for row in heat.rows)
    lines = legend_of(marks, clock, begin, end)
    return card(
        heat.resource,
        legend(lines) if lines else EMPTY,
        draw(paint, name, f"requested share of {heat.resource} by node over time", height=_HEIGHT),
        note=("requested share, rows are means" if means else "requested share of each node")
        + "; grey: not there" * absent,
    )


def boundaries(rows: Sequence[str]) -> list[int]:
    """Where a row belongs to another group of nodes than the one above it, by the names without numbers."""
    groups = [row.partition(" … ")[0].rstrip("0123456789") for row in rows]
    found = [place for place in range(1, len(groups)) if groups[place] != groups[place - 1]]
    return found if len(found) <= _LABELS else []  # of names that are all different


def even(heat: HeatMap, times: Sequence[float], columns: int) -> list[list[float]]:
    """The samples at even steps of a clock, each what the latest sample before it said."""
    begin, end = times[0], times[-1]
    step = (end - begin) / columns
    picked = [bisect_right(times, begin + step * (i + 0.5)) - 1 for i in range(columns)]
    return [[_at(row, i) for i in picked] for row in heat.values]


def _sudden(heat: HeatMap) -> bool:
    """Whether nearly all changes fall into a few even parts of the cluster's time."""
    times = heat.virtual_seconds
    if not _ascending(times) or not heat.values:
        return True
    table = np.array([[_at(row, i) for i in range(len(times))] for row in heat.values])
    changes = np.abs(np.diff(np.nan_to_num(table), axis=1)).sum(axis=0)
    parts = (np.array(times[1:]) - times[0]) / (times[-1] - times[0]) * (_COLUMNS - 1)
    held = np.sort(np.bincount(parts.astype(int), weights=changes, minlength=_COLUMNS))
    return bool(held[:-_FEW].sum() <= _LITTLE * held[-1])


def _at(row: Sequence[float | None], place: int) -> float:
    value = row[place] if place < len(row) else None
    return value if drawable(value) else math.nan


def _ascending(times: tuple[float, ...]) -> bool:
    finite = len(times) > 1 and all(drawable(t) for t in times)
    return finite and times[-1] - times[0] > LEAST_SPAN and list(times) == sorted(times)
