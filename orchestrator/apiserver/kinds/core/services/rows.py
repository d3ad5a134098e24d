"""The kinds of `core.services`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import Endpoints, Service
from orchestrator.apiserver.kinds.core.services.defaults import default_endpoints, default_service
from orchestrator.apiserver.kinds.core.services.endpoints_validation import ENDPOINTS_RULES
from orchestrator.apiserver.kinds.core.services.strategy import ServiceStrategy
from orchestrator.apiserver.kinds.core.services.tables import ENDPOINTS, SERVICES
from orchestrator.apiserver.kinds.core.services.validation import SERVICE_RULES
from orchestrator.apiserver.kinds.core.services.warnings import (
    endpoints_warnings,
    service_status_warnings,
    service_warnings,
)
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        Endpoints,
        warnings=endpoints_warnings,
        rules=ENDPOINTS_RULES,
        default=default_endpoints,
        traits=Traits(create_on_update=True),
        table=ENDPOINTS,
    ),
    Kind(
        Service,
        warnings=service_warnings,
        status_warnings=service_status_warnings,
        rules=SERVICE_RULES,
        default=default_service,
        strategy=ServiceStrategy,
        traits=Traits(create_on_update=True, created_by_status=True),
        table=SERVICES,
        answers_deleted=True,
    ),
)
