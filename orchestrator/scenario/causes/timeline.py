"""The timeline as SVG: messages and writes over the cluster's time, below them each object's states."""

import math
from collections.abc import Sequence
from html import escape
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from orchestrator.scenario.causes.story import ObjectName, StateChange, Story

MAX_ROWS: Final = 24
BINS: Final = 60
PLOT: Final = 840
REST: Final = 150  # after the last message: room for the words of the states that remain
TALLY: Final = 72
ROW: Final = 24
_TOP: Final = 24
_LETTER: Final = 6.1

Tone: TypeAlias = Literal["wait", "bound", "start", "good", "bad", "gone"]
_TONES: Final[dict[str, Tone]] = {
    "bound": "bound",
    "started": "start",
    "exists": "good",
    "ready": "good",
    "succeeded": "good",
    "complete": "good",
    "failed": "bad",
    "terminating": "gone",
    "deleted": "gone",
}


def tone_of(state: str) -> Tone:
    """How a state looks: what is wanted is good, what is on its way there waits."""
    known = _TONES.get(state)
    if known is not None:
        return known
    words = state.split()
    if words[-1:] == ["ready"] and words[0].isdigit():  # 3 ready; 2 of 3 ready
        have, wanted = int(words[0]), int(words[2]) if len(words) == 4 else 1
        return "good" if have >= wanted else "wait"
    return "wait"


class Row(Struct, frozen=True):
    """One object's states, or those of several that went through the same at the same times."""

    name: str
    changes: tuple[StateChange, ...]


def draw_timeline(story: Story) -> str:
    """The timeline; at most MAX_ROWS rows, those that changed first."""
    every = rows_of(story)
    rows = every[:MAX_ROWS]
    end = story.seconds or 1.0
    left = 24 + round(_LETTER * max(16, *(len(_cut(row.name)) for row in rows), 0))
    width = left + PLOT + REST
    rows_top = _TOP + TALLY + 34
    height = rows_top + ROW * len(rows) + 30
    parts = [
        f'<svg class="timeline" xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Timeline: messages and writes, and the states of objects">',
        f'<text class="row" x="{left - 12}" y="{_TOP + TALLY - 22}">messages</text>',
        f'<text class="row" x="{left - 12}" y="{_TOP + TALLY - 6}">of them writes</text>',
        f'<g transform="translate({left})">',
    ]
    for tick in ticks(end):
        x = _x(tick, end)
        parts.append(
            f'<line class="grid" x1="{x}" y1="{_TOP}" x2="{x}" y2="{height - 26}"/>'
            f'<text class="tick" x="{x}" y="{height - 10}">{tick:g} s</text>'
        )
    parts.append(_tally(story.message_seconds, story.write_seconds, end))
    parts += [_row(row, rows_top + number * ROW, end) for number, row in enumerate(rows)]
    if len(every) > len(rows):
        more = f"and {len(every) - len(rows):,} more"
        parts.append(f'<text class="row" x="-12" y="{height - 10}">{more}</text>')
    return "".join(parts) + "</g></svg>"


def rows_of(story: Story) -> list[Row]:
    """A row an object; when these are too many, objects with equal fates share one."""
    changes: dict[ObjectName, list[StateChange]] = {}
    for change in story.states:
        changes.setdefault(change.object, []).append(change)
    if len(changes) <= MAX_ROWS:
        return [Row(f"{o.kind} {o.name}", tuple(those)) for o, those in changes.items()]
    alike: dict[tuple[object, ...], list[ObjectName]] = {}
    for named, those in changes.items():
        fate = (named.kind, *((change.seconds, change.state) for change in those))
        alike.setdefault(fate, []).append(named)
    return [
        Row(
            f"{names[0].kind} {names[0].name}"
            if len(names) == 1
            else f"{len(names):,} {names[0].kind}s such as {names[0].name}",
            tuple(changes[names[0]]),
        )
        for names in alike.values()
    ]


def ticks(end: float) -> list[float]:
    """Round times from 0 to `end`, four to ten of them."""
    rough = end / 8
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [round(step * number, 9) for number in range(int(end / step + 1e-9) + 1)]


def _x(seconds: float, end: float) -> float:
    return round(PLOT * seconds / end, 1)


def _tally(messages: Sequence[float], writes: Sequence[float], end: float) -> str:
    def binned(times: Sequence[float]) -> list[int]:
        counts = [0] * BINS
        for seconds in times:
            counts[min(int(seconds / end * BINS), BINS - 1)] += 1
        return counts

    base, parts = _TOP + TALLY, []
    most = max(*binned(messages), 1)
    for kind, counts in (("messages", binned(messages)), ("writes", binned(writes))):
        for number, count in enumerate(counts):
            if count:
                # The root, so that one write can be seen beside a hundred messages.
                size = round((TALLY - 14) * math.sqrt(count / most), 1)
                x = round(PLOT * number / BINS, 1)
                parts.append(
                    f'<rect class="{kind}" x="{x}" y="{base - size}" width="{PLOT / BINS - 2}" '
                    f'height="{size}"><title>{count:,} {kind}</title></rect>'
                )
                if kind == "messages":
                    middle = x + PLOT / BINS / 2
                    parts.append(
                        f'<text class="n" x="{middle}" y="{base - size - 3}">{count:,}</text>'
                    )
    return "".join(parts) + f'<line class="axis" x1="0" y1="{base}" x2="{PLOT}" y2="{base}"/>'


def _cut(name: str) -> str:
    return name if len(name) <= 44 else f"{name[:43]}…"


def _row(row: Row, top: int, end: float) -> str:
    parts = [
        f'<text class="row" x="-12" y="{top + 15}">{escape(_cut(row.name))}'
        f"<title>{escape(row.name)}</title></text>"
    ]
    groups: list[tuple[float, list[StateChange]]] = []
    for change in row.changes:
        x = _x(change.seconds, end)
        if groups and x - groups[-1][0] < 6:  # too narrow to be seen: told together
            groups[-1][1].append(change)
        else:
            groups.append((x, [change]))
    for number, (x, together) in enumerate(groups):
        last = number == len(groups) - 1
        state = together[-1].state
        words = " → ".join(change.state for change in together)
        rest = x + 66 if state == "deleted" else PLOT + REST  # what is gone has no more states
        until = rest if last else groups[number + 1][0]
        room = int((until - x - 14) / _LETTER)
        label = next((text for text in (words, state) if len(text) <= room), "")
        tone = tone_of(state)
        parts.append(
            f'<rect class="state {tone}" x="{x}" y="{top + 2}" width="{round(until - x - 1, 1)}" '
            f'height="{ROW - 5}" rx="3"><title>{escape(words)}</title></rect>'
            f'<text class="in {tone}" x="{x + 7}" y="{top + 15}">{escape(label)}</text>'
        )
    return "".join(parts)
