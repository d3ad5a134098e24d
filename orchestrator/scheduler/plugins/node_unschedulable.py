"""NodeUnschedulable: cordoned nodes take only pods that tolerate that."""

from typing import Any, Final

from orchestrator.api.core.v1 import Node, Pod, Taint
from orchestrator.machinery.taints import tolerated
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel, Fixed
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_TAINT: Final = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


class NodeUnschedulable(Plugin):
    """Filters out nodes with `spec.unschedulable`."""

    name = "NodeUnschedulable"
    by_content = True
    helped_by = frozenset(
        (ClusterEvent.NODE_ADDED, ClusterEvent.NODE_TAINTS, ClusterEvent.OWN_TOLERATIONS)
    )

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A node that is schedulable now, and was not; a toleration of cordons."""
        if event is ClusterEvent.OWN_TOLERATIONS:
            return tolerated(new.spec.tolerations, _TAINT)
        return not _is_cordoned(new) and (old is None or _is_cordoned(old))

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        if pod.spec is not None and tolerated(pod.spec.tolerations, _TAINT):
            return None
        return _Schedulable(nodes)


def _is_cordoned(node: Node) -> bool:
    return node.spec is not None and bool(node.spec.unschedulable)


class _Schedulable(Fixed):
    reason = "node(s) were unschedulable"
    traits = ()

    def __init__(self, nodes: Snapshot) -> None:
        self._nodes = nodes

    def rows(self, rows: Rows) -> Bool:
        return ~self._nodes.unschedulable[rows]

    def row(self, row: int) -> bool:
        return not self._nodes.unschedulable.item(row)
