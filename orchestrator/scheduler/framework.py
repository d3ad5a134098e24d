"""The scheduling framework: what a plugin is, and the profile that puts plugins together.

A plugin is one class with the extension points that it needs. Filter and Score work on arrays: they
get the rows of the nodes to look at, all of them or only those that have changed, and answer an
array of the same length. So nothing in them may depend on other rows; what does is `normalize`,
which sees the scores of all feasible nodes. A plugin that scores:

    class PreferLowNumbers(Plugin):
        name = "PreferLowNumbers"

        def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
            return np.array([100 - int(nodes.names[r].rpartition("-")[2]) for r in rows])

and `Profile(plugins=(*DEFAULT_PLUGINS, PreferLowNumbers()), weights={"PreferLowNumbers": 5})`.

That is enough. A plugin may say more, for speed: how it looks at a single row (`filter_row`,
`score_row`), which is all that has changed after a placement; how it counts the reasons of many
(`tally`); and what of a pod it looks at (`traits`), so that pods of many templates share what is
known of the nodes. What a subclass changes is not asked in these forms unless it has its own.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import ClassVar, Final, TypeAlias

import numpy as np
from msgspec import Struct

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

MAX_NODE_SCORE: Final = 100

RowFilter: TypeAlias = Callable[[int], bool]
RowScore: TypeAlias = Callable[[int], int]


class Plugin:
    """Base of scheduler plugins: an extension point that is not overridden is not called."""

    name: ClassVar[str]
    # The events after which a pod that this plugin refused is worth another try.
    helped_by: ClassVar[frozenset[ClusterEvent]] = frozenset()

    def pre_enqueue(self, pod: Pod) -> str:
        """Why the pod must not enter the queue yet; empty when it may."""
        return ""

    def relevant(self, pod: Pod) -> bool:
        """PreFilter: whether the plugin has anything to filter for this pod."""
        return True

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        """True for each row whose node can take the pod."""
        raise NotImplementedError

    def filter_row(self, pod: Pod, nodes: Snapshot) -> RowFilter:
        """`filter` as a function of one row, for pods of this one's shape, now and later."""
        return lambda row: bool(self.filter(pod, nodes, np.array((row,), np.intp))[0])

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        """Why the node of a row cannot take the pod, in kube-scheduler's words."""
        raise NotImplementedError

    def tally(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        """How many of the rows, none of which can take the pod, have each of the `reasons`."""
        return Counter(reason for row in rows for reason in self.reasons(pod, nodes, int(row)))

    def scores(self, pod: Pod) -> bool:
        """PreScore: whether the plugin tells nodes apart for this pod."""
        return True

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        """The score of each row, from 0 to 100 unless `normalize` brings it there."""
        raise NotImplementedError

    def score_row(self, pod: Pod, nodes: Snapshot) -> RowScore:
        """`score` as a function of one row, for pods of this one's shape, now and later."""
        return lambda row: int(self.score(pod, nodes, np.array((row,), np.intp))[0])

    def normalize(self, scores: Int64) -> Int64:
        """The scores of all feasible nodes brought to 0..100."""
        raise NotImplementedError

    def post_filter(self, pod: Pod, nodes: Snapshot) -> None:
        """The pod fits nowhere: the place for what makes room."""

    def reserve(self, pod: Pod, node: str) -> str:
        """Set aside what the pod will need on the node; why not, or empty when it is done."""
        return ""

    def unreserve(self, pod: Pod, node: str) -> None:
        """Take `reserve` back: another plugin refused, or the binding failed. May come twice."""

    def permit(self, pod: Pod, node: str) -> str:
        """The last word before the binding: why not, or empty when the pod may go."""
        return ""

    def post_bind(self, pod: Pod, node: str) -> None:
        """The pod is bound."""

    def traits(self, pod: Pod) -> Hashable:
        """All of a pod that the plugin's filter and score depend on; None: the spec and all in it.

        Pods with equal traits are treated alike, whatever template they come from.
        """
        return None

    def has(self, point: str) -> bool:
        """Whether the plugin overrides an extension point."""
        return getattr(type(self), point) is not getattr(Plugin, point)

    # --- for the framework -----------------------------------------------------------------

    def filter_of_row(self, pod: Pod, nodes: Snapshot) -> RowFilter:
        """`filter_row`, unless a subclass has changed `filter` and says nothing of rows."""
        own = self._speaks_for("filter_row", "filter")
        form = type(self).filter_row if own else Plugin.filter_row
        return form(self, pod, nodes)

    def tally_of(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        """`tally`, unless a subclass has changed `reasons` and says nothing of many."""
        form = type(self).tally if self._speaks_for("tally", "reasons") else Plugin.tally
        return form(self, pod, nodes, rows)

    def score_of_row(self, pod: Pod, nodes: Snapshot) -> RowScore:
        """`score_row`, unless a subclass has changed `score` and says nothing of rows."""
        form = type(self).score_row if self._speaks_for("score_row", "score") else Plugin.score_row
        return form(self, pod, nodes)

    def traits_of(self, pod: Pod) -> Hashable:
        """`traits`, unless a subclass has changed what they speak of."""
        looks = ("filter", "score", "relevant", "scores", "filter_row", "score_row")
        return self.traits(pod) if self._speaks_for("traits", *looks) else None

    def _speaks_for(self, form: str, *points: str) -> bool:
        """Whether the class that defines `form` is, or derives from, those that define `points`."""
        defining = _definer(self, form)
        return all(issubclass(defining, _definer(self, point)) for point in points)


def _definer(plugin: Plugin, name: str) -> type:
    return next(cls for cls in type(plugin).__mro__ if name in vars(cls))


class Profile(Struct, frozen=True):
    """Plugins in the order in which they filter, and the weights of their scores (1 unless given)."""

    plugins: tuple[Plugin, ...]
    weights: Mapping[str, int] = {}
    scheduler_name: str = "default-scheduler"

    def with_point(self, point: str) -> tuple[Plugin, ...]:
        """The plugins that override an extension point, in their order."""
        return tuple(p for p in self.plugins if p.has(point))

    def helped_by(self) -> dict[ClusterEvent, frozenset[str]]:
        """For each event, the plugins whose refusals it may lift."""
        return {
            event: frozenset(p.name for p in self.plugins if event in p.helped_by)
            for event in ClusterEvent
        }


def default_normalize(scores: Int64, *, reverse: bool = False) -> Int64:
    """Scale to 0..100 by the highest; reversed, the lowest gets 100 (kube-scheduler's helper)."""
    highest = int(scores.max(initial=0))
    if highest == 0:
        return scores + MAX_NODE_SCORE if reverse else scores
    scaled = scores * MAX_NODE_SCORE // highest
    return MAX_NODE_SCORE - scaled if reverse else scaled
