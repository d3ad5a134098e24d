"""The kinds of `policy`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.policy.v1 import PodDisruptionBudget
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.policy.tables import BUDGETS
from orchestrator.apiserver.kinds.policy.validation import POD_DISRUPTION_BUDGET_RULES
from orchestrator.apiserver.kinds.strategy import OBSERVED_STRICT

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        PodDisruptionBudget,
        rules=POD_DISRUPTION_BUDGET_RULES,
        traits=OBSERVED_STRICT,
        table=BUDGETS,
    ),
)
