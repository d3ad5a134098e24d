"""NodeName: a pod that names a node goes there or nowhere."""

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel, Fixed
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot


class NodeName(Plugin):
    """Filters by `spec.nodeName`."""

    name = "NodeName"
    by_content = True
    helped_by = frozenset((ClusterEvent.NODE_ADDED,))

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        if pod.spec is None or not pod.spec.node_name:
            return None
        return _Named(pod.spec.node_name, nodes)


class _Named(Fixed):
    reason = "node(s) didn't match the requested node name"

    def __init__(self, name: str, nodes: Snapshot) -> None:
        self.traits = self._name = name
        self._nodes = nodes

    def rows(self, rows: Rows) -> Bool:
        return np.asarray(rows == self._nodes.row_of(self._name))
