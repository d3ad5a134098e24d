"""The steps of a run as bars on a line of time, with its checkpoints."""

from collections.abc import Sequence
from typing import Final, Literal

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from orchestrator.scenario import units
from orchestrator.scenario.measures.figures import Checkpoint, StepRecord
from orchestrator.scenario.report.markup import EMPTY, Html
from orchestrator.scenario.report.plots.axes import LEAST_SPAN, drawable, label_time
from orchestrator.scenario.report.plots.figure import card, draw, legend, plain
from orchestrator.scenario.report.plots.palette import BLUE, INK, VERMILION

ROWS: Final = 40
_ROW: Final = 30  # pixels: a line of letters, and the bar below it
_LETTERS: Final = 50


def timeline(
    steps: Sequence[StepRecord],
    checkpoints: Sequence[Checkpoint],
    clock: Literal["virtual", "wall"],
    name: str,
    *,
    failed: str | None = None,
) -> Html:
    """The picture by one clock; the step named `failed` has another colour."""
    # In the order in which they began: a repeated step ends after those that it repeats.
    begun = sorted(steps, key=lambda s: s.wall_begin) if _timed(steps) else steps
    bars = [(s.name, *_span(s, clock)) for s in begun]
    known = [bar for bar in bars if drawable(bar[1]) and drawable(bar[2])]
    shown = known[:ROWS]
    marks = [t for c in checkpoints if drawable(t := _moment(c, clock))]
    if not shown:
        return EMPTY
    begin = min(0.0, *(b for _, b, _ in shown))
    end = max(*(e for _, _, e in shown), *marks, begin)
    if end - begin <= LEAST_SPAN:
        return EMPTY
    colours = [VERMILION if n == failed else BLUE for n, _, _ in shown]

    def paint(axes: Axes) -> None:
        hair = (end - begin) / 300  # so that an instant is seen
        widths = [max(e - b, hair) for _, b, e in shown]
        places = [row + 0.7 for row in range(len(shown))]
        axes.barh(places, widths, left=[b for _, b, _ in shown], height=0.34, color=colours)
        for row, (step, b, e) in enumerate(shown):
            took = f"{row + 1}  {plain(step, _LETTERS)} · {units.seconds(e - b)}"
            late = (b - begin) / (end - begin) > 0.5
            axes.text(
                e if late else b,
                row + 0.38,
                took,
                fontsize=10.5,
                ha="right" if late else "left",
                bbox={"facecolor": "white", "linewidth": 0, "pad": 0.5},  # over the checkpoints
            )
        for mark in marks:
            axes.axvline(mark, color=INK, lw=1, ls="dashed", zorder=0)
        label_time(axes, clock, begin, end)
        axes.set_ylim(len(shown) + 0.1, -0.1)
        axes.yaxis.set_major_locator(NullLocator())
        axes.spines["left"].set_visible(False)

    more = f"the first {len(shown)} of {units.number(len(known))}" * (len(known) > len(shown))
    keys = [("step", BLUE, "area")]
    if VERMILION in colours:
        keys.append(("failed", VERMILION, "area"))
    if marks:
        keys.append(("checkpoint", INK, "dashed"))
    drawing = draw(paint, name, f"steps over {clock} time", height=46 + _ROW * len(shown))
    return card(f"By the {clock} clock", legend(keys), drawing, note=more)


def _timed(steps: Sequence[StepRecord]) -> bool:
    return all(drawable(step.wall_begin) for step in steps)


def _span(step: StepRecord, clock: str) -> tuple[float, float]:
    if clock == "virtual":
        return step.virtual_begin, step.virtual_end
    return step.wall_begin, step.wall_end


def _moment(checkpoint: Checkpoint, clock: str) -> float:
    return checkpoint.virtual_seconds if clock == "virtual" else checkpoint.wall_seconds
