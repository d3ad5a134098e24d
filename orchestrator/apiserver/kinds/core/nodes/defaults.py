"""What Kubernetes fills in of the kinds of `nodes`."""

from orchestrator.api.core.v1 import (
    Node,
)
from orchestrator.apiserver.defaults.change import put


def default_node(node: Node) -> Node:
    """Pods can have all that there is, unless the node says otherwise."""
    status = node.status
    if status is None or status.allocatable or not status.capacity:
        return node
    return put(node, status=put(status, allocatable=status.capacity))
