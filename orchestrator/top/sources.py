"""Where looks at a cluster come from."""

from typing import Protocol

from orchestrator.top.looks import Seen


class SourceError(Exception):
    """The cluster cannot be looked at; says why, in one line."""


class Source(Protocol):
    """A cluster that can be looked at."""

    @property
    def name(self) -> str:
        """What is looked at, for the head of the view."""

    async def look(self) -> Seen:
        """The cluster as it is now. Raises SourceError."""

    async def close(self) -> None:
        """End with it."""


class Simulation(Source, Protocol):
    """A cluster whose time passes only when it is told to."""

    @property
    def step(self) -> str:
        """The step of its scenario that is under way."""

    async def begin(self) -> None:
        """Start it. Raises SourceError."""

    async def advance(self, seconds: float) -> None:
        """Let so much of the cluster's time pass. Raises SourceError."""
