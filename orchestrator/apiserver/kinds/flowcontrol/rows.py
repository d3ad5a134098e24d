"""The kinds of `flowcontrol`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.apiserver.kinds.flowcontrol.defaults import (
    default_flow_schema,
    default_priority_level,
)
from orchestrator.apiserver.kinds.flowcontrol.tables import FLOWS, LEVELS
from orchestrator.apiserver.kinds.flowcontrol.validation import FLOW_RULES, LEVEL_RULES
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.strategy import OBSERVED

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        FlowSchema,
        rules=FLOW_RULES,
        default=default_flow_schema,
        traits=OBSERVED,
        table=FLOWS,
        resets=STATUS_ALONE,
    ),
    Kind(
        PriorityLevelConfiguration,
        rules=LEVEL_RULES,
        default=default_priority_level,
        traits=OBSERVED,
        table=LEVELS,
        resets=STATUS_ALONE,
    ),
)
