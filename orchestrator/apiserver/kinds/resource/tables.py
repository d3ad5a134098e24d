"""What `kubectl get` shows of the kinds of `resource`."""

from typing import Final

from orchestrator.api.resource.v1 import (
    ResourceClaim,
    ResourceClaimStatus,
    ResourceSlice,
)
from orchestrator.apiserver.printing import UNSET, HasMetadata, Printer, Row, age


def _plain_cells(obj: HasMetadata, now: float) -> Row:
    return obj.metadata.name, age(obj, now)


PLAIN: Final = Printer(cells=_plain_cells)


def _claim_cells(obj: ResourceClaim, now: float) -> Row:
    status = obj.status or ResourceClaimStatus()
    states = [] if obj.metadata.deletion_timestamp is None else ["deleted"]
    if status.allocation is not None:
        states.append("allocated")
        if status.reserved_for:
            states.append("reserved")
    elif not states:
        states.append("pending")
    return obj.metadata.name, ",".join(states), age(obj, now)


CLAIMS: Final = Printer(
    cells=_claim_cells,
)


def _slice_cells(obj: ResourceSlice, now: float) -> Row:
    spec = obj.spec
    return (
        obj.metadata.name,
        spec.node_name or UNSET,
        spec.driver,
        spec.pool.name,
        age(obj, now),
    )


SLICES: Final = Printer(
    cells=_slice_cells,
)
