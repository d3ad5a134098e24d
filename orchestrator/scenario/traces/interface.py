"""What a trace is, and what whoever reads one has to offer.

A trace is plain data: which nodes there were, and which tasks came when, for how long, asking for
what. What becomes of it in a cluster is decided elsewhere (`objects.py`, the runner).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec import Struct

# What a node offers of `pods` when the trace does not say: every address that its /24 holds for
# pods, with a few to spare, so that it is CPU, memory or devices that fill a node.
POD_LIMIT: Final = "250"


class TraceNode(Struct, frozen=True):
    """One node. `capacity` maps resources to canonical quantities."""

    name: str
    capacity: Mapping[str, str]
    labels: Mapping[str, str] = {}


class Task(Struct, frozen=True):
    """One task. Times in seconds since the trace's beginning.

    `duration_seconds` None: it runs until the end. `requests` maps resources to canonical
    quantities. `node_labels` says which values of a node's label the task accepts.
    """

    name: str
    arrival_seconds: float
    duration_seconds: float | None
    requests: Mapping[str, str]
    labels: Mapping[str, str] = {}
    node_labels: Mapping[str, tuple[str, ...]] = {}


class Trace(Struct, frozen=True):
    """A whole trace; tasks in the order of their arrival, then of their names.

    A trace without nodes leaves them to the scenario.
    """

    nodes: tuple[TraceNode, ...]
    tasks: tuple[Task, ...]


class TraceError(ValueError):
    """`file:line: what is wrong and what would be right`; `line` is 0 when it is the whole file."""

    def __init__(self, file: str | Path, line: int, message: str) -> None:
        where = f"{file}:{line}" if line else str(file)
        super().__init__(f"{where}: {message}")
        self.file = str(file)
        self.line = line
        self.message = message


class UnknownImporter(LookupError):
    """There is no importer of this name, or its package cannot be imported."""


class Importer(Protocol):
    """Reads one form of trace."""

    @property
    def name(self) -> str:
        """What a scenario calls it."""

    def load(self, path: Path, options: Mapping[str, Any]) -> Trace:
        """The trace at `path`. Raises TraceError, for an unknown option, too."""
