"""Pods that do not tolerate a NoExecute taint of their node, or not for longer, are deleted."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, Pod, PodCondition, PodStatus, Taint
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.indexes import node_index
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.taints import eviction_seconds
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.protocol import NotFound


def evict_at(pod: Pod, taints: tuple[Taint, ...], seen_at: float) -> float | None:
    """When the pod must go (epoch seconds); None: it may stay.

    The pod's time runs from when the newest of the taints was added, or, where none of them says
    when that was, from when they were seen.
    """
    tolerations = pod.spec.tolerations if pod.spec is not None else ()
    seconds = eviction_seconds(taints, tolerations)
    if seconds is None:
        return None
    added = max((parse_time(t.time_added) for t in taints if t.time_added), default=seen_at)
    return added + seconds


class TaintEvictionController(KubernetesController):
    """Evicts by taints. There is one key for each node."""

    name = "taint-eviction"
    account = "node-controller"
    kind = Node

    def prepare(self) -> None:
        """Remember since when each node has had its present taints."""
        self._seen: dict[str, tuple[tuple[Taint, ...], float]] = {}
        self._waiting: dict[
            str, dict[Key, str]
        ] = {}  # node -> pods that will have to go, their uids

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod that comes to a node may have to leave it at once."""
        return {Pod: self._of_pod}

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Pods by node."""
        return {Pod: {"node": node_index}}

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        old, new = change.old, change.new
        if new is None or new.spec is None or not new.spec.node_name:
            return ()
        if old is not None and old.spec is new.spec:
            return ()
        node = self.cache(Node).get("", new.spec.node_name)
        return (Key("", new.spec.node_name),) if node is not None and _no_execute(node) else ()

    async def reconcile(self, key: Key) -> float | None:
        """Delete the pods of a node whose time has come; answers when the next one's does."""
        node = self.cache(Node).get("", key.name)
        taints = _no_execute(node) if node is not None else ()
        if not taints:
            self._seen.pop(key.name, None)
            self._tell_spared(key.name, {})
            return None
        now = self.ctx.clock.now()
        known, seen_at = self._seen.get(key.name, ((), now))
        if known != taints:
            seen_at = now
        self._seen[key.name] = (taints, seen_at)
        later: dict[Key, str] = {}
        times = []
        for pod in list(self.cache(Pod).by_index("node", key.name)):
            if pod.metadata.deletion_timestamp is not None:
                continue
            at = evict_at(pod, taints, seen_at)
            if at is not None and at <= now:
                await self._evict(pod)
            elif at is not None:
                later[key_of(pod)] = pod.metadata.uid
                times.append(at - now)
        self._tell_spared(key.name, later)
        return min(times, default=None)

    def _tell_spared(self, node: str, waiting: dict[Key, str]) -> None:
        """Pods that were to go and need not any more hear of it, if they are still there."""
        before = self._waiting.pop(node, {})
        if waiting:
            self._waiting[node] = waiting
        for key, uid in before.items():
            pod = self.cache(Pod).get(*key) if key not in waiting else None
            gone = pod is None or pod.metadata.uid != uid
            if pod is not None and not gone and pod.metadata.deletion_timestamp is None:
                message = f"Cancelling deletion of Pod {'/'.join(key)}"
                self.events.event(pod, "Normal", "TaintManagerEviction", message)

    async def _evict(self, pod: Pod) -> None:
        metadata = pod.metadata
        name = f"{metadata.namespace}/{metadata.name}"
        self.events.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {name}")
        condition = PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="DeletionByTaintManager",
            message="Taint manager: deleting due to NoExecute taint",
        )
        status = pod.status or PodStatus()
        at = format_time(self.ctx.clock.now())
        conditions = with_condition(status.conditions, condition, at)
        try:
            await self.client.update_status(
                replace(
                    pod,
                    status=replace(status, conditions=conditions),
                    metadata=replace(metadata, resource_version=""),
                )
            )
            await self.client.delete(
                Pod, metadata.name, namespace=metadata.namespace, uid=metadata.uid
            )
        except NotFound:
            return


def _no_execute(node: Node) -> tuple[Taint, ...]:
    taints = node.spec.taints if node.spec is not None else ()
    return tuple(t for t in taints if t.effect == "NoExecute")
