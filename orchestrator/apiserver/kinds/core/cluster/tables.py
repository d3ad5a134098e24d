"""What `kubectl get` shows of the kinds of `cluster`."""

from typing import Final

from orchestrator.api.core.v1 import (
    ComponentStatus,
    Namespace,
    NamespaceStatus,
)
from orchestrator.apiserver.printing import AGE, NAME, Printer, Row, age, column


def _namespace_cells(obj: Namespace, now: float) -> Row:
    return obj.metadata.name, (obj.status or NamespaceStatus()).phase, age(obj, now)


NAMESPACES: Final = Printer(
    columns=(NAME, column("Status", "Active, or Terminating."), AGE), cells=_namespace_cells
)


def _component_cells(obj: ComponentStatus, now: float) -> Row:
    healthy = next((c for c in obj.conditions if c.type == "Healthy"), None)
    if healthy is None:
        return obj.metadata.name, "Unknown", "", ""
    word = {"True": "Healthy", "False": "Unhealthy"}.get(healthy.status, "Unknown")
    return obj.metadata.name, word, healthy.message, healthy.error


COMPONENTS: Final = Printer(
    columns=(
        NAME,
        column("Status", "Whether the component is healthy."),
        column("Message", "What it says."),
        column("Error", "What is wrong with it."),
    ),
    cells=_component_cells,
)
