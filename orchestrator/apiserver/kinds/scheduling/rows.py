"""The kinds of `scheduling`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.scheduling.defaults import default_priority_class
from orchestrator.apiserver.kinds.scheduling.strategy import PriorityClassStrategy
from orchestrator.apiserver.kinds.scheduling.tables import PRIORITIES
from orchestrator.apiserver.kinds.scheduling.validation import PRIORITY_CLASS_RULES
from orchestrator.apiserver.kinds.strategy import OBSERVED

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        PriorityClass,
        rules=PRIORITY_CLASS_RULES,
        default=default_priority_class,
        strategy=PriorityClassStrategy,
        traits=OBSERVED,
        table=PRIORITIES,
    ),
)
