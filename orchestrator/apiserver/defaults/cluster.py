"""Defaults of what a cluster is made of: namespaces, nodes, secrets, limits, priorities."""

import base64
from typing import Any, Final

from orchestrator.api.core.v1 import (
    LimitRange,
    LimitRangeItem,
    Namespace,
    NamespaceStatus,
    Node,
    Secret,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.defaults.change import each, fill, merged, put

_NAME_LABEL: Final = "kubernetes.io/metadata.name"


def default_namespace(namespace: Namespace) -> Namespace:
    """A namespace can be selected by its name."""
    metadata: ObjectMeta = namespace.metadata
    if metadata.name and metadata.labels.get(_NAME_LABEL) != metadata.name:
        metadata = put(metadata, labels={**metadata.labels, _NAME_LABEL: metadata.name})
    status = fill(namespace.status or NamespaceStatus(), phase="Active")
    return put(namespace, metadata=metadata, status=status)


def default_node(node: Node) -> Node:
    """Pods can have all that there is, unless the node says otherwise."""
    status = node.status
    if status is None or status.allocatable or not status.capacity:
        return node
    return put(node, status=put(status, allocatable=status.capacity))


def default_secret(secret: Secret) -> Secret:
    """Readable entries become data, which is base64; the readable form is never stored."""
    secret = fill(secret, type="Opaque")
    if not secret.string_data:
        return secret
    encoded: dict[str, Any] = {
        key: base64.b64encode(text.encode()).decode() for key, text in secret.string_data.items()
    }
    return put(secret, data={**secret.data, **encoded}, string_data=type(secret)().string_data)


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


def default_priority_class(priority_class: PriorityClass) -> PriorityClass:
    """More important pods may push others out."""
    return fill(priority_class, preemption_policy="PreemptLowerPriority")
