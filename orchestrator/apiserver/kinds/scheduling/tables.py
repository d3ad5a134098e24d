"""What `kubectl get` shows of the kinds of `scheduling`."""

from typing import Final

from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.printing import Printer, Row, age


def _priority_cells(obj: PriorityClass, now: float) -> Row:
    return (
        obj.metadata.name,
        obj.value,
        bool(obj.global_default),
        age(obj, now),
        obj.preemption_policy or "",
    )


PRIORITIES: Final = Printer(
    cells=_priority_cells,
)
