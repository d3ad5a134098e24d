"""What a run leaves in the store, seen as it happens: the digest, and counts that cost no polling."""

import hashlib
import time
from asyncio import Future
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from orchestrator.api import codec
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.store import Change, MemoryStore
from orchestrator.store.interface import Listener

_ENCODER: Final = msgspec.json.Encoder()
_LEASES: Final = "leases.coordination.k8s.io"
_DEPLOYMENTS: Final = "deployments.apps"
_PODS: Final = "pods"
_NODES: Final = "nodes"
_SPECS: Final = 1 << 15  # specs whose digest is remembered: those of pods between two writes
_PROGRESS_REVISIONS: Final = 256  # how often somebody may look at the wall clock


class History:
    """Reads every committed change once, in order.

    `on_progress` is called now and then while changes come; it must not touch the cluster.
    """

    def __init__(self, on_progress: Callable[[], None] | None = None) -> None:
        self._hash = hashlib.sha256()
        self._spec_digest = IdentityMemo(_digest, _SPECS)
        self._on_progress = on_progress
        self._awaited: list[tuple[Callable[[], bool], Future[None]]] = []
        self.revisions = 0
        self.writes: Counter[str] = Counter()  # by resource
        self.phases: Counter[str] = Counter()  # present pods by phase
        self.ready = 0  # present pods that are ready
        self.bound = 0  # present pods that have a node
        self.restarts = 0  # of present pods' containers
        self.started = 0  # pods that came to Running, ever
        self.last_started_at = 0.0  # when the last of them did, by the wall's clock
        self.nodes = 0
        self.deployments = 0
        self.available = 0  # Deployments all of whose replicas are up to date and available

    @property
    def digest(self) -> str:
        """SHA-256 over the ordered history: of each revision what it did to which object, and,
        but for heartbeats, what the object was then. A pod's spec, which stays the same object while
        its status changes, is represented by its own SHA-256.
        """
        return self._hash.hexdigest()

    @property
    def pods(self) -> int:
        """Pods that exist."""
        return self.phases.total()

    def observe(self, change: Change) -> None:
        """One more change."""
        bucket, obj = change.bucket, change.object
        metadata = obj.metadata
        self.revisions += 1
        self.writes[bucket] += 1
        name = f"{metadata.namespace}/{metadata.name}"
        head = f"{change.revision} {change.type} {bucket} {name}".encode()
        if bucket == _LEASES:
            spec = obj.spec
            self._hash.update(
                head + ((spec.renew_time or "").encode() if spec is not None else b"")
            )
        elif bucket == _PODS:
            spec_digest = self._spec_digest(obj.spec) if obj.spec is not None else b""
            self._hash.update(head + _ENCODER.encode((metadata, obj.status)) + spec_digest)
            self._count_pod(change)
        else:
            self._hash.update(head + codec.encode(obj))
        if bucket == _NODES:
            self.nodes += {"ADDED": 1, "DELETED": -1}.get(change.type, 0)
        elif bucket == _DEPLOYMENTS:
            if change.previous is not None:
                self._count_deployment(change.previous, -1)
            if change.type != "DELETED":
                self._count_deployment(obj, 1)
            self._wake()
        if self._on_progress is not None and not self.revisions % _PROGRESS_REVISIONS:
            self._on_progress()

    async def until(self, reached: Callable[[], bool], future: "Future[None]") -> None:
        """Wait until `reached` holds; it is asked whenever a count of pods or Deployments may differ."""
        if reached():
            return
        entry = (reached, future)
        self._awaited.append(entry)
        try:
            await future
        finally:
            if entry in self._awaited:
                self._awaited.remove(entry)

    def _wake(self) -> None:
        for reached, future in self._awaited:
            if not future.done() and reached():
                future.set_result(None)

    def _count_pod(self, change: Change) -> None:
        before = _ABSENT if change.previous is None else _tally(change.previous)
        after = _ABSENT if change.type == "DELETED" else _tally(change.object)
        if before == after:
            return
        if before.phase != after.phase:
            if before.phase:
                self.phases[before.phase] -= 1
            if after.phase:
                self.phases[after.phase] += 1
            if after.phase == "Running":
                self.started += 1
                self.last_started_at = time.perf_counter()
        self.bound += after.bound - before.bound
        self.ready += after.ready - before.ready
        self.restarts += after.restarts - before.restarts
        self._wake()

    def _count_deployment(self, deployment: Deployment, sign: int) -> None:
        self.deployments += sign
        self.available += sign * _is_available(deployment)


class _Tally(NamedTuple):
    """What one pod adds to the counts."""

    phase: str
    bound: bool
    ready: bool
    restarts: int


_ABSENT: Final = _Tally("", False, False, 0)


def _tally(pod: Pod) -> _Tally:
    bound = pod.spec is not None and bool(pod.spec.node_name)
    status = pod.status
    if status is None:
        return _Tally("Pending", bound, False, 0)
    ready = False
    for condition in status.conditions:
        if condition.type == "Ready":
            ready = ready or condition.status == "True"
    restarts = 0
    for container in status.container_statuses:
        restarts += container.restart_count
    return _Tally(status.phase or "Pending", bound, ready, restarts)


def _digest(spec: PodSpec) -> bytes:
    return hashlib.sha256(codec.encode(spec)).digest()


def _is_available(deployment: Deployment) -> bool:
    """As `kubectl rollout status` sees it: the new replicas are all there, and no others are."""
    spec, status = deployment.spec, deployment.status
    if spec is None or status is None:
        return False
    wanted = 1 if spec.replicas is None else spec.replicas
    return (
        (status.observed_generation or 0) >= (deployment.metadata.generation or 0)
        and (status.updated_replicas or 0) == wanted
        and (status.replicas or 0) == wanted
        and (status.available_replicas or 0) == wanted
    )


class WatchedStore(MemoryStore):
    """A store in memory whose changes a history reads, too."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._reader = history

    def listen(self, listener: Listener) -> None:
        """The API server listens; the history hears of it first."""
        observe = self._reader.observe

        def both(change: Any) -> None:
            observe(change)
            listener(change)

        super().listen(both)
