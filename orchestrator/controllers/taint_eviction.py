"""Pods that do not tolerate a NoExecute taint of their node, or not for longer, are deleted."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, Pod, PodCondition, PodStatus, Taint
from orchestrator.api.meta.v1 import ObjectMeta
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
        pod = change.latest
        if pod.spec is None or not pod.spec.node_name:
            return ()
        node = pod.spec.node_name
        if change.new is None:
            return (Key("", node),) if key_of(pod) in self._waiting.get(node, {}) else ()
        if change.old is not None and change.old.spec is pod.spec:
            return ()
        found = self.cache(Node).get("", node)
        return (Key("", node),) if found is not None and _no_execute(found) else ()

    async def reconcile(self, key: Key) -> float | None:
        """Delete the pods of a node whose time has come; answers when the next one's does."""
        now = self.ctx.clock.now()
        before = self._waiting.pop(key.name, {})
        later = self._later(key, before, now)
        for each, was in before.items():
            if later.get(each) is not was:
                self._tell(each, "Cancelling deletion of")
        if later:
            self._waiting[key.name] = later
        for each, found in [*later.items()]:
            if found.at <= now:
                await self._evict(each, found.uid)
                del later[each]
        if not later:
            self._waiting.pop(key.name, None)
        return min((found.at - now for found in later.values()), default=None)

    def _later(self, key: Key, before: dict[Key, Waiting], now: float) -> dict[Key, Waiting]:
        """Who has to go, at once or later. A node that is gone spares nobody who was to go."""
        node = self.cache(Node).get("", key.name)
        pods = {key_of(each): each for each in self.cache(Pod).by_index("node", key.name)}
        if node is None:
            return {
                each: was
                for each, was in before.items()
                if each in pods and pods[each].metadata.uid == was.uid
            }
        taints = _no_execute(node)
        later: dict[Key, Waiting] = {}
        for each, pod in pods.items() if taints else ():
            was = before.get(each)
            if pod.metadata.deletion_timestamp is not None and was is None:
                continue
            found = waiting(pod, taints, was, now)
            if found is not None:
                later[each] = found
        return later

    def _tell(self, key: Key, what: str) -> None:
        """An event about a pod, which may be gone."""
        pod = self.cache(Pod).get(*key) or Pod(
            metadata=ObjectMeta(namespace=key.namespace, name=key.name)
        )
        self.events.event(pod, "Normal", "TaintManagerEviction", f"{what} Pod {'/'.join(key)}")

    async def _evict(self, key: Key, uid: str) -> None:
        self._tell(key, "Marking for deletion")
        pod = self.cache(Pod).get(*key)
        if pod is None or pod.metadata.uid != uid:
            return
        metadata = pod.metadata
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
