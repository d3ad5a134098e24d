"""The story for a terminal: the causal tree, equal branches folded, and the objects' states."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from actors import TraceEntry
from orchestrator.scenario.causes.lanes import Label, label_of, node_of, title_of, together
from orchestrator.scenario.causes.story import Story

MAX_LINES: Final = 200


class Branch(Struct):
    """Messages with equal words to equal components, and what they caused together."""

    who: str
    seconds: float
    labels: list[Label] = []
    branches: dict[tuple[str, str, float], "Branch"] = {}


def story_text(story: Story) -> str:
    """Headline, tree and states."""
    lines = [headline(story), "", *tree_lines(story), ""]
    lines += [f"{moment(news.seconds):>9}  {news.who}: {news.state}" for news in news_of(story)]
    return "\n".join(lines) + "\n"


class News(Struct, frozen=True):
    """Objects of one kind came to one state at one moment. `who`: `Pod web`, or `3 Pods`."""

    seconds: float
    who: str
    state: str
    by: str


def news_of(story: Story) -> list[News]:
    """The changes of state, those that differ in nothing but the name together."""
    folded: dict[tuple[float, str, str, str], list[str]] = {}
    for change in story.states:
        key = (change.seconds, change.object.kind, change.state, _title(change.by))
        folded.setdefault(key, []).append(change.object.name)
    return [
        News(
            seconds,
            f"{kind} {names[0]}" if len(names) == 1 else f"{len(names):,} {kind}s",
            state,
            by,
        )
        for (seconds, kind, state, by), names in folded.items()
    ]


def headline(story: Story) -> str:
    """How much it was."""
    return (
        f"{story.object}: {story.messages:,} messages and {len(story.write_seconds):,} writes "
        f"in {story.seconds:,.3g} s of the cluster's time"
    )


def moment(seconds: float) -> str:
    """A time since the story's beginning."""
    return f"+{seconds:.3f} s" if 0 < seconds < 0.1 else f"+{seconds:,.1f} s"


def tree_lines(story: Story) -> list[str]:
    """The tree, a line a branch, at most MAX_LINES."""
    lines = list(_drawn(causal_tree(story), "", "", 0.0))
    if len(lines) > MAX_LINES:
        lines[MAX_LINES:] = [f"... {len(lines) - MAX_LINES:,} more lines"]
    return lines


def causal_tree(story: Story) -> Branch:
    """The creation and all that is told of what it caused."""
    root = _branch(story, story.begin)
    at = {story.begin.id: root}
    for entry in story.told[1:]:
        branch = _branch(story, entry)
        parent = at.get(entry.cause, root)
        key = (branch.who, branch.labels[0].short, branch.seconds)
        at[entry.id] = parent.branches.setdefault(key, branch)
        if at[entry.id] is not branch:
            at[entry.id].labels += branch.labels
    return root


def _branch(story: Story, entry: TraceEntry) -> Branch:
    sender, target = _title(entry.sender), _title(entry.target)
    match entry.kind:
        case "timer":
            who = f"{target}, by a timer"
        case "reply":
            who = f"{sender} refuses {target}"
        case _:
            who = f"{sender} to {target}"
    return Branch(who, entry.at - story.begin.at, [label_of(entry)])


def _title(path: str) -> str:
    """Without the node: what one kubelet does, all do, and folds."""
    title = title_of(path)
    return title.removesuffix(node_of(path)).rstrip() if node_of(path) else title


def _drawn(branch: Branch, first: str, rest: str, before: float) -> Iterator[str]:
    count = f" x{len(branch.labels)}" if len(branch.labels) > 1 else ""
    later = f"  {moment(branch.seconds)}" if branch.seconds > before else ""
    yield f"{first}{branch.who}: {together(branch.labels).full}{count}{later}"
    below = list(branch.branches.values())
    for number, each in enumerate(below):
        last = number == len(below) - 1
        yield from _drawn(
            each,
            rest + ("└─ " if last else "├─ "),
            rest + ("   " if last else "│  "),
            branch.seconds,
        )
