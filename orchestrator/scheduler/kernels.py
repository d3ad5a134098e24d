"""Kernels: one rule for pods of one kind, over the columns of one snapshot, for many rows and for one.

Kernels whose `traits` are equal say the same of all rows, so what is known of these is shared.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import ClassVar, Final, Protocol

import numpy as np

from orchestrator.scheduler.groups import Groups
from orchestrator.scheduler.snapshot import Bool, Int64, Rows

MAX_NODE_SCORE: Final = 100


class Known(Protocol):
    """What is known of all rows by kernels that look at one row at a time."""

    def groups(self, key: str) -> Groups:
        """The rows by the value of a label, as they are now."""
        ...

    def total_of(self) -> Callable[[int], int]:
        """The total of a row, below 0 where it is not feasible; as of the last look for changes."""
        ...


class FilterKernel:
    """A filter for pods of one kind, over the columns of one snapshot."""

    spanning: ClassVar[bool] = False
    # Of a spanning kernel: whether it is to be asked about all rows that the others leave, since it may fail on any.
    may_fail: ClassVar[bool] = False
    # Whether what is said of a row is the same until the node itself changes, whatever pods come and go.
    of_nodes: ClassVar[bool] = False
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

    def leaders(self, local: Known) -> Rows | None:
        """Of a spanning kernel that alone joins what is known of rows: of those that it leaves the rows with
        the highest total, ascending. None: they are to be found by a look at all of them.
        """
        return None


class Fixed(FilterKernel):
    """A filter with one reason, about the node alone, which no eviction changes."""

    of_nodes = True
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

    def leaders(self, local: Known, weight: int) -> Rows | None:
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
