"""What Kubernetes fills in of the kinds of `policy`."""

from orchestrator.api.core.v1 import (
    LimitRange,
    LimitRangeItem,
)
from orchestrator.apiserver.defaults.change import each, merged, put


def default_limit_range(limit_range: LimitRange) -> LimitRange:
    """What a container has by default follows from what it may have."""
    spec = limit_range.spec
    if spec is None:
        return limit_range
    return put(limit_range, spec=put(spec, limits=each(spec.limits, _default_limit)))


def _default_limit(item: LimitRangeItem) -> LimitRangeItem:
    if item.type != "Container":
        return item
    limits = merged(item.default, item.max)
    requests = merged(merged(item.default_request, limits), item.min)
    return put(item, default=limits, default_request=requests)
