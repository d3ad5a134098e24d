"""Pods that do not tolerate a NoExecute taint of their node, or not for longer, are deleted."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, Pod, PodCondition, PodStatus, Taint
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.indexes import node_index
from orchestrator.controllers.pods import observed
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.taints import eviction_seconds
from orchestrator.machinery.times import format_time
from orchestrator.protocol import NotFound


class Waiting(NamedTuple):
    """A pod that has to go: its uid, and when (epoch seconds)."""

    uid: str
    at: float


def waiting(
    pod: Pod, taints: tuple[Taint, ...], before: Waiting | None, now: float
) -> Waiting | None:
    """When the pod must go; None: it may stay.

    Its time runs from when it is seen with a taint that it does not bear for ever, and is not set anew by further
    taints that it bears for a while: what was decided `before` holds. One that it does not bear at all ends it now.
    """
    tolerations = pod.spec.tolerations if pod.spec is not None else ()
    seconds = eviction_seconds(taints, tolerations)
    if seconds is None:
        return None
    uid = pod.metadata.uid
    if before is not None and before.uid == uid and seconds > 0:
        return before
    return Waiting(uid, now + seconds)


class TaintEvictionController(KubernetesController):
    """Evicts by taints. There is one key for each node."""

    name = "taint-eviction"
    account = "node-controller"
    kind = Node

    def prepare(self) -> None:
        """Nobody has to go yet. As in Kubernetes who begins anew gives everybody the whole time again."""
        self._waiting: dict[str, dict[Key, Waiting]] = {}  # node -> pods that will have to go

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
            self._tell_spared(key.name, {})
            return None
        now = self.ctx.clock.now()
        before = self._waiting.get(key.name, {})
        later: dict[Key, Waiting] = {}
        for pod in list(self.cache(Pod).by_index("node", key.name)):
            if pod.metadata.deletion_timestamp is not None:
                continue
            found = waiting(pod, taints, before.get(key_of(pod)), now)
            if found is not None and found.at <= now:
                before.pop(
                    key_of(pod), None
                )  # it is not spared, whatever the cache knows of it yet
                await self._evict(pod)
            elif found is not None:
                later[key_of(pod)] = found
        self._tell_spared(key.name, later)
        return min((each.at - now for each in later.values()), default=None)

    def _tell_spared(self, node: str, later: dict[Key, Waiting]) -> None:
        """Pods that were to go and need not any more hear of it, if they are still there."""
        before = self._waiting.pop(node, {})
        if later:
            self._waiting[node] = later
        for key, was in before.items():
            pod = self.cache(Pod).get(*key) if key not in later else None
            gone = pod is None or pod.metadata.uid != was.uid
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
        conditions = with_condition(status.conditions, observed(pod, condition), at)
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
