"""The story as one page that needs nothing else: timeline, sequence, states, tree."""

from collections.abc import Iterator
from html import escape
from typing import Final

from orchestrator.scenario.causes.lanes import Role, Sequence, fold, title_of
from orchestrator.scenario.causes.sequence import draw_heads, draw_sequence
from orchestrator.scenario.causes.story import Story
from orchestrator.scenario.causes.style import STYLE
from orchestrator.scenario.causes.text import moment, news_of, tree_lines
from orchestrator.scenario.causes.timeline import Tone, draw_timeline, tone_of

MAX_STATES: Final = 300
_ROLES: Final[dict[Role, str]] = {
    "client": "whoever asked",
    "control": "controllers",
    "informers": "their shared caches",
    "api": "the API server",
    "scheduler": "the scheduler",
    "node": "kubelets and runtimes",
    "proxy": "proxies",
}
_TONES: Final[dict[Tone, str]] = {
    "wait": "on its way",
    "bound": "bound to a node",
    "start": "started",
    "good": "as wanted",
    "bad": "failed",
    "gone": "going or gone",
}


def render(story: Story) -> str:
    """The page."""
    sequence = fold(story)
    title = f"What creating {story.object.kind} {story.object.name} set in motion"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="lead">{escape(_lead(story))}</p>',
            "<h2>Over time</h2>",
            f'<div class="scroll">{draw_timeline(story)}</div>',
            f'<p class="legend">{"".join(_tones(story))}</p>',
            "<h2>Who told whom</h2>",
            f'<div class="scroll tall">{draw_heads(sequence)}{draw_sequence(sequence)}</div>',
            f'<p class="legend">{"".join(_roles(sequence))}</p>',
            *(f"<p>{escape(note)}</p>" for note in _notes(story, sequence)),
            "<h2>The states that objects came to</h2>",
            f'<div class="scroll">{_states(story)}</div>',
            "<h2>What caused what</h2>",
            f'<pre class="scroll">{escape(chr(10).join(tree_lines(story)))}</pre>',
            "</main></body></html>\n",
        ]
    )


def _lead(story: Story) -> str:
    namespace = f" in namespace {story.object.namespace}" if story.object.namespace else ""
    objects = len({change.object for change in story.states})
    return (
        f"{story.object.kind} {story.object.name}{namespace}: {story.messages:,} messages and "
        f"{len(story.write_seconds):,} writes followed within {story.seconds:,.3g} s of the "
        f"cluster's time; {objects:,} object{'s' * (objects != 1)} came to "
        f"{len(story.states):,} state{'s' * (len(story.states) != 1)}."
    )


def _notes(story: Story, sequence: Sequence) -> Iterator[str]:
    left_out = ["the answers of writes that went well", "news that moved nobody"]
    if story.events:
        left_out.append(f"the writes of {story.events:,} Event objects")
    yield (
        "Equal messages of one moment are one arrow with a count. Not drawn are "
        f"{', '.join(left_out[:-1])} and {left_out[-1]}."
    )
    if story.bystanders:
        names = ", ".join(sorted({title_of(path) for path in story.bystanders}))
        yield f"Heard of it and did nothing: {names}."
    if sequence.left_out:
        yield f"{sequence.left_out:,} more arrows are left out; the tree below has more."


def _tones(story: Story) -> Iterator[str]:
    used = {tone_of(change.state) for change in story.states}
    for tone, words in _TONES.items():
        if tone in used:
            yield f'<span><i class="{tone}"></i>{words}</span>'
    yield "<span>heights of bars: square roots of the counts</span>"


def _roles(sequence: Sequence) -> Iterator[str]:
    used = {lane.role for lane in sequence.lanes}
    for role, words in _ROLES.items():
        if role in used:
            yield f'<span><i style="background:var(--role-{role})"></i>{words}</span>'


def _states(story: Story) -> str:
    news = news_of(story)
    rows = [
        f'<tr><td class="number">{escape(moment(each.seconds))}</td><td>{escape(each.who)}</td>'
        f'<td><i class="{tone_of(each.state)}"></i>'
        f"{escape(each.state)}</td><td>{escape(each.by)}</td></tr>"
        for each in news[:MAX_STATES]
    ]
    if len(news) > MAX_STATES:
        rows.append(f'<tr><td colspan="4">{len(news) - MAX_STATES:,} more</td></tr>')
    head = "<th>time</th><th>object</th><th>state</th><th>written by</th>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
