"""What a run leaves in the store, read as it happens: the digest, and how much was written."""

import hashlib
from collections import Counter
from typing import Any, Final, Protocol

import msgspec

from orchestrator.api import codec
from orchestrator.api.core.v1 import PodSpec
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.scenario.counts import LEASES, PODS
from orchestrator.store import Change, MemoryStore
from orchestrator.store.interface import Listener

_ENCODER: Final = msgspec.json.Encoder()
_SPECS: Final = 1 << 15  # specs whose digest is remembered: those of pods between two writes


class History:
    """Reads every committed change once, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._spec_digest = IdentityMemo(_digest, _SPECS)
        self.revisions = 0
        self.writes: Counter[str] = Counter()  # by resource

    @property
    def digest(self) -> str:
        """SHA-256 over the ordered history: of each revision what it did to which object, and,
        but for heartbeats, what the object was then. A pod's spec, which stays the same object while
        its status changes, is represented by its own SHA-256.
        """
        return self._hash.hexdigest()

    def observe(self, change: Change) -> None:
        """One more change."""
        bucket, obj = change.bucket, change.object
        metadata = obj.metadata
        self.revisions += 1
        self.writes[bucket] += 1
        name = f"{metadata.namespace}/{metadata.name}"
        head = f"{change.revision} {change.type} {bucket} {name}".encode()
        if bucket == LEASES:
            spec = obj.spec
            what = (spec.renew_time or "").encode() if spec is not None else b""
        elif bucket == PODS:
            spec_digest = self._spec_digest(obj.spec) if obj.spec is not None else b""
            what = _ENCODER.encode((metadata, obj.status)) + spec_digest
        else:
            what = codec.encode(obj)
        self._hash.update(head + what)


def _digest(spec: PodSpec) -> bytes:
    return hashlib.sha256(codec.encode(spec)).digest()


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
