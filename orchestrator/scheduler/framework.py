"""The scheduling framework: what a plugin is.

A plugin is an object with a `name` and any of the extension points below, each a small protocol.
Filter and Score work on arrays: they get the rows of the nodes to look at, all of them or only those
that have changed, and answer an array of the same length. So nothing in them may depend on other
rows; what does is `normalize`, which sees the scores of all feasible nodes. A plugin that scores:

    class PreferLowNumbers(Plugin):
        name = "PreferLowNumbers"

        def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
            return np.array([100 - int(nodes.names[r].rpartition("-")[2]) for r in rows])

and `DEFAULT_PROFILE.adding(PreferLowNumbers(), weight=5)`. That is enough.

A plugin that must be fast answers a *kernel* instead (`filter_kernel`, `score_kernel`): one object
that holds a rule for pods of one kind over one snapshot, in the form for many rows, in the form for
one row (all that has changed after a placement), and with its `traits`, all of a pod that the rule
depends on: pods of many templates whose kernels have equal traits share what is known of the nodes.
A kernel that is `spanning` looks at other rows, too, as affinity between pods does: it is asked about
all rows that are left, for each pod.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
from msgspec import Struct

from orchestrator.api.core.v1 import Pod
from orchestrator.client import Client
from orchestrator.protocol import Patch
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

if TYPE_CHECKING:
    from orchestrator.scheduler.placement import Placement, Refusal
    from orchestrator.scheduler.shape import Local

MAX_NODE_SCORE: Final = 100

Write: TypeAlias = Callable[[Client], Awaitable[None]]
"""What a plugin writes, with the scheduler's rights; what it raises ends the attempt."""


class Plugin:
    """Base of scheduler plugins. It has no extension point of its own."""

    name: ClassVar[str] = ""
    # Whether its kernels depend on nothing of a pod but what `content_of` tells, and on the snapshot.
    by_content: ClassVar[bool] = False
    # Whether they depend on the volumes and claims of a pod, too: then each pod that has any is asked about.
    of_volumes: ClassVar[bool] = False
    # The events after which a pod that this plugin refused is worth another try.
    helped_by: ClassVar[frozenset[ClusterEvent]] = frozenset()
    # `helps(pod, event, old, new, nodes) -> bool` of a plugin that has it says which of them, for a pod.
    # The kinds whose objects `Snapshot.objects` must hold for this plugin.
    watches: ClassVar[tuple[type, ...]] = ()


# --- kernels -------------------------------------------------------------------------------


class FilterKernel:
    """A filter for pods of one kind, over the columns of one snapshot."""

    spanning: ClassVar[bool] = False
    # Of a spanning kernel: whether it is to be asked about all rows that the others leave, since it may fail on any.
    may_fail: ClassVar[bool] = False
    traits: Hashable
    # PreFilter: the only nodes worth a look; None: any.
    only: frozenset[str] | None = None
    # PreFilter: why no node at all can take the pod; empty: it is for the rows to say.
    refusal: str = ""

    def rows(self, rows: Rows) -> Bool:
        """True for each row whose node can take such a pod."""
        raise NotImplementedError

    def row(self, row: int) -> bool:
        """The same for one row."""
        return bool(self.rows(np.array((row,), np.intp))[0])

    def reasons(self, row: int) -> tuple[str, ...]:
        """Why the node of a row cannot take such a pod, in kube-scheduler's words."""
        raise NotImplementedError

    def tally(self, rows: Rows) -> Mapping[str, int]:
        """How many of the rows, none of which can take such a pod, have each of the `reasons`."""
        return Counter(reason for row in rows for reason in self.reasons(int(row)))

    def unresolvable(self, rows: Rows) -> Bool:
        """For rows that were refused: whether no eviction of pods could change that."""
        return np.zeros(len(rows), np.bool_)

    def spare(self, row: int) -> dict[int, int] | None:
        """Of a rule about sums alone: by column of the snapshot what would be left of it on a row beside such a
        pod, below 0 where it is not enough. None: the rule is another one.
        """
        return None

    def leaders(self, local: "Local") -> Rows | None:
        """Of a spanning kernel that alone joins what is known of rows: of those that it leaves the rows with
        the highest total, ascending. None: they are to be found by a look at all of them.
        """
        return None


