"""Scoring some of the nodes that fit, in turn: kube-scheduler's `percentageOfNodesToScore`.

The nodes stand in one order: the first of each zone, the second of each, and so on. Each pod's search begins
where the one before it ended, and ends when enough nodes are found. All nodes are judged here in any case, at
once, so what the search saves is scoring alone; who asks for it wants kube-scheduler's own choice.
"""

from typing import Final

import numpy as np

from orchestrator.machinery.topology import zone_of
from orchestrator.scheduler.snapshot import Int64, Rows, Snapshot

_LEAST_NODES: Final = 100
_LEAST_PERCENT: Final = 5


def enough(nodes: int, percentage: int) -> int:
    """How many nodes that fit end the search among so many; a percentage of 0 is chosen by their number."""
    if nodes < _LEAST_NODES:
        return nodes
    percentage = percentage or max(50 - nodes // 125, _LEAST_PERCENT)
    return max(nodes * percentage // 100, _LEAST_NODES)


class Rotation:
    """Where the next search begins. One for all profiles of a scheduler."""

    def __init__(self, nodes: Snapshot) -> None:
        self._nodes = nodes
        self._start = 0
        self._places: Int64 = np.zeros(0, np.int64)  # of each row in the order
        self._places_at = -1

    def some(self, feasible: Rows, looked_at: int, wanted: int) -> Rows:
        """The first `wanted` of the feasible rows from where the search begins, ascending.

        `looked_at` is how many nodes there are to look at, which are fewer where a pod names its nodes.
        """
        total = len(self._nodes)
        if not total:
            return feasible
        distance = (self._order()[feasible] - self._start) % total
        by_turn = np.argsort(distance)
        seen = looked_at
        if len(feasible) > wanted:
            seen = int(distance[by_turn[wanted]])  # one more that fits is met, and not taken
        self._start = (self._start + seen) % total
        return np.sort(feasible[by_turn[:wanted]])

    def _order(self) -> Int64:
        """The place of each row: zones take turns, in the order in which they and their nodes came."""
        nodes = self._nodes
        if self._places_at == nodes.nodes_version:
            return self._places
        zones: dict[tuple[str, str], list[int]] = {}
        for row in nodes.rows_as_they_came():
            zones.setdefault(zone_of(nodes.labels[row]), []).append(row)
        turns = sorted(
            (turn, zone, row)
            for zone, rows in enumerate(zones.values())
            for turn, row in enumerate(rows)
        )
        self._places = np.zeros(nodes.valid.size, np.int64)
        for place, (_, _, row) in enumerate(turns):
            self._places[row] = place
        self._places_at = nodes.nodes_version
        return self._places
