"""Leases: the part that a coordinated election would need is switched off."""

from typing import Any

from msgspec.structs import replace

from orchestrator.api.coordination.v1 import Lease
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy


class LeaseStrategy(Strategy):
    """Drops `strategy` and `preferredHolder`, as Kubernetes does unless a feature is switched on."""

    def prepare_for_create(self, new: Any, env: Environment) -> Any:
        """A new lease without them."""
        return _without_election(new)

    def prepare_for_update(self, new: Any, old: Any, env: Environment) -> Any:
        """A changed lease without them."""
        return _without_election(new)


def _without_election(lease: Lease) -> Lease:
    spec = lease.spec
    if spec is None or (spec.strategy is None and spec.preferred_holder is None):
        return lease
    return replace(lease, spec=replace(spec, strategy=None, preferred_holder=None))
