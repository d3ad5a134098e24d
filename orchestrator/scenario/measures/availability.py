"""How many replicas were missing, and for how long: what their users saw, not what the cluster knew.

A Deployment, StatefulSet or ReplicaSet of its own wants so many replicas. One that is ready serves, if
its node has power: the cluster takes 40 s and more to notice that a node is dead, and lets its pods be
called ready until then, but nobody is served by them. A surplus of one workload makes up for no other.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from orchestrator.api.core.v1 import Pod
from orchestrator.scenario.counts import DEPLOYMENTS, STATEFULSETS
from orchestrator.scenario.measures.gauge import Gauge
from orchestrator.store import Change

REPLICASETS: Final = "replicasets.apps"
WORKLOADS: Final = frozenset((DEPLOYMENTS, REPLICASETS, STATEFULSETS))


class Availability:
    """Counts the replicas that are missing. `now` is the cluster's clock in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._wanted: dict[str, int] = {}  # replicas by the workload's uid
        self._serving: Counter[str] = Counter()  # ready pods by the workload's uid
        self._parents: dict[str, str] = {}  # of ReplicaSets: the Deployment's uid
        self._on_node: dict[str, Counter[str]] = {}  # ready pods of each node by workload
        self._dark: set[str] = set()  # nodes without power
        self.missing = Gauge()

    def observe_workload(self, change: Change) -> None:
        """A Deployment, StatefulSet or ReplicaSet has come, changed or gone."""
        obj: Any = change.object
        uid, owner = obj.metadata.uid, controller_uid(obj.metadata)
        if change.bucket == REPLICASETS and owner:
            self._adopt(uid, owner)
            return
        gone = change.type == "DELETED" or obj.metadata.deletion_timestamp is not None
        spec = obj.spec
        replicas = 1 if spec is None or spec.replicas is None else spec.replicas
        self._change(uid, wanted=0 if gone else replicas)

    def _adopt(self, uid: str, owner: str) -> None:
        """A ReplicaSet's pods count for its Deployment, those that are ready already, too."""
        if uid not in self._parents:
            self._parents[uid] = owner
            self._change(uid, wanted=0)
            self._change(owner, serving=self._serving.pop(uid, 0))
            for pods in self._on_node.values():
                if uid in pods:
                    pods[owner] += pods.pop(uid)

    def observe_ready(self, pod: Pod, *, ready: bool) -> None:
        """A pod has become ready, or is so no more; it may be gone."""
        owner = controller_uid(pod.metadata)
        if not owner or pod.spec is None:
            return
        workload = self._parents.get(owner, owner)
        step, node = 1 if ready else -1, pod.spec.node_name or ""
        pods = self._on_node.get(node)
        if pods is None:
            pods = self._on_node[node] = Counter()
        pods[workload] += step
        if node not in self._dark:
            self._change(workload, serving=step)

    def power(self, node: str, *, on: bool) -> None:
        """A node has lost its power, or has it again: whatever was ready there is not, and is again."""
        if on is (node not in self._dark):
            return
        (self._dark.discard if on else self._dark.add)(node)
        for workload, pods in self._on_node.get(node, {}).items():
            self._change(workload, serving=pods if on else -pods)

    def _change(self, workload: str, *, wanted: int | None = None, serving: int = 0) -> None:
        before = self._missing(workload)
        if wanted is not None:
            self._wanted[workload] = wanted
        self._serving[workload] += serving
        difference = self._missing(workload) - before
        if difference:
            self.missing.set(self.missing.value + difference, self._now())

    def _missing(self, workload: str) -> int:
        return max(0, self._wanted.get(workload, 0) - self._serving[workload])


def controller_uid(metadata: Any) -> str:
    """The uid of the object that manages one; empty if none does."""
    for owner in metadata.owner_references:
        if owner.controller:
            uid: str = owner.uid
            return uid
    return ""
