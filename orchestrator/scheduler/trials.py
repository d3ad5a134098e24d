"""What trials of evictions came to, row by row, remembered for as long as it is true.

A pod that waits for its victims to go is tried again at each pod that goes, on all nodes; of most nothing has
changed since the last trial. So an attempt costs the rows that changed, and a look at one column.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.nominations import Candidate, Nominations
from orchestrator.scheduler.snapshot import Int64, Snapshot

_UNKNOWN = -1


class Trials:
    """Outcomes for pods of one shape and priority. `spans`: filters look at other rows, too."""

    def __init__(self, nodes: Snapshot, nominations: Nominations, *, spans: bool) -> None:
        self._nodes, self._nominations, self._spans = nodes, nominations, spans
        self._version = self._promised = -1
        # By row the number of the reasons why no eviction makes room; many rows have the same.
        self._reason: Int64 = np.zeros(0, np.int64)
        self._reasons: list[Mapping[str, int]] = []
        self._numbers: dict[frozenset[tuple[str, int]], int] = {}
        # By row the candidate, and the pods that were thought away, as they were.
        self._candidates: dict[int, tuple[tuple[Pod, ...], Candidate]] = {}

    def catch_up(self) -> None:
        """Forget what is not true any more."""
        nodes, version = self._nodes, self._nodes.version
        promised = self._nominations.changed_since(self._promised)
        self._promised = self._nominations.version
        rows: list[int] | None = []
        if version != self._version:
            rows = None if self._spans else nodes.touched_since(self._version)
            self._version = version
        if rows is None or promised is None or self._reason.size != nodes.valid.size:
            self._reason = np.full(nodes.valid.size, _UNKNOWN, np.int64)
            self._candidates.clear()
            return
        for row in (*rows, *map(nodes.row_of, promised)):
            if row is not None:
                self._reason[row] = _UNKNOWN
                self._candidates.pop(row, None)

    def divided(self, rows: Sequence[int], own: int | None) -> tuple[list[int], Counter[str]]:
        """The rows of which nothing hopeless is known, in their order; the reasons of the others, counted.

        `own` was promised to the pod that asks: what is known of it counts that promise, as others see it.
        """
        every = np.array(rows, np.intp)
        known = self._reason[every]
        if own is not None:
            known[every == own] = _UNKNOWN
        counts = np.bincount(known[known >= 0], minlength=len(self._reasons)).tolist()
        reasons: Counter[str] = Counter()
        for count, each in zip(counts, self._reasons, strict=True):
            if count:
                reasons.update({reason: count * times for reason, times in each.items()})
        return every[known < 0].tolist(), reasons

    def candidate(self, row: int) -> Candidate | None:
        """What was found on a row, if the pods there are as they were."""
        known = self._candidates.get(row)
        if known is None or any(self._nodes.current(pod) is not pod for pod in known[0]):
            return None
        return known[1]

    def remember(
        self, row: int, found: Candidate | Mapping[str, int], lower: Iterable[Pod]
    ) -> None:
        """What a trial on a row came to; `lower` are the pods that it thought away."""
        if isinstance(found, Candidate):
            self._candidates[row] = tuple(lower), found
            return
        key = frozenset(found.items())
        number = self._numbers.setdefault(key, len(self._reasons))
        if number == len(self._reasons):
            self._reasons.append(dict(found))
        self._reason[row] = number
