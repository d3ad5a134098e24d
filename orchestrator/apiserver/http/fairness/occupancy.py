"""How many reads and writes were served and waited at once, over time."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

from orchestrator.apiserver.telemetry.families import Histogram

Phase: TypeAlias = Literal["executing", "waiting"]

_NANOSECONDS: Final = 1_000_000_000
_PARTS: Final = (0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)


class Occupancy:
    """Counts of now, and the seconds that each was such a number. `monotonic` answers seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        now = monotonic()
        phases: tuple[Phase, ...] = ("executing", "waiting")
        self._now = {(phase, kind): 0 for phase in phases for kind in ("mutating", "readOnly")}
        self._since = dict.fromkeys(self._now, now)
        self._spent: dict[tuple[str, str, int], float] = {}
        self._parts = Histogram(
            "apiserver_flowcontrol_read_vs_write_current_requests",
            "Requests that are served, and that wait by how many may, at the end of every nanosecond.",
            ("phase", "request_kind"),
            _PARTS,
        )

    def change(self, phase: Phase, kind: str, more: int, now: float) -> None:
        """One more (1) or less (-1) is served or waits from now on."""
        key = (phase, kind)
        count = self._now[key]
        spent = (phase, kind, count)
        self._spent[spent] = self._spent.get(spent, 0.0) + now - self._since[key]
        self._since[key], self._now[key] = now, count + more

    def waiting(self, kind: str) -> int:
        """How many wait now."""
        return self._now["waiting", kind]

    def families(self, places: int) -> Iterator[Histogram]:
        """The histogram. `places`: how many may wait."""
        for phase, kind in self._now:
            self.change(phase, kind, 0, self._monotonic())
        spent, self._spent = self._spent, {}
        for (name, kind, count), seconds in spent.items():
            most = max(places, 1) if name == "waiting" else 1
            self._parts.weigh(count / most, round(seconds * _NANOSECONDS), name, kind)
        yield self._parts
