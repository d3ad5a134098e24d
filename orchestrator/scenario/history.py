"""What a run leaves in the store, seen as it happens: the digest, and counts that cost no polling."""

import hashlib
from collections import Counter
from typing import Any

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.store import Change, MemoryStore
from orchestrator.store.interface import Listener

_LEASES = "leases.coordination.k8s.io"


class History:
    """Reads every committed change once, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.revisions = 0
        self.writes: Counter[str] = Counter()  # by resource
        self.phases: Counter[str] = Counter()  # present pods by phase
        self.ready = 0  # present pods that are ready
        self.restarts = 0
        self.bound = 0
        self.last_running_at = 0.0

    @property
    def digest(self) -> str:
        """SHA-256 over the ordered history: of each revision what it did to which object, and,
        but for heartbeats, what the object was then.
        """
        return self._hash.hexdigest()

    def observe(self, change: Change) -> None:
        """One more change."""
        metadata = change.object.metadata
        self.revisions += 1
        self.writes[change.bucket] += 1
        head = (
            f"{change.revision} {change.type} {change.bucket} {metadata.namespace}/{metadata.name}"
        )
        self._hash.update(head.encode())
        if change.bucket == _LEASES:
            spec = change.object.spec
            self._hash.update((spec.renew_time or "").encode() if spec is not None else b"")
        else:
            self._hash.update(codec.encode(change.object))
        if change.bucket == "pods":
            self._count(change.previous, -1)
            if change.type != "DELETED":
                self._count(change.object, 1)

    def _count(self, pod: Pod | None, sign: int) -> None:
        if pod is None:
            return
        status = pod.status
        self.phases[status.phase if status is not None else "Pending"] += sign
        if pod.spec is not None and pod.spec.node_name:
            self.bound += sign
        if status is not None:
            self.ready += sign * any(
                c.type == "Ready" and c.status == "True" for c in status.conditions
            )
            self.restarts += sign * sum(s.restart_count for s in status.container_statuses)


class WatchedStore(MemoryStore):
    """A store in memory whose changes a history reads, too."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def listen(self, listener: Listener) -> None:
        """The API server listens; the history hears of it first."""
        observe = self._history.observe

        def both(change: Any) -> None:
            observe(change)
            listener(change)

        super().listen(both)
