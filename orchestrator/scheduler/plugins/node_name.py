"""NodeName: a pod that names a node goes there or nowhere."""

from collections.abc import Hashable, Mapping
from typing import Final

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.queue import ClusterEvent
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_REASON: Final = "node(s) didn't match the requested node name"


class NodeName(Plugin):
    """Filters by `spec.nodeName`."""

    name = "NodeName"
    helped_by = frozenset((ClusterEvent.NODE_ADDED,))

    def relevant(self, pod: Pod) -> bool:
        return pod.spec is not None and bool(pod.spec.node_name)

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        assert pod.spec is not None
        return np.asarray(rows == nodes.row_of(pod.spec.node_name))

    def traits(self, pod: Pod) -> Hashable:
        return pod.spec.node_name if pod.spec is not None else ""

    def reasons(self, pod: Pod, nodes: Snapshot, row: int) -> tuple[str, ...]:
        return (_REASON,)

    def tally(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Mapping[str, int]:
        return {_REASON: len(rows)}