class Fixed(FilterKernel):
    """A filter with one reason, about what no eviction changes."""

    reason: ClassVar[str]

    def reasons(self, row: int) -> tuple[str, ...]:
        """As `FilterKernel.reasons`: the one that there is."""
        return (self.reason,)

    def tally(self, rows: Rows) -> Mapping[str, int]:
        """As `FilterKernel.tally`: all rows have the one reason."""
        return {self.reason: len(rows)}

    def unresolvable(self, rows: Rows) -> Bool:
        """As `FilterKernel.unresolvable`: no eviction makes room on any of the rows."""
        return np.ones(len(rows), np.bool_)


class ScoreKernel:
    """A score for pods of one kind, over the columns of one snapshot."""

    spanning: ClassVar[bool] = False
    normalizes: ClassVar[bool] = False  # whether `normalize` brings the scores to 0..100
    by_arrays: ClassVar[bool] = False  # whether one row costs about as much as a hundred
    traits: Hashable

    def rows(self, rows: Rows) -> Int64:
        """The score of each row, 0 to 100. A spanning kernel gets all feasible rows."""
        raise NotImplementedError

    def row(self, row: int) -> int:
        """The same for one row."""
        return int(self.rows(np.array((row,), np.intp))[0])

    def normalize(self, scores: Int64) -> Int64:
        """The scores of all feasible nodes brought to 0..100."""
        return scores

    def leaders(self, local: "Local", weight: int) -> Rows | None:
        """Of a spanning kernel that alone joins what is known of rows: those with the highest total.

        None: they are to be found by a look at all of them.
        """
        return None


def default_normalize(scores: Int64, *, reverse: bool = False) -> Int64:
    """Scale to 0..100 by the highest; reversed, the lowest gets 100 (kube-scheduler's helper)."""
    highest = int(scores.max(initial=0))
    if highest == 0:
        return scores + MAX_NODE_SCORE if reverse else scores
    scaled = scores * MAX_NODE_SCORE // highest
    return MAX_NODE_SCORE - scaled if reverse else scaled


# --- extension points, in the order in which a pod meets them ------------------------------------


@runtime_checkable
class Hints(Protocol):
    """A plugin that says which of the events in `helped_by` may help a pod."""

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """Whether the change of an object may make room for a pod that the plugin refused."""
        ...


@runtime_checkable
class PreEnqueue(Protocol):
    """A plugin that keeps pods out of the queue by what they say themselves, as gates do."""

    def pre_enqueue(self, pod: Pod) -> str:
        """Why the pod must not enter the queue yet; empty when it may."""
        ...


@runtime_checkable
class EnqueueRule(Protocol):
    """A plugin that keeps pods out of the queue by what else is in the cluster."""

    def enqueue_gate(self, pod: Pod, nodes: Snapshot) -> str:
        """The same, by what else there is; asked again at each event that helps the plugin."""
        ...


@runtime_checkable
class QueueSort(Protocol):
    """The plugin that says which pod of the queue is tried next; a profile has one."""

    def sort_key(self, pod: Pod, queued_at: float) -> tuple[float, ...]:
        """Pods are tried in ascending order of this. `queued_at` is in seconds of the clock."""
        ...


@runtime_checkable
class Filter(Protocol):
    """`reasons(pod, nodes, row) -> tuple[str, ...]` may say why a row is refused."""

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        """True for each row whose node can take the pod."""
        ...


@runtime_checkable
class Reasons(Protocol):
    """A plugin with a `filter` that says more than that a node was refused."""

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        """Why the node of a row, which `filter` refused, cannot take the pod."""
        ...


@runtime_checkable
class FilterRule(Protocol):
    """A plugin that looks once at a pod and the nodes, and then filters for all pods alike."""

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """PreFilter: the filter for this pod; None when it has nothing to filter."""
        ...


class Nomination(Struct, frozen=True):
    """PostFilter found room: the node where there will be some when the victims have gone."""

    node: str
    victims: tuple[Pod, ...] = ()


class Remedy(Struct, frozen=True):
    """PostFilter writes something after which the pod may fit, when that has been heard of."""

    words: str
    write: Write


@runtime_checkable
class PostFilter(Protocol):
    """A plugin that is asked when no node can take a pod, as preemption is."""

    def post_filter(
        self, pod: Pod, refusal: "Refusal", cycle: "Placement"
    ) -> Nomination | Remedy | str:
        """The pod fits nowhere: make room, or say why there is none to be made."""
        ...


@runtime_checkable
class Score(Protocol):
    """A plugin that prefers some of the feasible nodes to others."""

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        """The score of each row, from 0 to 100 unless `normalize` brings it there."""
        ...


