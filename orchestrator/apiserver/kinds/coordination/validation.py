"""Leases: the most often written kind of all, and the simplest."""

from typing import Final

from orchestrator.api.coordination.v1 import Lease
from orchestrator.apiserver.validation.field import Errors, invalid
from orchestrator.apiserver.validation.rules import Rules


def _lease_errors(lease: Lease) -> Errors:
    spec = lease.spec
    if spec is None:
        return
    seconds, transitions = spec.lease_duration_seconds, spec.lease_transitions
    if seconds is not None and seconds <= 0:
        yield invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if transitions is not None and transitions < 0:
        detail = "must be greater than or equal to 0"
        yield invalid("spec.leaseTransitions", transitions, detail)


LEASE_RULES: Final = Rules(spec=_lease_errors, any_finalizer=True)
