"""The kinds of `coordination`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.coordination.v1 import Lease
from orchestrator.apiserver.kinds.coordination.strategy import LeaseStrategy
from orchestrator.apiserver.kinds.coordination.tables import LEASES
from orchestrator.apiserver.kinds.coordination.validation import LEASE_RULES
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        Lease,
        rules=LEASE_RULES,
        strategy=LeaseStrategy,
        traits=Traits(unconditional_update=False, create_on_update=True),
        table=LEASES,
    ),
)
