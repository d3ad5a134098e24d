"""How many reads and writes were served and waited at once, over time."""

from collections.abc import Callable, Iterator
from typing import Final

from orchestrator.apiserver.telemetry.families import Histogram

_KINDS: Final = ("mutating", "readOnly")
_MANY: Final = 1024  # that have gone, and are counted together
_NANOSECONDS: Final = 1_000_000_000
_PARTS: Final = (0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)


class Crowd:
    """How many there are now, and the seconds that there were so many.

    Only the moments are noted at which one comes or goes: what follows from them is worked out when there are many,
    or when somebody asks.
    """

    __slots__ = ("_came", "_count", "_since", "_spent", "_went")

    def __init__(self, now: float) -> None:
        self._count = 0  # at `_since`
        self._since = now
        self._spent: dict[int, float] = {}
        self._came: list[float] = []
        self._went: list[float] = []

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count + len(self._came) - len(self._went)

    def comes(self, now: float) -> None:
        """One more from now on."""
        self._came.append(now)

    def goes(self, now: float) -> None:
        """One less from now on."""
        went = self._went
        went.append(now)
        if len(went) >= _MANY:
            self._settle()

    def spent(self, now: float) -> dict[int, float]:
        """The seconds since this was asked the last time."""
        self._settle()
        self._add(now)
        spent, self._spent = self._spent, {}
        return spent

    def _settle(self) -> None:
        changes = [(moment, 1) for moment in self._came] + [(moment, -1) for moment in self._went]
        changes.sort()
        for moment, more in changes:
            self._add(moment)
            self._count += more
        self._came, self._went = [], []

    def _add(self, now: float) -> None:
        """Until now there were as many as there are."""
        if now > self._since:
            self._spent[self._count] = self._spent.get(self._count, 0.0) + now - self._since
            self._since = now


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
