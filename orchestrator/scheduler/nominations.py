"""Nodes that were promised to pods: room that preemption makes, or that somebody asked for.

A promise to a pod of at least the same priority counts as if that pod had come already.
"""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Pod

_LOG_LENGTH: Final = 4_096


def priority_of(pod: Pod) -> int:
    """A pod's priority; 0 without one."""
    return (pod.spec.priority or 0) if pod.spec is not None else 0


class Candidate(Struct, frozen=True):
    """A node where a pod would fit without the victims, who are in order of importance."""

    row: int
    victims: tuple[Pod, ...]
    violations: int


class Nominations:
    """The pods that have no node yet, and were promised one."""

    def __init__(self) -> None:
        self._node_of: dict[str, str] = {}
        self._on: dict[str, dict[str, Pod]] = {}
        self._log: list[str] = []  # the nodes of which a promise was made or taken back
        self._log_start = 0

    def __len__(self) -> int:
        return len(self._node_of)

    @property
    def version(self) -> int:
        """Grows with every promise that is made or taken back."""
        return self._log_start + len(self._log)

    def changed_since(self, version: int) -> list[str] | None:
        """The nodes promised to others since; None: too long ago to tell."""
        known = version - self._log_start
        return None if known < 0 else self._log[known:]

    def _changes(self, node: str) -> None:
        self._log.append(node)
        if len(self._log) > _LOG_LENGTH:
            del self._log[: _LOG_LENGTH // 2]
            self._log_start += _LOG_LENGTH // 2

    def nodes(self) -> Collection[str]:
        """The nodes that were promised to some pod."""
        return tuple(self._on)

    def is_promised(self, node: str) -> bool:
        """Whether a node was promised to some pod."""
        return node in self._on

    def put(self, pod: Pod, node: str) -> None:
        """Promise a node, instead of what was promised before; empty: none."""
        uid = pod.metadata.uid
        self.remove(uid)
        if node:
            self._node_of[uid] = node
            self._on.setdefault(node, {})[uid] = pod
            self._changes(node)

    def remove(self, uid: str) -> None:
        """The pod came, or went."""
        node = self._node_of.pop(uid, None)
        if node is not None:
            self._changes(node)
            del self._on[node][uid]
            if not self._on[node]:
                del self._on[node]

    def node_of(self, uid: str) -> str:
        """What a pod was promised; empty: nothing."""
        return self._node_of.get(uid, "")

    def others(self, node: str, pod: Pod) -> tuple[Pod, ...]:
        """Those promised a node whose priority is at least that of a pod, without itself."""
        least, uid = priority_of(pod), pod.metadata.uid
        return tuple(
            other
            for other in self._on.get(node, {}).values()
            if priority_of(other) >= least and other.metadata.uid != uid
        )

    def lower(self, node: str, pod: Pod) -> tuple[Pod, ...]:
        """Those promised a node whose priority is below that of a pod."""
        most = priority_of(pod)
        return tuple(p for p in self._on.get(node, {}).values() if priority_of(p) < most)
