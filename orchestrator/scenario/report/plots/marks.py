"""What happened when, as lines in every picture over time: steps, crashes, recoveries."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from matplotlib.axes import Axes
from msgspec import Struct

from orchestrator.scenario.measures.figures import Moment, StepRecord
from orchestrator.scenario.report.model import Report
from orchestrator.scenario.report.plots.palette import GREEN, GREY, INK, VERMILION

Kind = Literal["step", "crash", "recovery"]
_LOOKS: Final[dict[Kind, tuple[str, str]]] = {
    "step": (GREY, "dotted"),
    "crash": (VERMILION, "dashed"),
    "recovery": (GREEN, "dashed"),
}
_MOST: Final = 60  # of a kind in one picture
_FEW: Final = 10  # of a kind, that are drawn over the whole height
_SHORT: Final = 0.035  # of the axis' height: a line where there are many
_ROW: Final = 0.045  # from one row of short lines to the next
_MOST_NUMBERS: Final = 15  # steps that are numbered, as in the section "Steps"
_APART: Final = 0.035  # of the axis' length, between two numbers


class Mark(Struct, frozen=True):
    """A moment by both clocks; a step has its number."""

    kind: Kind
    virtual_seconds: float
    wall_seconds: float
    number: int = 0


def marks_of(report: Report) -> tuple[Mark, ...]:
    """Every step, crash and recovery of a run."""
    return (*_steps(report.steps), *_moments(report.moments))


def _steps(steps: Sequence[StepRecord]) -> list[Mark]:
    begun = sorted(steps, key=lambda step: step.wall_begin)
    return [
        Mark("step", step.virtual_begin, step.wall_begin, number)
        for number, step in enumerate(begun, 1)
    ]


def _moments(moments: Sequence[Moment]) -> list[Mark]:
    return [Mark(each.kind, each.virtual_seconds, each.wall_seconds) for each in moments]


def draw_marks(axes: Axes, marks: Sequence[Mark], clock: str, begin: float, end: float) -> None:
    """Lines at the moments that lie within an axis, steps with their numbers above. Where a kind has many they
    are short, below the upper edge, each kind in a row of its own: whole ones would cover the picture.
    """
    last = begin - (end - begin)
    for mark, (low, high) in spans(shown(marks, clock, begin, end)):
        at = _at(mark, clock)
        colour, line = _LOOKS[mark.kind]
        short = low > 0.0
        axes.axvline(at, low, high, color=colour, lw=1.0, ls="solid" if short else line, zorder=2.5)
        if 0 < mark.number <= _MOST_NUMBERS and at - last > (end - begin) * _APART:
            last = at
            axes.text(
                at,
                1.0,
                str(mark.number),
                transform=axes.get_xaxis_transform(),
                fontsize=9,
                color=INK,
                ha="center",
                va="bottom",
            )


def legend_of(
    marks: Sequence[Mark], clock: str, begin: float, end: float
) -> list[tuple[str, str, str]]:
    """What the lines of a picture mean."""
    kinds = dict.fromkeys(mark.kind for mark in shown(marks, clock, begin, end))
    return [(kind, *_LOOKS[kind]) for kind in _LOOKS if kind in kinds]


def shown(marks: Sequence[Mark], clock: str, begin: float, end: float) -> list[Mark]:
    """Those within an axis; of a kind of which there are too many, every so many-th."""
    inside = [mark for mark in marks if begin <= _at(mark, clock) <= end]
    found: list[Mark] = []
    for kind in _LOOKS:
        several = [mark for mark in inside if mark.kind == kind]
        found += several[:: max(1, -(-len(several) // _MOST))]
    return found


def spans(marks: Sequence[Mark]) -> list[tuple[Mark, tuple[float, float]]]:
    """Each mark with how far its line goes, as shares of the axis' height from below."""
    number = Counter(mark.kind for mark in marks)
    many = [kind for kind in _LOOKS if number[kind] > _FEW]
    rows = {kind: 1.0 - _ROW * place for place, kind in enumerate(many)}
    return [
        (mark, (rows[mark.kind] - _SHORT, rows[mark.kind]) if mark.kind in rows else (0.0, 1.0))
        for mark in marks
    ]


def _at(mark: Mark, clock: str) -> float:
    return mark.virtual_seconds if clock == "virtual" else mark.wall_seconds
