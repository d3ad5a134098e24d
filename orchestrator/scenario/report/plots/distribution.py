"""A distribution of seconds: its histogram with quantiles, or several as cumulative curves.

Buckets grow by a fixed factor, so on a logarithmic axis they are of equal width and the heights of
the bars compare. What took no time has no place on that axis, and the caption tells how much that was.
"""

import itertools
from typing import Final

from matplotlib.axes import Axes
from msgspec import Struct

from orchestrator.scenario import units
from orchestrator.scenario.measures.distribution import FACTOR
from orchestrator.scenario.measures.figures import Summary
from orchestrator.scenario.report.markup import EMPTY, Html, element
from orchestrator.scenario.report.plots.axes import (
    label_counts,
    label_log_seconds,
    label_shares,
)
from orchestrator.scenario.report.plots.figure import card, draw, legend
from orchestrator.scenario.report.plots.palette import INK, SKY, VERMILION

_TINY: Final = 1e-12  # seconds: what is shorter is none
_HUGE: Final = 1e12
_QUANTILES: Final = (("p50", "dotted"), ("p90", "dashed"), ("p99", "solid"))


class Bars(Struct, frozen=True):
    """Buckets with both bounds, and what lay at zero."""

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    counts: tuple[int, ...]
    at_zero: int


def bars(summary: Summary) -> Bars:
    """The buckets that a logarithmic axis can show."""
    shown = [(b, n) for b, n in summary.buckets if _TINY < b < _HUGE and n > 0]
    at_zero = sum(n for b, n in summary.buckets if b <= _TINY and n > 0)
    highs = [b for b, _ in shown]
    ratios = [b / a for a, b in itertools.pairwise(highs) if b > a]
    factor = min([FACTOR, *ratios])  # there may be no two neighbours among them
    lows = [high / factor for high in highs]
    return Bars(tuple(lows), tuple(highs), tuple(n for _, n in shown), at_zero)


def histogram(
    title: str, summary: Summary, name: str, *, limit: tuple[float, str] | None = None
) -> Html:
    """The histogram; `limit` is a bound in seconds that is drawn too, with its name."""
    if not summary.count:
        return EMPTY
    shown = bars(summary)
    facts = element("p", _facts(summary, shown.at_zero), class_="note")
    if len(shown.counts) < 2:
        if shown.at_zero and shown.counts:
            told = ", ".join(f"{q} {units.seconds(getattr(summary, q))}" for q, _ in _QUANTILES)
            return card(title, facts, element("p", told, class_="note"))
        return card(title, facts)  # which say more than one bar
    edges = [*shown.lows, *shown.highs, *([limit[0]] if limit else [])]

    def paint(axes: Axes) -> None:
        widths = [high - low for low, high in zip(shown.lows, shown.highs, strict=True)]
        axes.bar(shown.lows, shown.counts, widths, align="edge", color=SKY, linewidth=0)
        for quantile, line in _QUANTILES:
            axes.axvline(_within(getattr(summary, quantile), edges), color=INK, ls=line, lw=1.2)
        if limit:
            axes.axvline(limit[0], color=VERMILION, lw=1.6)
        label_log_seconds(axes, min(edges) / 1.1, max(edges) * 1.1)
        label_counts(axes)

    entries = [
        (f"{quantile} {units.seconds(getattr(summary, quantile))}", INK, line)
        for quantile, line in _QUANTILES
    ]
    if limit:
        entries.append((limit[1], VERMILION, "solid"))
    drawing = draw(paint, name, f"histogram of {title}")
    return card(title, legend(entries), drawing, facts, note="how many took how long")


def cumulative(title: str, curves: list[tuple[str, str, Summary]], name: str) -> Html:
    """Of several distributions, each (name, colour, summary), the share that is as short or shorter."""
    known = [(n, c, s, b) for n, c, s in curves if (b := bars(s)).counts]
    if not known:
        return EMPTY

    def paint(axes: Axes) -> None:
        low = min(b.lows[0] for *_, b in known) / 1.1
        high = max(b.highs[-1] for *_, b in known) * 1.1
        for _, colour, _, each in known:
            total = each.at_zero + sum(each.counts)
            reached, xs, ys = each.at_zero, [low], [each.at_zero / total]
            for begin, end, count in zip(each.lows, each.highs, each.counts, strict=True):
                xs += [begin, end]
                ys += [reached / total, (reached + count) / total]
                reached += count
            axes.plot([*xs, high], [*ys, 1.0], color=colour)
        label_log_seconds(axes, low, high)
        label_shares(axes)

    entries = [(f"{n} · p99 {units.seconds(s.p99)}", c, "solid") for n, c, s, _ in known]
    return card(title, legend(entries), draw(paint, name, f"cumulative distribution of {title}"))


def _facts(summary: Summary, at_zero: int) -> str:
    text = (
        f"{units.number(summary.count)} in all, mean {units.seconds(summary.mean)}, "
        f"longest {units.seconds(summary.max)}"
    )
    return f"{text}; {units.number(at_zero)} took no time on this clock" if at_zero else text


def _within(value: float, edges: list[float]) -> float:
    """A quantile at zero stands at the axis' left end."""
    return min(max(value, min(edges) / 1.1), max(edges) * 1.1)
