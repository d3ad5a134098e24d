"""NodeDeclaredFeatures: a pod whose spec needs a feature of the kubelet goes where nodes declare it."""

from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.machinery.restarts import RESTART_ALL
from orchestrator.scheduler.events import OWN, ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel, Fixed
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_RESTARTING_ALL: Final = "RestartAllContainersOnContainerExits"
_USERS_ON_HOST: Final = "UserNamespacesHostNetworkSupport"


class NodeDeclaredFeatures(Plugin):
    """Filters by `status.declaredFeatures`; the features are those of 1.36 that a spec can need."""

    name = "NodeDeclaredFeatures"
    by_content = True
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_FEATURES)) | OWN

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A node that declares other features than before; a pod that needs others."""
        if event in OWN:
            return _needed(old) != _needed(new)
        return old is None or declared_by(old) != declared_by(new)

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        needed = _needed(pod)
        return _Declared(needed, nodes) if needed else None


def declared_by(node: Node) -> frozenset[str]:
    """The features that a node's kubelet says it has."""
    return frozenset(node.status.declared_features if node.status is not None else ())


def _needed(pod: Pod) -> frozenset[str]:
    spec = pod.spec
    if spec is None:
        return frozenset()
    needed = set()
    if spec.host_network and spec.host_users is False:
        needed.add(_USERS_ON_HOST)
    for container in (*spec.containers, *spec.init_containers):
        if any(rule.action == RESTART_ALL for rule in container.restart_policy_rules):
            needed.add(_RESTARTING_ALL)
    return frozenset(needed)


class _Declared(Fixed):
    reason = "node(s) didn't match Pod's required features"

    def __init__(self, needed: frozenset[str], nodes: Snapshot) -> None:
        self.traits = self._needed = needed
        self._nodes = nodes

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(row) for row in rows.tolist()], np.bool_)

    def row(self, row: int) -> bool:
        return self._needed <= self._nodes.features[row]
