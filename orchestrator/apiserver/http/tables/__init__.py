"""Tables: what `kubectl get` shows, made by the server. One file a family of kinds.

A table has the columns that Kubernetes' own server gives the kind, so that kubectl prints the same
words; `-o wide` shows those of priority 1 as well. A kind without a printer gets its name and its
time of creation, a custom resource its name and its age.

Add a kind by a `Printer` in a family's `TABLES`.
"""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.http.tables import (
    access,
    autoscalers,
    configs,
    events,
    extensions,
    jobs,
    limits,
    network,
    nodes,
    pods,
    storage,
    workloads,
)
from orchestrator.apiserver.http.tables.printer import (
    AGE,
    CREATED_AT,
    NAME,
    Column,
    HasMetadata,
    Printer,
    Row,
    age,
)

__all__ = ["Column", "Printer", "printer_for"]

_FAMILIES: Final = (
    access,
    autoscalers,
    configs,
    events,
    extensions,
    jobs,
    limits,
    network,
    nodes,
    pods,
    storage,
    workloads,
)
_PRINTERS: Final[Mapping[type[Any], Printer[Any]]] = {
    kind: printer for family in _FAMILIES for kind, printer in family.TABLES.items()
}


def _created_cells(obj: HasMetadata, now: float) -> Row:
    return obj.metadata.name, obj.metadata.creation_timestamp or ""


def _custom_cells(obj: HasMetadata, now: float) -> Row:
    return obj.metadata.name, age(obj, now)


_DEFAULT: Final[Printer[Any]] = Printer(columns=(NAME, CREATED_AT), cells=_created_cells)
_CUSTOM: Final[Printer[Any]] = Printer(columns=(NAME, AGE), cells=_custom_cells)


def printer_for(resource: Resource) -> Printer[Any]:
    """The table of a resource."""
    kind = resource.type
    return _CUSTOM if kind is Unstructured else _PRINTERS.get(kind, _DEFAULT)
