"""What `kubectl get` shows of the kinds of `policy`."""

from typing import Final

from orchestrator.api.policy.v1 import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from orchestrator.apiserver.printing import Printer, Row, age


def _budget_cells(obj: PodDisruptionBudget, now: float) -> Row:
    spec, status = obj.spec or PodDisruptionBudgetSpec(), obj.status or PodDisruptionBudgetStatus()
    return (
        obj.metadata.name,
        "N/A" if spec.min_available is None else str(spec.min_available),
        "N/A" if spec.max_unavailable is None else str(spec.max_unavailable),
        status.disruptions_allowed,
        age(obj, now),
    )


BUDGETS: Final = Printer(
    cells=_budget_cells,
)
