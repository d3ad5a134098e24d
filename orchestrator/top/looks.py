"""One look at a cluster, and what people want to see of it: rows, counts, rates."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct

from orchestrator.api.core.v1 import Event, Node, Pod
from orchestrator.apiserver.debugging import ActorFigures
from orchestrator.apiserver.kinds.core.cluster.event_tables import EVENTS
from orchestrator.apiserver.kinds.core.nodes.tables import NODES
from orchestrator.apiserver.kinds.core.pods.tables import PODS
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.resources import node_offers, pod_needs

Cells: TypeAlias = tuple[str, ...]

NODE_COLUMNS: Final = ("Name", "Status", "Pods", "CPU", "Memory", "Age")
POD_COLUMNS: Final = (
    "Namespace",
    "Name",
    "Ready",
    "Status",
    "Restarts",
    "Age",
    "IP",
    "Node",
)
EVENT_COLUMNS: Final = ("Last Seen", "Type", "Reason", "Object", "Count", "Message")
ACTOR_COLUMNS: Final = ("Actor", "Mailbox", "Messages/s", "Handled", "Restarts")
QUEUE_COLUMNS: Final = ("Actor", "Queue", "Waiting")
# The columns of numbers, which stand below one another.
NUMBERS: Final = frozenset(
    {"Pods", "CPU", "Memory", "Count", "Mailbox", "Messages/s", "Handled", "Restarts", "Waiting"}
)

# Below an actor with more children than this, only their sum is shown until somebody opens it.
_MANY_CHILDREN: Final = 60
_DONE: Final = ("Succeeded", "Failed")


class Seen(Struct, frozen=True):
    """What one look saw. `now` is the cluster's time, in seconds since the epoch.

    `actors` is None where the server has no page of them, as a real cluster's has not; `records_events`
    is whether there can be events.
    """

    now: float
    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    events: tuple[Event, ...] = ()
    actors: tuple[ActorFigures, ...] | None = None
    records_events: bool = True


class Row(Struct, frozen=True):
    """A line of a table. `object` is what it is about, or None; `key` is the same in every look."""

    key: str
    cells: Cells
    object: Any = None


class Summary(Struct, frozen=True):
    """The line above the tables. Rates are per second of the cluster's time, since the look before."""

    nodes: int
    nodes_ready: int
    phases: Mapping[str, int]
    created_rate: float
    started_rate: float
    message_rate: float


def summarize(seen: Seen, before: Seen | None) -> Summary:
    """Counts of a look, and rates since the look before it."""
    seconds = seen.now - before.now if before is not None else 0.0
    ready = sum(is_true(n.status.conditions, "Ready") for n in seen.nodes if n.status is not None)
    created, started = _new(seen, before)
    handled = _handled(seen) - _handled(before)
    return Summary(
        nodes=len(seen.nodes),
        nodes_ready=ready,
        phases=Counter(_phase(pod) for pod in seen.pods),
        created_rate=created / seconds if seconds > 0 else 0.0,
        started_rate=started / seconds if seconds > 0 else 0.0,
        message_rate=max(0.0, handled / seconds) if seconds > 0 else 0.0,
    )


def _phase(pod: Pod) -> str:
    phase = (pod.status.phase if pod.status is not None else "") or "Unknown"
    if pod.metadata.deletion_timestamp is not None and phase not in _DONE:
        return "Terminating"
    return phase


def _new(seen: Seen, before: Seen | None) -> tuple[int, int]:
    """How many pods were created since the look before, and how many began to run."""
    if before is None:
        return 0, 0
    were = {pod.metadata.uid: _phase(pod) for pod in before.pods}
    created = sum(pod.metadata.uid not in were for pod in seen.pods)
    started = sum(
        _phase(pod) == "Running" and were.get(pod.metadata.uid) != "Running" for pod in seen.pods
    )
    return created, started


def _handled(seen: Seen | None) -> int:
    return sum(each.handled for each in seen.actors or ()) if seen is not None else 0


def node_rows(seen: Seen) -> list[Row]:
    """A row for each node: its state, its pods, and which share of it they ask for."""
    pods: dict[str, list[Pod]] = {}
    for pod in seen.pods:
        if pod.spec is not None and pod.spec.node_name and _phase(pod) not in _DONE:
            pods.setdefault(pod.spec.node_name, []).append(pod)
    return [_node_row(node, pods.get(node.metadata.name, ()), seen.now) for node in seen.nodes]


