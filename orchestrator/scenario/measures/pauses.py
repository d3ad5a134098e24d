"""How long the event loop is busy at a stretch: while it is, nothing else in the program can run."""

import heapq
from typing import Final

from orchestrator.scenario.measures import distribution
from orchestrator.scenario.measures.distribution import Distribution
from orchestrator.scenario.measures.figures import Pause, Pauses

_LONG_SECONDS: Final = 0.05
_KEPT: Final = 5


class PauseMeter:
    """Hears of every turn of the loop, from `begin` on. `where` is set as the run goes on."""

    def __init__(self) -> None:
        self.step = ""
        self.virtual_seconds = 0.0
        self.counting = False
        self._turns = Distribution()
        self._long = 0
        self._longest: list[tuple[float, int, Pause]] = []

    def turn(self, seconds: float) -> None:
        """The loop was busy for so long (wall time)."""
        if not self.counting:
            return
        self._turns.add(seconds)
        if seconds <= _LONG_SECONDS / 10:
            return
        if seconds > _LONG_SECONDS:
            self._long += 1
        pause = Pause(seconds=seconds, virtual_seconds=self.virtual_seconds, step=self.step)
        entry = (seconds, self._turns.count, pause)
        if len(self._longest) < _KEPT:
            heapq.heappush(self._longest, entry)
        else:
            heapq.heappushpop(self._longest, entry)

    def mark(self) -> distribution.Mark:
        """How far the turns have come."""
        return self._turns.mark()

    def longest_since(self, mark: distribution.Mark) -> float | None:
        """The longest turn since a mark; None if there was none."""
        turns = self._turns.since(mark).summary()
        return turns.max if turns.count else None

    def report(self) -> Pauses:
        """The distribution of the turns, and the longest of them."""
        return Pauses(
            turns=self._turns.summary(),
            over_50_ms=self._long,
            longest=tuple(pause for _, _, pause in sorted(self._longest, reverse=True)),
        )
