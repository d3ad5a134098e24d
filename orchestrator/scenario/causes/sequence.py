"""The sequence diagram as SVG: lanes side by side, time downwards, a band for each moment.

Colours are the page's (`var(--role-...)`), so that the drawing follows light, dark and print.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

from orchestrator.scenario.causes.lanes import Arrow, Sequence
from orchestrator.scenario.causes.text import moment

LANE: Final = 104  # pixels from one lane to the next
GUTTER: Final = 116  # where the moments stand, and half of the first lane's box
HEAD: Final = 48
ROW: Final = 25
MOMENT: Final = 26
_LETTER: Final = 6.1  # a letter's mean width at 11.5 px
_BOX: Final = (96, 36)


def draw_sequence(sequence: Sequence) -> str:
    """The diagram. Its width is in `width`, for a box that scrolls when the page is narrower."""
    width = GUTTER + LANE * (len(sequence.lanes) - 1) + 56
    rows = list(_rows(sequence))
    height = HEAD + 14 + (rows[-1][1] if rows else 0) + ROW + HEAD
    parts = [
        f'<svg class="sequence" xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Sequence diagram: who told whom, in the order of time">'
    ]
    for number, lane in enumerate(sequence.lanes):
        x = _x(number)
        parts.append(
            f'<line class="lane" x1="{x}" y1="{HEAD}" x2="{x}" y2="{height - HEAD}" '
            f'style="stroke:var(--role-{lane.role})"/>'
        )
    previous = -1.0
    for arrow, y in rows:
        if arrow.seconds != previous:
            previous = arrow.seconds
            parts.append(_moment(arrow.seconds, HEAD + y - MOMENT + 8, width))
        parts.append(_arrow(sequence, arrow, HEAD + y + 14))
    for number in range(len(sequence.lanes)):
        parts += [_head(sequence, number, 6), _head(sequence, number, height - HEAD + 6)]
    return "".join(parts) + "</svg>"


def draw_heads(sequence: Sequence) -> str:
    """The lanes' heads by themselves, to stay in sight while the diagram scrolls below them."""
    width = GUTTER + LANE * (len(sequence.lanes) - 1) + 56
    heads = "".join(_head(sequence, number, 6) for number in range(len(sequence.lanes)))
    return (
        f'<svg class="sequence heads" xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{HEAD}" viewBox="0 0 {width} {HEAD}" aria-hidden="true">{heads}</svg>'
    )


def _rows(sequence: Sequence) -> Iterator[tuple[Arrow, int]]:
    y, previous = 0, -1.0
    for arrow in sequence.arrows:
        if arrow.seconds != previous:
            previous = arrow.seconds
            y += MOMENT
        yield arrow, y
        y += ROW


def _x(lane: int) -> int:
    return GUTTER + LANE * lane


def _head(sequence: Sequence, number: int, y: int) -> str:
    lane = sequence.lanes[number]
    x, (width, height) = _x(number), _BOX
    title, subtitle = escape(lane.title), escape(_cut(lane.subtitle))
    text = y + (16 if subtitle else 22)
    return (
        f'<rect class="head" x="{x - width / 2}" y="{y}" width="{width}" height="{height}" rx="6" '
        f'style="stroke:var(--role-{lane.role})"/>'
        f'<text class="title" x="{x}" y="{text}">{_cut(title)}</text>'
        + (f'<text class="subtitle" x="{x}" y="{text + 13}">{subtitle}</text>' * bool(subtitle))
    )


def _cut(text: str) -> str:
    return text if len(text) <= 17 else f"{text[:16]}…"


def _moment(seconds: float, y: int, width: int) -> str:
    return (
        f'<line class="moment" x1="0" y1="{y}" x2="{width}" y2="{y}"/>'
        f'<text class="at" x="4" y="{y + 15}">{escape(moment(seconds))}</text>'
    )


def _arrow(sequence: Sequence, arrow: Arrow, y: int) -> str:
    source, target = _x(arrow.source), _x(arrow.target)
    role = sequence.lanes[arrow.source].role
    count = f" ×{arrow.count:,}" if arrow.count > 1 else ""
    room = max(abs(target - source), LANE) + 4
    full = arrow.label.full + count
    shown = full if len(full) * _LETTER <= room else arrow.label.short + count
    style = f'style="--role:var(--role-{role})"'
    kind = "arrow refused" if arrow.refused else "arrow"
    if source == target:
        line = f"M{source} {y - 5}h22v9h-17"
        tip, tip_y, sign, text = source + 3, y + 4, -1, source + 32
        anchor = "start"
    else:
        sign = 1 if target > source else -1
        tip, tip_y, text = target - sign, y, (source + target) // 2
        line = f"M{source} {y}H{tip - sign * 6}"
        anchor = "middle"
    return (
        f'<g class="{kind}" {style}><title>{escape(full)}</title><path d="{line}"/>'
        f'<path class="tip" d="M{tip} {tip_y}l{-sign * 8} -4v8z"/>'
        f'<text x="{text}" y="{y - 6}" text-anchor="{anchor}">{escape(shown)}</text></g>'
    )