def _node_row(node: Node, pods: Sequence[Pod], now: float) -> Row:
    name, status, _roles, age, *_ = NODES.cells(node, now)
    offers = node_offers(node.status.allocatable if node.status is not None else {})
    needs = [pod_needs(pod) for pod in pods]
    cpu = _share(sum(each.milli_cpu for each in needs), offers.milli_cpu)
    memory = _share(sum(each.memory_bytes for each in needs), offers.memory_bytes)
    cells = (str(name), str(status), str(len(pods)), cpu, memory, str(age))
    return Row(f"node/{name}", cells, node)


def _share(asked: int, there: int) -> str:
    return f"{asked / there:.0%}" if there else "-"


def pod_rows(seen: Seen) -> list[Row]:
    """A row for each pod, as `kubectl get pods -o wide` has it."""
    return [_pod_row(pod, seen.now) for pod in seen.pods]


def _pod_row(pod: Pod, now: float) -> Row:
    name, ready, status, restarts, age, ip, node, *_ = map(str, PODS.cells(pod, now))
    namespace = pod.metadata.namespace
    cells = (namespace, name, ready, status, restarts, age, ip, node)
    return Row(f"pod/{namespace}/{name}", cells, pod)


def event_rows(seen: Seen) -> list[Row]:
    """A row for each event, the latest first."""
    if not seen.events and not seen.records_events:
        why = "this scenario records none: simulation: {events: true}"
        return [Row("none", ("", "", "", "", "", why))]
    events = sorted(seen.events, key=_when, reverse=True)
    return [_event_row(event, seen.now) for event in events]


def _when(event: Event) -> str:
    series = event.series.last_observed_time if event.series is not None else ""
    return series or event.last_timestamp or event.event_time or event.first_timestamp or ""


def _event_row(event: Event, now: float) -> Row:
    last, kind, reason, about, _, _, message, _, count, name = map(str, EVENTS.cells(event, now))
    cells = (last, kind, reason, about, count, message)
    return Row(f"event/{event.metadata.namespace}/{name}", cells, event)


def actor_rows(seen: Seen, before: Seen | None, opened: frozenset[str]) -> list[Row]:
    """The tree of actors. Many children are one row with their sums, unless their parent is `opened`."""
    if seen.actors is None:
        return [Row("none", ("this server has no page of its actors", "", "", "", ""))]
    tree = _Tree(seen, before)
    return list(tree.rows(opened))


class _Tree:
    def __init__(self, seen: Seen, before: Seen | None) -> None:
        self._figures = {each.path: each for each in seen.actors or ()}
        self._seconds = seen.now - before.now if before is not None else 0.0
        actors = before.actors if before is not None else None
        self._before = {each.path: each.handled for each in actors or ()}
        self._children: dict[str, list[str]] = {}
        for path in self._figures:
            self._children.setdefault(path.rpartition("/")[0], []).append(path)

    def rows(self, opened: frozenset[str], parent: str = "", depth: int = 0) -> Iterator[Row]:
        """What stands below an actor, each with what stands below it."""
        children = self._children.get(parent, ())
        if parent and len(children) > _MANY_CHILDREN and parent not in opened:
            below = [path for path in self._figures if path.startswith(f"{parent}/")]
            label = (
                f"{'  ' * depth}+ {len(children):,} with {len(below):,} actors: Enter shows them"
            )
            yield self._row(f"fold:{parent}", label, below)
            return
        for path in children:
            yield self._row(path, f"{'  ' * depth}{path.rpartition('/')[2]}", [path])
            yield from self.rows(opened, path, depth + 1)

    def _row(self, key: str, label: str, paths: Sequence[str]) -> Row:
        figures = [self._figures[path] for path in paths]
        new = sum(each.handled - self._before.get(each.path, 0) for each in figures)
        rate = new / self._seconds if self._seconds > 0 else 0.0
        cells = (
            label,
            f"{sum(each.mailbox_depth for each in figures):,}",
            f"{max(0.0, rate):,.1f}",
            f"{sum(each.handled for each in figures):,}",
            f"{sum(each.restarts for each in figures):,}",
        )
        return Row(key, cells)


def queue_rows(seen: Seen) -> list[Row]:
    """Mailboxes and actors' own queues in which anything waits, the longest first; then the empty ones."""
    found = []
    for each in seen.actors or ():
        if each.mailbox_depth:
            found.append((each.path, "mailbox", each.mailbox_depth))
        found += [(each.path, name, waiting) for name, waiting in each.queues.items()]
    found.sort(key=lambda row: (-row[2], row[0], row[1]))
    return [Row(f"{path} {name}", (path, name, f"{count:,}")) for path, name, count in found]
