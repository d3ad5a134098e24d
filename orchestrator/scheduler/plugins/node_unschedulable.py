"""NodeUnschedulable: cordoned nodes take only pods that tolerate that."""

from collections.abc import Hashable, Mapping
from typing import Final

from orchestrator.api.core.v1 import Pod, Taint
from orchestrator.machinery.taints import tolerated
from orchestrator.scheduler.framework import Plugin, RowFilter
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_TAINT: Final = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")

_REASON: Final = "node(s) were unschedulable"


class NodeUnschedulable(Plugin):
    """Filters out nodes with `spec.unschedulable`."""

    name = "NodeUnschedulable"
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_TAINTS))

    def relevant(self, pod: Pod) -> bool:
        return pod.spec is None or not tolerated(pod.spec.tolerations, _TAINT)

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        return ~nodes.unschedulable[rows]

    def filter_row(self, pod: Pod, nodes: Snapshot) -> RowFilter:
        return lambda row: not nodes.unschedulable.item(row)

    def traits(self, pod: Pod) -> Hashable:
        return self.relevant(pod)

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        return (_REASON,)

    def tally(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        return {_REASON: len(rows)}
