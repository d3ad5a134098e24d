"""Axes of time, of seconds on a logarithm, of shares: their range, their ticks, their letters."""

import math
from collections.abc import Sequence
from typing import Any, Final, TypeGuard

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from msgspec import Struct

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import Series
from orchestrator.scenario.report.plots.marks import Mark, draw_marks, legend_of

_UNITS: Final = ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))
_STEPS: Final = {
    "days": [1, 2, 3, 5, 10],
    "hours": [1, 1.2, 2, 3, 6, 10],
    "minutes": [1, 1.5, 2, 3, 5, 10],
}
_LONG: Final = 3  # an axis shows a unit of which it holds at least so many
_MOST: Final = 1e15
LEAST_SPAN: Final = 1e-9  # seconds: what is shorter is one moment
_DISTINCT: Final = 0.5
_SMALL: Final = ((1e-3, "milliseconds"), (1e-6, "microseconds"))
_SMALL_SHARE: Final = 0.4  # and less would lie flat on an axis that reaches 100 %
_DECADES: Final = 1.3  # from here on, a logarithmic axis has ticks at powers of ten


def drawable(value: float | None) -> TypeGuard[float]:
    """Whether there is a number, one that a run can have measured and axes can show."""
    return value is not None and math.isfinite(value) and abs(value) <= _MOST


class TimeAxis(Struct, frozen=True, kw_only=True):
    """A clock, and what it said at each sample."""

    clock: str  # virtual, wall
    seconds: tuple[float, ...]
    samples: tuple[int, ...]  # those that have a time: indices into the series' columns
    marks: tuple[Mark, ...] = ()  # that its pictures show

    def legend(self, begin: float, end: float) -> list[tuple[str, str, str]]:
        """What the marks of a picture mean that reaches from one second to another."""
        return legend_of(self.marks, self.clock, begin, end)

    @property
    def span(self) -> tuple[float, float]:
        """Its first and last second."""
        return self.seconds[0], self.seconds[-1]


def time_axes(
    series: Series, marks: tuple[Mark, ...] = (), *, real: bool = False
) -> tuple[TimeAxis, ...]:
    """The clocks by which the series can be drawn: those that moved on between its samples.

    Both are drawn where both moved. The cluster's clock says what the cluster did; the wall's says
    what it cost, also of what took place in a virtual instant. A run in real time has one clock.
    """
    both = (("virtual", series.virtual_seconds), ("wall", series.wall_seconds))
    found = []
    for clock, seconds in both[1:] if real else both:
        samples = tuple(i for i, second in enumerate(seconds) if drawable(second))
        known = tuple(seconds[i] for i in samples)
        if known and known[-1] - known[0] > LEAST_SPAN and list(known) == sorted(known):
            found.append(TimeAxis(clock=clock, seconds=known, samples=samples, marks=marks))
    return tuple(found)


def main_axis(
    series: Series, marks: tuple[Mark, ...] = (), *, real: bool = False
) -> TimeAxis | None:
    """The clock for a picture that is drawn once: the cluster's, unless most samples fall into
    moments that it does not tell apart.
    """
    axes = time_axes(series, marks, real=real)
    if not axes:
        return None
    moments = len(set(axes[0].seconds)) / len(axes[0].seconds)
    return axes[0] if moments >= _DISTINCT else axes[-1]


def column(series: Series, name: str, axis: TimeAxis) -> list[float]:
    """A column at the axis' samples; what cannot be drawn is a gap."""
    values = series.columns.get(name, ())
    known = (values[i] if i < len(values) else math.nan for i in axis.samples)
    return [value if drawable(value) else math.nan for value in known]


def label_time(
    axes: Axes, clock: str, begin: float, end: float, marks: tuple[Mark, ...] = ()
) -> None:
    """Make the x axis one of seconds: its range, ticks in the unit that suits its length, and lines at the
    moments that are marked.
    """
    draw_marks(axes, marks, clock, begin, end)
    factor, unit = unit_of(end - begin)
    axes.set_xlim(begin, end)
    whole = unit in _STEPS  # of which people do not think in tenths
    locator = MaxNLocator(6, steps=_STEPS.get(unit, [1, 2, 5, 10]), integer=whole)
    ticks = [
        t * factor
        for t in locator.tick_values(begin / factor, end / factor)
        if begin <= t * factor <= end
    ]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: units.number(round(x / factor, 9))))
    axes.set_xlabel(f"{clock} time, {unit}", loc="right")


def unit_of(span: float) -> tuple[float, str]:
    """The unit of an axis of so many seconds, and how many seconds it has."""
    for factor, unit in _UNITS:
        if span >= factor * _LONG:
            return factor, unit
    if span >= 1:
        return 1.0, "seconds"
    for factor, unit in _SMALL:
        if span >= factor:
            return factor, unit
    return 1e-9, "nanoseconds"


class RoundIn(MaxNLocator):
    """Ticks at round numbers of the unit in which the axis is read: `2 min` and `256 MiB`, where a round
    number of seconds or bytes would read 3.33 min and 95.4 MiB.
    """

    def __init__(self, units_: units.Scale) -> None:
        super().__init__(4, steps=[1, 1.5, 2, 2.5, 3, 5, 10])
        self._units = units_

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The ticks of an axis from one value to another."""
        unit, _ = units.unit_for(self._units, vmax)
        return [tick * unit for tick in super().tick_values(vmin / unit, vmax / unit)]


def locate_measure(axes: Axes, measure: str) -> None:
    """Make the y axis one of a measure, in the unit that its name and its greatest value tell."""
    scale = units.scale_of_measure(measure)

    def write(value: float, _: object) -> str:
        unit, name = units.unit_for(scale, axes.get_ylim()[1])
        if not name:
            return units.of_measure(measure, value)
        return f"{units.number(round(value / unit, 9))} {name}"

    axes.yaxis.set_major_locator(RoundIn(scale))
    axes.yaxis.set_major_formatter(FuncFormatter(write))


def label_counts(axes: Axes, label: str = "", top: float | None = None) -> None:
    """Make the y axis one of counts from zero."""
    axes.set_ylim(0, top if top else None)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: units.number(round(y, 9))))
    if label:
        axes.set_ylabel(label)


def full_scale(highest: float) -> float:
    """The end of a scale of shares: all, or a round number above the highest if that is much less."""
    if not 0 < highest <= _SMALL_SHARE:
        return max(highest, 1.0)
    power = 10.0 ** math.floor(math.log10(highest))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= highest * (1 - 1e-9))


def label_shares(axes: Axes, top: float = 1.0) -> None:
    """Make the y axis one of shares from nothing to `top`."""
    axes.set_ylim(0, top * 1.02)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: units.share(y)))


def label_log_seconds(axes: Axes, low: float, high: float) -> None:
    """Make the x axis a logarithm of seconds, with ticks where a person would put them."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: units.seconds(x)))


def log_ticks(low: float, high: float) -> list[float]:
    """From three to seven ticks: powers of ten, with 2 and 5 times them, or even steps."""
    decades = math.log10(high / low)
    if decades < _DECADES / 2:
        ticks: Sequence[float] = [float(t) for t in MaxNLocator(4).tick_values(low, high)]
    else:
        steps = (1, 2, 5) if decades < _DECADES else (1, 3) if decades < 3 else (1,)
        stride = max(1, math.ceil(decades / 6))
        first = math.floor(math.log10(low))
        last = math.ceil(math.log10(high))
        ticks = [s * 10.0**e for e in range(first, last + 1, stride) for s in steps]
    return [t for t in ticks if low <= t <= high and t > 0]
