"""How many reads and writes were served and waited at once, over time."""

from collections.abc import Callable, Iterator
from typing import Final

from orchestrator.apiserver.telemetry.families import Histogram

_KINDS: Final = ("mutating", "readOnly")
_NANOSECONDS: Final = 1_000_000_000
_PARTS: Final = (0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)


class Crowd:
    """How many there are now, and the seconds that there were so many."""

    __slots__ = ("_since", "_spent", "count")

    def __init__(self, now: float) -> None:
        self.count = 0
        self._since = now
        self._spent: dict[int, float] = {}

    def change(self, more: int, now: float) -> None:
        """One more (1) or less (-1) from now on."""
        spent, count = self._spent, self.count
        spent[count] = spent.get(count, 0.0) + now - self._since
        self._since, self.count = now, count + more

    def spent(self, now: float) -> dict[int, float]:
        """The seconds since this was asked the last time."""
        self.change(0, now)
        spent, self._spent = self._spent, {}
        return spent


class Occupancy:
    """The requests of each kind, mutating or readOnly, that are `executing` and `waiting`. `monotonic` answers seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        now = monotonic()
        self.executing = {kind: Crowd(now) for kind in _KINDS}
        self.waiting = {kind: Crowd(now) for kind in _KINDS}
        self._parts = Histogram(
            "apiserver_flowcontrol_read_vs_write_current_requests",
            "Requests that are served, and that wait by how many may, at the end of every nanosecond.",
            ("phase", "request_kind"),
            _PARTS,
        )

    def families(self, places: int) -> Iterator[Histogram]:
        """The histogram. `places`: how many may wait."""
        now = self._monotonic()
        phases = (("executing", self.executing, 1), ("waiting", self.waiting, max(places, 1)))
        for phase, crowds, most in phases:
            for kind, crowd in crowds.items():
                for count, seconds in crowd.spent(now).items():
                    self._parts.weigh(count / most, round(seconds * _NANOSECONDS), phase, kind)
        yield self._parts
