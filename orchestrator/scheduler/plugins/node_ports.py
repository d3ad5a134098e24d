"""NodePorts: two pods cannot have one host port of a node."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.host_ports import HostPort, host_ports, ports_conflict
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_REASON = "node(s) didn't have free ports for the requested pod ports"


class NodePorts(Plugin):
    """Filters out nodes where one of the pod's host ports is taken."""

    name = "NodePorts"
    by_content = True
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.POD_REMOVED))

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A pod that had one of the ports."""
        if event is not ClusterEvent.POD_REMOVED:
            return True
        return ports_conflict(host_ports(old), host_ports(pod))

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        wanted = host_ports(pod)
        return _Ports(wanted, nodes) if wanted else None


class _Ports(FilterKernel):
    def __init__(self, wanted: tuple[HostPort, ...], nodes: Snapshot) -> None:
        self.traits = self._wanted = wanted
        self._nodes = nodes

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(int(row)) for row in rows], np.bool_)

    def row(self, row: int) -> bool:
        taken = self._nodes.ports.get(row)
        return not taken or not ports_conflict(taken, self._wanted)

    def reasons(self, row: int) -> tuple[str, ...]:
        return (_REASON,)

    def tally(self, rows: Rows) -> Mapping[str, int]:
        return {_REASON: len(rows)}
