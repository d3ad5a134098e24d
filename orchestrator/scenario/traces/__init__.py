"""Traces of real clusters as workloads: importers, one file a form.

`interface.py` is what an importer offers, `objects.py` what a task becomes. Nothing here runs
anything. A package of your own offers an importer by an entry point of the group
`orchestrator.traces` whose value is the importer itself; see docs/traces.md.
"""

from importlib.metadata import entry_points
from typing import Final

from orchestrator.scenario.traces.interface import (
    Importer,
    Task,
    Trace,
    TraceError,
    TraceNode,
    UnknownImporter,
)
from orchestrator.scenario.traces.objects import pod_of
from orchestrator.scenario.traces.openb import Openb
from orchestrator.scenario.traces.table import Table

ENTRY_POINTS: Final = "orchestrator.traces"
IMPORTERS: Final[tuple[Importer, ...]] = (
    Openb(),
    Table(),
)


def find_importer(name: str) -> Importer:
    """The importer of a name: our own, or else another package's. Raises UnknownImporter."""
    for importer in IMPORTERS:
        if importer.name == name:
            return importer
    offered = entry_points(group=ENTRY_POINTS)
    for entry in offered:
        if entry.name == name:
            try:
                found: Importer = entry.load()
            except (ImportError, AttributeError) as error:
                raise UnknownImporter(f'"{name}" ({entry.value}) is broken: {error}') from None
            return found
    known = sorted({i.name for i in IMPORTERS} | {e.name for e in offered})
    raise UnknownImporter(f'there is no importer "{name}"; there are {", ".join(known)}')


__all__ = [
    "IMPORTERS",
    "Importer",
    "Task",
    "Trace",
    "TraceError",
    "TraceNode",
    "UnknownImporter",
    "find_importer",
    "pod_of",
]
