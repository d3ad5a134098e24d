"""What an autoscaler must remember between two looks: what it recommended, and what it changed.

As in Kubernetes it is the controller's memory alone: one that begins anew has none.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

KEPT_SECONDS: Final = 3600.0  # the longest window that Kubernetes takes


class Recommendation(NamedTuple):
    """How many pods were asked for, at `at` (epoch seconds)."""

    replicas: int
    at: float


class History:
    """Of one autoscaler."""

    __slots__ = ("_down", "_up", "recommendations")

    def __init__(self, replicas: int, now: float) -> None:
        self.recommendations = [Recommendation(replicas, now)]
        self._up: list[Recommendation] = []
        self._down: list[Recommendation] = []

    def recommend(self, replicas: int, now: float) -> None:
        """Note what was asked for, before it is limited."""
        self.recommendations = _fresh(self.recommendations, now)
        self.recommendations.append(Recommendation(replicas, now))

    def scaled(self, before: int, after: int, now: float) -> None:
        """Note a change."""
        events = self._up if after > before else self._down
        events[:] = _fresh(events, now)
        events.append(Recommendation(abs(after - before), now))

    def at_start_of(self, period_seconds: float, replicas: int, now: float) -> int:
        """How many pods there were `period_seconds` ago, if `replicas` are there now."""
        since = now - period_seconds
        added = sum(each.replicas for each in self._up if each.at > since)
        taken = sum(each.replicas for each in self._down if each.at > since)
        return replicas - added + taken


def _fresh(entries: Iterable[Recommendation], now: float) -> list[Recommendation]:
    return [each for each in entries if each.at >= now - KEPT_SECONDS]
