"""The kinds of `apiregistration`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.apiserver.kinds.apiregistration.defaults import default_api_service
from orchestrator.apiserver.kinds.apiregistration.tables import SERVICES
from orchestrator.apiserver.kinds.apiregistration.validation import SERVICE_RULES
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.strategy import STRICT

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        APIService,
        rules=SERVICE_RULES,
        default=default_api_service,
        traits=STRICT,
        table=SERVICES,
        resets=STATUS_ALONE,
    ),
)
