"""What `kubectl get` shows of the kinds of `scheduling`."""

from typing import Final

from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.printing import AGE, NAME, Printer, Row, age, column


def _priority_cells(obj: PriorityClass, now: float) -> Row:
    return (
        obj.metadata.name,
        obj.value,
        bool(obj.global_default),
        age(obj, now),
        obj.preemption_policy or "",
    )


PRIORITIES: Final = Printer(
    columns=(
        NAME,
        column("Value", "The priority; higher goes first.", "integer"),
        column("Global-Default", "Whether pods without a class have it.", "boolean"),
        AGE,
        column("PreemptionPolicy", "Whether pods of the class push others out."),
    ),
    cells=_priority_cells,
)
