"""One column of several runs on one pair of axes, and measures over the settings of a sweep."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from msgspec import Struct

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.model import Spread
from orchestrator.scenario.report.plots.axes import (
    TimeAxis,
    column,
    label_counts,
    label_time,
    locate_measure,
    time_axes,
)
from orchestrator.scenario.report.plots.figure import card, draw, legend
from orchestrator.scenario.report.plots.palette import BLUE, INK, colour

_HEIGHT: Final = 190
_MOST_TICKS: Final = 6  # each setting has one if there are so few
_MOST_VALUES: Final = 8  # bars with their values in words


class Curve(Struct, frozen=True):
    """A run's series; the runs of one thing have its name and its colour."""

    name: str
    colour: str
    series: Series


def curves(title: str, runs: Sequence[Curve], name: str, clock: str, column_name: str) -> Html:
    """The column of each run by one clock."""
    known = [
        (run, axis)
        for run in runs
        for axis in time_axes(run.series)
        if axis.clock == clock and column_name in run.series.columns
    ]
    if not known:
        return EMPTY
    begin, end = shared_span([axis for _, axis in known])

    def paint(axes: Axes) -> None:
        for run, axis in known:
            values = column(run.series, column_name, axis)
            axes.plot(axis.seconds, values, color=run.colour, lw=1.3, drawstyle="steps-post")
        label_time(axes, clock, begin, end)
        label_counts(axes)

    entries = dict.fromkeys((run.name, run.colour, "solid") for run, _ in known)
    return card(title, legend(list(entries)), draw(paint, name, f"{title} over {clock} time"))


def shared_span(axes: Sequence[TimeAxis]) -> tuple[float, float]:
    """The time that holds all of theirs."""
    return min(axis.span[0] for axis in axes), max(axis.span[1] for axis in axes)


def over_parameter(
    measure: str,
    parameter: str,
    lines: Sequence[tuple[str, Sequence[tuple[float, Spread]]]],
    name: str,
    title: str,
) -> Html:
    """A measure's mean over a parameter's values, each with its deviation; a line for each setting
    of the other parameters.
    """

    def paint(axes: Axes) -> None:
        for index, (_, points) in enumerate(lines):
            axes.errorbar(
                [x for x, _ in points],
                [spread.mean for _, spread in points],
                yerr=[spread.deviation or 0.0 for _, spread in points],
                color=colour(index),
                marker="o",
                markersize=4,
                capsize=3,
            )
        places = sorted({x for _, points in lines for x, _ in points})
        even = len(places) > _MOST_TICKS
        axes.xaxis.set_major_locator(MaxNLocator(_MOST_TICKS) if even else FixedLocator(places))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: units.number(round(x, 9))))
        axes.set_xlabel(parameter, loc="right")
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, 0), high + 0.08 * (high - min(low, 0)))
        locate_measure(axes, measure)

    named = [(label, colour(i), "solid") for i, (label, _) in enumerate(lines) if label]
    return card(
        title,
        legend(named) if named else EMPTY,
        draw(paint, name, f"{measure} over {parameter}", height=_HEIGHT),
    )


def as_bars(measure: str, bars: Sequence[tuple[str, Spread | None]], name: str, title: str) -> Html:
    """A measure's mean in each setting, where the settings are not numbers; None leaves a gap."""

    def paint(axes: Axes) -> None:
        known = [(place, spread) for place, (_, spread) in enumerate(bars) if spread is not None]
        axes.bar(
            [place for place, _ in known],
            [spread.mean for _, spread in known],
            color=BLUE,
            width=0.6,
        )
        for place, spread in known:
            if spread.deviation:  # one run has none
                axes.errorbar(place, spread.mean, spread.deviation, ecolor=INK, capsize=3)
        if len(bars) <= _MOST_VALUES:
            _write_values(axes, measure, known)
        axes.set_xlim(-0.5, len(bars) - 0.5)
        axes.set_xticks(range(len(bars)), [label for label, _ in bars])
        locate_measure(axes, measure)

    return card(title, draw(paint, name, f"{measure} by setting", height=_HEIGHT))


def _write_values(axes: Axes, measure: str, known: Sequence[tuple[int, Spread]]) -> None:
    """Each bar's height in words at its foot, where no whisker is."""
    for place, spread in known:
        axes.text(
            place,
            0.04,
            units.of_measure(measure, spread.mean),
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=10,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2.5},
        )
