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

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

from orchestrator.api.core.v1 import Pod
from orchestrator.client import Client
from orchestrator.protocol import Patch
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.kernels import FilterKernel, ScoreKernel
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.shape import Shape
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot
from orchestrator.scheduler.trials import Trials

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


class Attempts(Protocol):
    """The decision that PostFilter is about: what the nodes are, and what would be if pods came or went."""

    @property
    def nodes(self) -> Snapshot:
        """The nodes."""
        ...

    @property
    def nominations(self) -> Nominations:
        """Which nodes are promised to whom."""
        ...

    def shape_of(self, pod: Pod) -> Shape:
        """What is known of the nodes for pods like this one. Raises PluginError."""
        ...

    def trials(self, pod: Pod) -> Trials:
        """What is known of evictions for pods like this one, up to date. Raises PluginError."""
        ...

    def why_not(self, pod: Pod, row: int, shape: Shape) -> Mapping[str, int] | None:
        """Why a row is refused as things stand, each reason counted; None: it is not."""
        ...

    def supposing(
        self, row: int, *, adding: tuple[Pod, ...] = (), removing: tuple[Pod, ...] = ()
    ) -> AbstractContextManager[None]:
        """Inside the block the nodes are as if these pods had come to a row, and those gone."""
        ...

    def left_out(self, row: int, pods: Iterable[Pod], pod: Pod, shape: Shape) -> list[Pod]:
        """Of pods that come back to a row one after another, those beside which another pod would not fit."""
        ...


@runtime_checkable
class PostFilter(Protocol):
    """A plugin that is asked when no node can take a pod, as preemption is."""

    def post_filter(self, pod: Pod, refusal: Refusal, cycle: Attempts) -> Nomination | Remedy | str:
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

    `patches` are written all at once, and `heard` is told of each object as it is then; `write` does what has an
    order. `done` answers whether what was written has had its effect, for which the binding waits: it is asked
    every second, for so long at most. A PluginError that it raises ends the attempt, too. `undo` gives back what was assumed and `withdraw` what
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
    heard: Callable[[Any], None] | None = None

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
