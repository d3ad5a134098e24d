"""What `kubectl get` shows of the kinds of `coordination`."""

from typing import Final

from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.apiserver.printing import Printer, Row, age


def _lease_cells(lease: Lease, now: float) -> Row:
    holder = (lease.spec or LeaseSpec()).holder_identity or ""
    return lease.metadata.name, holder, age(lease, now)


LEASES: Final = Printer(cells=_lease_cells)
