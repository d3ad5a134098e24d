"""What feature gates that are off as they come make of the kinds of `apps`."""

from msgspec.structs import replace

from orchestrator.api.apps.v1 import StatefulSet
from orchestrator.apiserver.defaults.change import fill, put
from orchestrator.apiserver.kinds.apps.defaults import default_stateful_set
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import Strategy


def with_max_unavailable(kind: Kind) -> Kind:
    """StatefulSets where the gate MaxUnavailableStatefulSet is on: the field is kept, and is 1 by default."""

    def default(stateful_set: StatefulSet) -> StatefulSet:
        filled = default_stateful_set(stateful_set)
        strategy = filled.spec.update_strategy if filled.spec is not None else None
        if strategy is None or strategy.rolling_update is None:
            return filled
        rolling = fill(strategy.rolling_update, max_unavailable=1)
        strategy = put(strategy, rolling_update=rolling)
        return put(filled, spec=put(filled.spec, update_strategy=strategy))

    return replace(kind, default=default, strategy=Strategy)
