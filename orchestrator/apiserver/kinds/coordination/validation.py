"""Leases: the most often written kind of all, and the simplest."""

from typing import Final

from orchestrator.api.coordination.v1 import Lease
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    invalid,
    not_supported,
)
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.names import qualified_name_errors

_STRATEGIES: Final = ("OldestEmulationVersion",)


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
    if spec.strategy is not None:
        yield from _strategy_errors("spec.strategy.strategy", spec.strategy)
    if spec.preferred_holder and not spec.strategy:
        detail = "may only be specified if `strategy` is defined"
        yield forbidden("spec.preferredHolder", detail)


def _strategy_errors(path: str, strategy: str) -> Errors:
    if "/" in strategy:
        yield from complaints(path, strategy, qualified_name_errors(strategy))
    elif strategy not in _STRATEGIES:
        yield not_supported(path, strategy, _STRATEGIES)


LEASE_RULES: Final = Rules(spec=_lease_errors)
