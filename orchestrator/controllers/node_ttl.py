"""How long nodes may keep Secrets and ConfigMaps that they have read: an annotation that grows with the cluster.

A kubelet that keeps them for a time (`configMapAndSecretChangeDetectionStrategy: Cache`) reads the time, in
seconds, from its Node. The sizes overlap, so that a cluster at a boundary does not change all its nodes again
and again.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from orchestrator.api.core.v1 import Node
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.objects import with_annotations
from orchestrator.protocol import Conflict, NotFound

ANNOTATION: Final = "node.alpha.kubernetes.io/ttl"


class Size(NamedTuple):
    """A range of numbers of nodes, and the seconds of a cluster in it."""

    least: int
    most: float
    seconds: int


SIZES: Final = (
    Size(0, 100, 0),
    Size(90, 500, 15),
    Size(450, 1000, 30),
    Size(900, 2000, 60),
    Size(1800, float("inf"), 300),
)


def size_of(nodes: int, before: int = 0) -> int:
    """The index in `SIZES` of a cluster of so many nodes, that was in `before`: it leaves a range only at its ends."""
    size = before
    while nodes > SIZES[size].most:
        size += 1
    while nodes < SIZES[size].least:
        size -= 1
    return size


class NodeTtlController(KubernetesController):
    """Keeps the annotation of every node."""

    name = "ttl"
    account = "ttl-controller"
    kind = Node
    by_default = False  # it is one more write for each node, and simulated kubelets keep nothing

    def prepare(self) -> None:
        """As small as can be, as Kubernetes' begins."""
        self._size = 0

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """The node, if its annotation is another; all such nodes when the cluster has outgrown its size."""
        if self._resized():
            return self._wrong()
        node = change.new
        return () if node is None or self._is_right(node) else (key_of(node),)

    def initial_keys(self) -> Iterable[Key]:
        """Those whose annotation is another."""
        self._resized()
        return self._wrong()

    def _resized(self) -> bool:
        before, self._size = self._size, size_of(len(self.cache(Node)), self._size)
        return before != self._size

    def _wrong(self) -> list[Key]:
        return [key_of(node) for node in self.cache(Node).list() if not self._is_right(node)]

    def _is_right(self, node: Node) -> bool:
        return node.metadata.annotations.get(ANNOTATION) == str(SIZES[self._size].seconds)

    async def reconcile(self, key: Key) -> float | None:
        """Write one node's annotation."""
        node = self.cache(Node).get("", key.name)
        if node is None or self._is_right(node):
            return None
        try:
            await self.client.update(
                with_annotations(node, {ANNOTATION: str(SIZES[self._size].seconds)})
            )
        except (Conflict, NotFound):  # the change is heard of, and looked at
            return None
        return None
