"""Numbers that the server counts out: service addresses and node ports.

What belongs: who owns which number, and which is free. What does not: when a Service needs one
(strategies/services).
"""

from orchestrator.apiserver.allocation.pool import Exhausted, Pool
from orchestrator.apiserver.allocation.services import (
    NODE_PORTS,
    SERVICE_NETWORK,
    ServiceAllocations,
    addresses_of,
)

__all__ = [
    "NODE_PORTS",
    "SERVICE_NETWORK",
    "Exhausted",
    "Pool",
    "ServiceAllocations",
    "addresses_of",
]
