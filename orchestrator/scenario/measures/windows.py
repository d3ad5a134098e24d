"""What happened between two steps, in every measure.

A window begins when the action of one step does, for the first time, and ends when another has ended,
for the last time if it is repeated. Measures that tell what is there now are those of its end.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from msgspec import Struct

from orchestrator.scenario.measures.marks import START, Mark


class Window(Struct, frozen=True):
    """The names of two steps; empty: the beginning, or the end, of the run."""

    begin: str = ""
    end: str = ""


WHOLE: Final = Window()


class Measuring(Protocol):
    """What windows need of the meter."""

    def mark(self) -> Mark:
        """This moment, to measure from."""

    def measures(self, since: Mark = START) -> dict[str, float]:
        """Every measure by its name, of what has happened since a mark."""


class Windows:
    """The windows that somebody wants to know of."""

    def __init__(self, wanted: Iterable[Window], meter: Measuring) -> None:
        self._wanted = tuple(dict.fromkeys(wanted))
        self._meter = meter
        self._marks: dict[str, Mark] = {}  # by the step that began
        self._found: dict[Window, dict[str, float]] = {}

    def begins(self, step: str) -> None:
        """The action of a step begins."""
        if step not in self._marks and any(window.begin == step for window in self._wanted):
            self._marks[step] = self._meter.mark()

    def ends(self, step: str) -> None:
        """A step has ended."""
        for window in self._wanted:
            if window.end == step:
                self._measure(window)

    def close(self) -> None:
        """The run is at its end."""
        for window in self._wanted:
            if not window.end:
                self._measure(window)

    def measures(self, window: Window) -> dict[str, float]:
        """Every measure of a window; none if it has not come to its end."""
        return self._found.get(window, {})

    def _measure(self, window: Window) -> None:
        if not window.begin:
            self._found[window] = self._meter.measures()
        elif window.begin in self._marks:
            self._found[window] = self._meter.measures(self._marks[window.begin])
