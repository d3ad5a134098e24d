"""What a run leaves in the store, read as it happens: the digest, and how much was written."""

import hashlib
from collections import Counter
from typing import Any, Final, Protocol

import msgspec
from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodCondition, PodSpec
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.scenario.counts import LEASES, PODS
from orchestrator.store import Change, MemoryStore
from orchestrator.store.interface import Listener


def _nothing(_value: Any) -> tuple[Any, ...]:
    """Instead of who owns which field: a history tells what was written, and working that out costs."""
    return ()


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_nothing)
_UNTOLD: Final = b'"managedFields":[],'
_TOGETHER: Final = 32  # changes that are encoded at once


class History:
    """Reads every committed change once, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._pending: list[tuple[Any, ...]] = []
        self.revisions = 0
        self.writes: Counter[str] = Counter()  # by resource

    @property
    def digest(self) -> str:
        """SHA-256 over the ordered history, a line of JSON for each revision: what it did to which
        object, and, but for heartbeats, what the object was then. Of a pod, metadata and spec are
        told when they are not what they were before (but for the revision, and the node that it was
        given); for spec and conditions stands their own SHA-256.
        """
        self._digest()
        return self._hash.hexdigest()

    def observe(self, change: Change) -> None:
        """One more change."""
        bucket, obj = change.bucket, change.object
        self.revisions += 1
        self.writes[bucket] += 1
        what: Any
        if bucket == PODS:
            what = _of_pod(obj, change.previous)
        elif bucket == LEASES:
            metadata, spec = obj.metadata, obj.spec
            renewed = spec.renew_time if spec is not None else None
            what = (metadata.namespace, metadata.name, renewed)
        else:
            what = obj
        # What is frozen can be read later; many at once cost a third.
        self._pending.append((change.revision, change.type, bucket, what))
        if len(self._pending) == _TOGETHER:
            self._digest()

    def _digest(self) -> None:
        self._hash.update(_ENCODER.encode_lines(self._pending).replace(_UNTOLD, b""))
        self._pending.clear()


def _of_pod(pod: Pod, previous: Pod | None) -> tuple[Any, ...]:
    """What a line says of a pod: its metadata or name, its spec, its status, its conditions."""
    metadata, status = pod.metadata, pod.status
    conditions = b""
    if status is not None and status.conditions:
        conditions = _CONDITIONS(status.conditions)
        status = replace(status, conditions=())
    name: Any = metadata
    if previous is not None:
        before = replace(
            previous.metadata,
            resource_version=metadata.resource_version,
            managed_fields=metadata.managed_fields,
        )
        if before == metadata:
            name = (metadata.namespace, metadata.name)
    return (name, _of_spec(pod, previous), status, conditions)


def _of_spec(pod: Pod, previous: Pod | None) -> Any:
    spec = pod.spec
    if spec is None:
        return None
    before = previous.spec if previous is not None else None
    if before is not None:
        if before is spec or before == spec:
            return None
        if replace(before, node_name=spec.node_name) == spec:
            return spec.node_name
    return _SPECS(spec)


def _digest_of(part: Any) -> bytes:
    return hashlib.sha256(_ENCODER.encode(part)).digest()


# The pods of a template share the one, those that start together the other.
_SPECS: Final[IdentityMemo[PodSpec, bytes]] = IdentityMemo(_digest_of)
_CONDITIONS: Final[IdentityMemo[tuple[PodCondition, ...], bytes]] = IdentityMemo(_digest_of)


class Observer(Protocol):
    """Who hears of every change."""

    def observe(self, change: Change) -> None:
        """One more."""


class WatchedStore(MemoryStore):
    """A store in memory whose changes an observer hears of, too, before the API server."""

    def __init__(self, observer: Observer) -> None:
        super().__init__()
        self._observer = observer

    def listen(self, listener: Listener) -> None:
        """The API server listens; the observer hears of it first."""
        observe = self._observer.observe

        def both(change: Any) -> None:
            observe(change)
            listener(change)

        super().listen(both)
