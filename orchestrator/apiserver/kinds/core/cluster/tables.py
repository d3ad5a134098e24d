"""What `kubectl get` shows of the kinds of `cluster`."""

from typing import Final

from orchestrator.api.core.v1 import (
    ComponentStatus,
    Namespace,
    NamespaceStatus,
)
from orchestrator.apiserver.printing import Printer, Row, age


def _namespace_cells(obj: Namespace, now: float) -> Row:
    return obj.metadata.name, (obj.status or NamespaceStatus()).phase, age(obj, now)


NAMESPACES: Final = Printer(cells=_namespace_cells)


def _component_cells(obj: ComponentStatus, now: float) -> Row:
    healthy = next((c for c in obj.conditions if c.type == "Healthy"), None)
    if healthy is None:
        return obj.metadata.name, "Unknown", "", ""
    word = {"True": "Healthy", "False": "Unhealthy"}.get(healthy.status, "Unknown")
    return obj.metadata.name, word, healthy.message, healthy.error


COMPONENTS: Final = Printer(
    cells=_component_cells,
)
