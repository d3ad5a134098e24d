"""The kinds of `core.policy`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import LimitRange, ResourceQuota
from orchestrator.apiserver.kinds.core.policy.defaults import default_limit_range
from orchestrator.apiserver.kinds.core.policy.tables import QUOTAS
from orchestrator.apiserver.kinds.core.policy.validation import (
    LIMIT_RANGE_RULES,
    RESOURCE_QUOTA_RULES,
)
from orchestrator.apiserver.kinds.core.policy.warnings import quota_warnings
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        LimitRange,
        rules=LIMIT_RANGE_RULES,
        default=default_limit_range,
        traits=Traits(create_on_update=True, names_itself=True),
    ),
    Kind(
        ResourceQuota,
        rules=RESOURCE_QUOTA_RULES,
        warnings=quota_warnings,
        table=QUOTAS,
        answers_deleted=True,
    ),
)