@runtime_checkable
class Normalize(Protocol):
    """A plugin whose scores have a range of their own."""

    def normalize(self, scores: Int64) -> Int64:
        """The scores of all feasible nodes brought to 0..100."""
        ...


@runtime_checkable
class ScoreRule(Protocol):
    """A plugin that looks once at a pod and the nodes, and then scores for all pods alike."""

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """PreScore: the score for this pod; None when it tells no nodes apart."""
        ...


@runtime_checkable
class TieBreak(Protocol):
    """A plugin that says which of equally good nodes is taken."""

    def break_tie(self, nodes: Snapshot, rows: Iterable[int]) -> int:
        """One of the rows with the highest total. What scores first and has this decides; else chance does,
        as in kube-scheduler.
        """
        ...


@runtime_checkable
class Reserve(Protocol):
    """A plugin that keeps something for a pod from the choice of its node on."""

    def reserve(self, pod: Pod, node: str) -> str:
        """Set aside what the pod will need on the node; why not, or empty when it is done."""
        ...


@runtime_checkable
class Unreserve(Protocol):
    """A plugin that gives back what it has kept for a pod."""

    def unreserve(self, pod: Pod, node: str) -> None:
        """Take `reserve` back: another plugin refused, or the binding failed. May come twice."""
        ...


class Wait(Struct, frozen=True):
    """At Permit: the pod keeps its place and waits for `seconds` at most.

    `allowed` is asked every second: True lets the pod go, a text that is not empty is why it may not.
    `words` say what is waited for.
    """

    allowed: Callable[[], bool | str]
    seconds: float
    words: str = ""


@runtime_checkable
class Permit(Protocol):
    """A plugin that may hold a pod back when its node has been chosen."""

    def permit(self, pod: Pod, node: str) -> str | Wait:
        """The last word before the binding: why not, or empty when the pod may go; or it has to wait."""
        ...


@runtime_checkable
class PermitRule(Protocol):
    def permit_among(self, pod: Pod, node: str, nodes: Snapshot) -> str | Wait:
        """As `permit`, by what else there is; the pod is counted on its node already."""
        ...


def _at_once() -> bool:
    return True


class Preparation(Struct, frozen=True):
    """What must be written before a pod is bound, and how to take back what it was assumed to do.

    `patches` are written all at once, `write` does what has an order. `done` answers whether what was
    written has had its effect, for which the binding waits: it is asked every second, for so long at most.
    A PluginError that it raises ends the attempt, too. `undo` gives back what was assumed and `withdraw` what
    was written, where the pod is not bound after all. `annotations` come to the pod with its binding, and cost
    no write of their own.
    """

    patches: tuple[Patch, ...]
    undo: Callable[[], None]
    done: Callable[[], bool] = _at_once
    timeout_seconds: float = 600.0
    write: Write | None = None
    withdraw: Write | None = None
    plugin: str = ""  # whose it is; the cycle says it
    at_permit: bool = False  # whether the pod waits for nothing but a plugin's word
    annotations: Mapping[str, str] = {}

    @property
    def takes_time(self) -> bool:
        """Whether something is written, or waited for, before the binding."""
        return bool(self.patches) or self.write is not None or self.done is not _at_once


@runtime_checkable
class PreBind(Protocol):
    """A plugin for whose pods something is written before they are bound."""

    def pre_bind(self, pod: Pod, node: str, nodes: Snapshot) -> Preparation | None:
        """What to write first; the pod is bound when all of it is. None: nothing."""
        ...


@runtime_checkable
class Bind(Protocol):
    """A plugin that binds pods in a way of its own."""

    def bind(self, pod: Pod, node: str) -> Write | None:
        """How the pod gets its node, in place of a Binding; None: this pod is another plugin's business."""
        ...


@runtime_checkable
class PostBind(Protocol):
    """A plugin that is told of pods that have been bound."""

    def post_bind(self, pod: Pod, node: str) -> None:
        """The pod is bound."""
        ...


POINTS: Final[Mapping[str, tuple[type, ...]]] = {
    "preEnqueue": (PreEnqueue, EnqueueRule),
    "queueSort": (QueueSort,),
    "filter": (Filter, FilterRule),
    "postFilter": (PostFilter,),
    "score": (Score, ScoreRule),
    "reserve": (Reserve, Unreserve),
    "permit": (Permit, PermitRule),
    "preBind": (PreBind,),
    "bind": (Bind,),
    "postBind": (PostBind,),
}
"""Extension points by their names in a configuration."""
