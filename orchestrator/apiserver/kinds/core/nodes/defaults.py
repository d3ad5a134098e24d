"""What Kubernetes fills in of the kinds of `nodes`."""

from orchestrator.api.core.v1 import Node, NodeSpec
from orchestrator.apiserver.defaults.change import put


def default_node(node: Node) -> Node:
    """Pods can have all that there is, unless the node says otherwise.

    Of two fields for the node's networks the older one says what is first.
    """
    spec = node.spec
    if spec is not None and (spec.pod_cidr or spec.pod_cidrs):
        node = put(node, spec=_with_both(spec))
    status = node.status
    if status is None or status.allocatable or not status.capacity:
        return node
    return put(node, status=put(status, allocatable=status.capacity))


def _with_both(spec: NodeSpec) -> NodeSpec:
    first, all_ = spec.pod_cidr, spec.pod_cidrs
    if first and (not all_ or all_[0] != first):
        return put(spec, pod_cidrs=(first,))
    return spec if first else put(spec, pod_cidr=all_[0])
