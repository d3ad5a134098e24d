"""The story as arrows between lanes: a lane a component, equal messages of one moment folded."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import replace

from actors import TraceEntry
from orchestrator.cluster import About
from orchestrator.scenario.causes.story import API_SERVER, Story

MAX_NODES: Final = 2  # that have lanes of their own
MAX_ARROWS: Final = 250

Role: TypeAlias = Literal["client", "control", "informers", "api", "scheduler", "node", "proxy"]
_ORDER: Final = get_args(Role)  # from left to right: what talks most stands close together
_PLURAL: Final = {"proxy": "proxies"}


class Lane(Struct, frozen=True):
    """One component, or all of the nodes' that are alike."""

    title: str
    subtitle: str
    role: Role


class Label(Struct, frozen=True):
    """What a message says: `create Pod`, `Pod started`; of which one object, if it is one."""

    before: str
    after: str = ""
    name: str = ""

    @property
    def short(self) -> str:
        """Without the name."""
        return f"{self.before} {self.after}".rstrip()

    @property
    def full(self) -> str:
        """With it."""
        return " ".join(part for part in (self.before, self.name, self.after) if part)


class Arrow(Struct, frozen=True):
    """Messages of one kind from one lane to another at one moment."""

    seconds: float
    source: int
    target: int
    label: Label
    count: int
    refused: bool


class Sequence(Struct, frozen=True):
    """A sequence diagram. `left_out` arrows would have been too many."""

    lanes: tuple[Lane, ...]
    arrows: tuple[Arrow, ...]
    left_out: int


def fold(story: Story) -> Sequence:
    """The story's arrows, in the order in which the first message of each was sent."""
    lane_of = _lanes_of(path for e in story.told for path in (e.sender, e.target))
    entered = list(dict.fromkeys(lane_of.values()))
    lanes = sorted(entered, key=lambda lane: (_ORDER.index(lane.role), entered.index(lane)))
    numbers = {lane: number for number, lane in enumerate(lanes)}
    folded: dict[tuple[float, int, int, str, bool], list[Label]] = {}
    for entry in story.told:
        label = label_of(entry)
        source, target = numbers[lane_of[entry.sender]], numbers[lane_of[entry.target]]
        key = (entry.at - story.begin.at, source, target, label.short, entry.kind == "reply")
        folded.setdefault(key, []).append(label)
    arrows = [
        Arrow(seconds, source, target, together(labels), len(labels), refused)
        for (seconds, source, target, _, refused), labels in folded.items()
    ]
    return Sequence(tuple(lanes), tuple(arrows[:MAX_ARROWS]), max(0, len(arrows) - MAX_ARROWS))


def together(labels: Iterable[Label]) -> Label:
    """One label for several that differ in nothing but the name."""
    first, *others = dict.fromkeys(labels)
    return replace(first, name="") if others else first


def label_of(entry: TraceEntry) -> Label:
    """What a message says."""
    about = entry.about
    if not isinstance(about, About) or not about.subjects:
        return Label(entry.message)
    kind = ", ".join(dict.fromkeys(subject.kind for subject in about.subjects))
    name = about.subjects[0].name if len(about.subjects) == 1 else ""
    if about.part == "binding":
        return Label(f"bind {kind}", name=name)
    if entry.target == API_SERVER:
        return Label(f"{about.verb} {kind}", about.part, name)
    states = {subject.state for subject in about.subjects}
    news = states.pop() if about.verb == "modified" and len(states) == 1 else ""
    # Counts of ready pods differ at each step: told as news they would fold nothing.
    return Label(kind, news if news.isalpha() else about.verb, name)


def title_of(path: str) -> str:
    """What a component is called on paper."""
    lane = _lane(path)
    return f"{lane.title} {lane.subtitle}".strip()


def _lanes_of(paths: Iterable[str]) -> Mapping[str, Lane]:
    lanes = {path: _lane(path) for path in paths}
    on_nodes = [path for path, lane in lanes.items() if lane.role in ("node", "proxy")]
    if len({node_of(path) for path in on_nodes}) <= MAX_NODES:
        return lanes
    alike: dict[str, list[str]] = {}
    for path in on_nodes:
        alike.setdefault(lanes[path].title, []).append(path)
    for title, those in alike.items():
        if len(those) > 1:
            plural = _PLURAL.get(title, f"{title}s")
            lane = replace(lanes[those[0]], title=plural, subtitle=f"of {len(those):,} nodes")
            lanes |= dict.fromkeys(those, lane)
    return lanes


def node_of(path: str) -> str:
    """The node that a component runs on, or nothing."""
    parts = path.split("/")
    return parts[2] if parts[1:2] == ["nodes"] and len(parts) > 2 else ""


def _lane(path: str) -> Lane:
    match path.split("/")[1:]:
        case []:
            return Lane("client", "", "client")
        case ["apiserver"]:
            return Lane("API server", "", "api")
        case ["scheduler"]:
            return Lane("scheduler", "", "scheduler")
        case ["controllers", "informers"]:
            return Lane("informers", "shared", "informers")
        case ["controllers", name]:
            return Lane(name, "controller", "control")
        case ["nodes", node, "proxy"]:
            return Lane("proxy", node, "proxy")
        case ["nodes", node, part]:
            return Lane(part, node, "node")
        case ["nodes", node]:
            return Lane("runtime", node, "node")
        case _:
            return Lane(path, "", "control")
