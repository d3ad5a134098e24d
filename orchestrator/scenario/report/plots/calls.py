"""The calls to the API server that are most, and those that cost most, as bars."""

from collections.abc import Callable, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import ApiCalls
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.plots.axes import drawable
from orchestrator.scenario.report.plots.figure import card, draw, plain
from orchestrator.scenario.report.plots.palette import BLUE, ORANGE

TOP: Final = 10
_ROW: Final = 21  # pixels


def by_count(calls: Sequence[ApiCalls], name: str) -> Html:
    """The calls that are most."""
    most = sorted(calls, key=lambda c: (-c.count, c.resource, c.verb))
    rows = [(f"{c.verb} {c.resource}", float(c.count)) for c in most]
    return _bars("Most calls", rows, units.number, BLUE, name)


def by_work(calls: Sequence[ApiCalls], name: str) -> Html:
    """The calls on which the API server spent most of the wall's time."""
    rows = [(f"{c.verb} {c.resource}", c.count * c.work_seconds.mean) for c in calls]
    rows = sorted((r for r in rows if drawable(r[1])), key=lambda r: (-r[1], r[0]))
    return _bars("Most work for the API server, wall time", rows, units.seconds, ORANGE, name)


def _bars(
    title: str,
    rows: list[tuple[str, float]],
    written: Callable[[float], str],
    colour: str,
    name: str,
) -> Html:
    top = [(label, value) for label, value in rows if value > 0][:TOP]
    if not top:
        return EMPTY

    def paint(axes: Axes) -> None:
        places = range(len(top))
        values = [value for _, value in top]
        axes.barh(places, values, height=0.66, color=colour)
        for place, value in zip(places, values, strict=True):
            axes.annotate(
                written(value), (value, place), (4, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(places, [plain(label, 30) for label, _ in top])
        axes.set_ylim(len(top) - 0.4, -0.6)
        axes.set_xlim(0, max(values) * 1.2)  # room for the number beside the longest bar
        axes.xaxis.set_major_locator(NullLocator())
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)

    return card(title, draw(paint, name, title, height=24 + _ROW * len(top)))
