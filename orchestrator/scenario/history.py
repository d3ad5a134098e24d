"""What a run leaves in the store, read as it happens: the digest, and how much was written."""

import hashlib
from collections import Counter
from typing import Any, Final, Protocol

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import PodSpec
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.scenario.counts import LEASES, PODS
from orchestrator.store import Change, MemoryStore
from orchestrator.store.interface import Listener

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
        self._hash.update(f"{change.revision} {change.type} {bucket} {name}".encode())
        if bucket == LEASES:
            spec = obj.spec
            self._hash.update((spec.renew_time or "").encode() if spec is not None else b"")
        elif bucket == PODS:
            self._hash.update(codec.encode(replace(obj, spec=None)))
            if obj.spec is not None:
                self._hash.update(self._spec_digest(obj.spec))
        else:
            self._hash.update(codec.encode(obj))


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
