"""Pods that nobody else ends: of nodes that are gone, terminating without a node, too many ended."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import to_builtins

from orchestrator.api.core.v1 import Node, Pod, PodCondition, PodStatus
from orchestrator.client import Change, Key, OfStatus
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.indexes import node_index
from orchestrator.controllers.pods import observed
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.times import format_time
from orchestrator.protocol import NotFound

THRESHOLD: Final = 12_500  # ended pods that are kept (--terminated-pod-gc-threshold)
PERIOD_SECONDS: Final = 20.0
# How long a node may be missing before its pods are orphans: its object may be on the way.
QUARANTINE_SECONDS: Final = 40.0

_EVERYTHING: Final = Key("", "")
_NODE_GONE: Final = PodCondition(
    type="DisruptionTarget",
    status="True",
    reason="DeletionByPodGC",
    message="PodGC: node no longer exists",
)


class PodGarbageCollector(KubernetesController):
    """Looks at all pods every 20 s as long as there is something to look at, as Kubernetes' does
    always; there is one key for all.
    """

    name = "podgc"
    account = "pod-garbage-collector"
    kind = Node
    workers = 1
    rest_seconds = PERIOD_SECONDS

    def __init__(self, wiring: Any) -> None:
        super().__init__(wiring)
        self._missing: dict[str, float] = {}  # node -> since when

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod starts a look when it has ended, or when no kubelet speaks for it."""
        return {Pod: self._of_pod}

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        pod = change.new
        if pod is None:
            return ()
        node = pod.spec.node_name if pod.spec is not None else ""
        if not node:
            return (_EVERYTHING,) if pod.metadata.deletion_timestamp is not None else ()
        if self.cache(Node).get("", node) is None:
            return (_EVERYTHING,)
        if has_ended(pod) and not (change.old is not None and has_ended(change.old)):
            return (_EVERYTHING,)
        return ()

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Pods by node, and those that have ended."""
        return {
            Pod: {
                "node": node_index,
                "ended": OfStatus(_ended_index),
                "unassigned-end": OfStatus(_stuck_index),
            }
        }

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Only a node that has gone starts a look."""
        return (_EVERYTHING,) if change.new is None else ()

    def initial_keys(self) -> Iterable[Key]:
        """The one key."""
        return (_EVERYTHING,)

    async def reconcile(self, key: Key) -> float | None:
        """One look."""
        now = self.ctx.clock.monotonic()
        await self._collect_ended()
        await self._collect_orphans(now)
        for pod in list(self.cache(Pod).by_index("unassigned-end", "")):
            # It may be held until somebody has seen how it ended.
            await self._fail(pod, None)
            await self._delete(pod)
        return PERIOD_SECONDS if self._missing else None

    async def _collect_ended(self) -> None:
        ended = self.cache(Pod).by_index("ended", "")
        surplus = len(ended) - THRESHOLD
        if surplus > 0:
            oldest = sorted(
                ended, key=lambda p: (p.metadata.creation_timestamp or "", p.metadata.name)
            )
            for pod in oldest[:surplus]:
                await self._delete(pod)

    async def _collect_orphans(self, now: float) -> None:
        nodes, pods_by_node = self.cache(Node), self.cache(Pod)
        orphaned = {
            node: pods_by_node.by_index("node", node)
            for node in pods_by_node.values_of("node")
            if nodes.get("", node) is None
        }
        self._missing = {node: self._missing.get(node, now) for node in orphaned}
        for node, pods in orphaned.items():
            if now - self._missing[node] < QUARANTINE_SECONDS:
                continue
            try:
                await self.client.get(Node, node)
            except NotFound:
                for pod in pods:
                    await self._fail(pod, _NODE_GONE)
                    await self._delete(pod)

    async def _fail(self, pod: Pod, why: PodCondition | None) -> None:
        """A pod that had not ended, and that no kubelet speaks for, has failed."""
        status = pod.status or PodStatus()
        if status.phase in ("Succeeded", "Failed"):
            return
        conditions = status.conditions
        if why is not None:
            at = format_time(self.ctx.clock.now())
            conditions = with_condition(conditions, observed(pod, why), at)
        metadata = pod.metadata
        body = {
            "metadata": {"uid": metadata.uid},
            "status": {"phase": "Failed", "conditions": to_builtins(conditions)},
        }
        try:
            await self.client.patch(
                Pod, metadata.name, body, namespace=metadata.namespace, subresource="status"
            )
        except NotFound:
            return

    async def _delete(self, pod: Pod) -> None:
        metadata = pod.metadata
        try:
            await self.client.delete(
                Pod,
                metadata.name,
                namespace=metadata.namespace,
                grace_period_seconds=0,
                uid=metadata.uid,
            )
        except NotFound:
            return


def has_ended(pod: Pod) -> bool:
    """Whether none of its containers runs, or will."""
    return pod.status is not None and pod.status.phase in ("Succeeded", "Failed")


def _ended_index(pod: Pod) -> Iterable[str]:
    return ("",) if has_ended(pod) else ()


def _stuck_index(pod: Pod) -> Iterable[str]:
    """Being deleted without a node: no kubelet will finish it."""
    going = pod.metadata.deletion_timestamp is not None
    return ("",) if going and not (pod.spec is not None and pod.spec.node_name) else ()
