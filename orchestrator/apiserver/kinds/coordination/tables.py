"""What `kubectl get` shows of the kinds of `coordination`."""

from typing import Final

from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.apiserver.printing import AGE, NAME, Printer, Row, age, column


def _lease_cells(lease: Lease, now: float) -> Row:
    holder = (lease.spec or LeaseSpec()).holder_identity or ""
    return lease.metadata.name, holder, age(lease, now)


LEASES: Final = Printer(
    columns=(NAME, column("Holder", "Who holds the lease."), AGE), cells=_lease_cells
)
