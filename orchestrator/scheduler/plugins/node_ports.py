"""NodePorts: two pods cannot have one host port of a node."""

from collections.abc import Hashable, Mapping
from typing import Final

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.framework import Plugin, RowFilter
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot, host_ports, ports_conflict

_REASON: Final = "node(s) didn't have free ports for the requested pod ports"


class NodePorts(Plugin):
    """Filters out nodes where one of the pod's host ports is taken."""

    name = "NodePorts"
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.POD_REMOVED))

    def relevant(self, pod: Pod) -> bool:
        return bool(host_ports(pod))

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        wanted = host_ports(pod)
        return np.array(
            [not ports_conflict(nodes.ports.get(int(row), {}), wanted) for row in rows], np.bool_
        )

    def filter_row(self, pod: Pod, nodes: Snapshot) -> RowFilter:
        wanted = host_ports(pod)
        return lambda row: not ports_conflict(nodes.ports.get(row, {}), wanted)

    def traits(self, pod: Pod) -> Hashable:
        return host_ports(pod)

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        return (_REASON,)

    def tally(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        return {_REASON: len(rows)}
