"""The engine without a disk: everything lives, and ends, with the process.

A commit costs a dictionary look-up, the stamp and a record in the history, and answers at once,
so `flush` has nothing to do. The store outlives the API server's actor, as etcd outlives
kube-apiserver: a restarted one is handed the same store.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.protocol import EventType
from orchestrator.store.bucket import Bucket
from orchestrator.store.errors import FutureRevision, NotNew
from orchestrator.store.history import History
from orchestrator.store.interface import (
    FIRST_REVISION,
    Change,
    Done,
    Key,
    Listener,
    Mismatch,
    Write,
)

# A history is kept for each bucket, so that the heartbeats of thousands of nodes do not push out
# the changes of pods that a restarted watcher asks for. One change keeps one replaced state alive:
# about 1 KB for a pod, so a full bucket holds back some 8 MB.
HISTORY_LIMIT: Final = 8192
_NOTHING_UNDONE: Final[Mapping[Key, Any]] = {}


def _ignore(_change: Change) -> None:
    """The listener before anybody listens."""


class MemoryStore:
    """A `Store` in memory. `history_limit` counts changes for each bucket."""

    def __init__(self, *, history_limit: int = HISTORY_LIMIT) -> None:
        self._history_limit = history_limit
        self._revision = FIRST_REVISION
        self._floor = FIRST_REVISION
        self._buckets: dict[str, Bucket] = {}
        self._histories: dict[str, History] = {}
        self._listener: Listener = _ignore

    @property
    def revision(self) -> int:
        """The last committed revision."""
        return self._revision

    def get(self, bucket: str, namespace: str, name: str) -> Any | None:
        """The object, or None."""
        # The most frequent call of all: no further calls.
        objects = self._buckets.get(bucket)
        if objects is None:
            return None
        shard = objects.shards.get(namespace)
        return None if shard is None else shard.objects.get(name)

    def list(self, bucket: str, namespace: str = "") -> Sequence[Any]:
        """A snapshot of the objects in key order; "" means those of all namespaces."""
        objects = self._buckets.get(bucket)
        return () if objects is None else objects.list(namespace)

    def count(self, bucket: str, namespace: str = "") -> int:
        """How many objects `list` would answer."""
        objects = self._buckets.get(bucket)
        return 0 if objects is None else objects.count(namespace)

    def scan(
        self, bucket: str, namespace: str = "", *, after: Key | None = None, at: int | None = None
    ) -> Iterator[Any]:
        """The objects in key order behind `after`, as they were at revision `at`."""
        undone = self._undone(bucket, at)
        return self._buckets.get(bucket, Bucket()).scan(namespace, after, undone)

    def count_behind(
        self, bucket: str, namespace: str = "", *, after: Key | None = None, at: int | None = None
    ) -> int:
        """How many objects `scan` would yield."""
        undone = self._undone(bucket, at)
        return self._buckets.get(bucket, Bucket()).count_behind(namespace, after, undone)

    def _undone(self, bucket: str, at: int | None) -> Mapping[Key, Any]:
        if at is None or at == self._revision:
            return _NOTHING_UNDONE
        self._not_in_the_future(at)
        return self._history(bucket).undo(at)

    def changes_since(self, bucket: str, revision: int) -> Sequence[Change]:
        """Every change of the bucket after `revision`, in order."""
        self._not_in_the_future(revision)
        return self._history(bucket).since(revision)

    def begin_with(self, bucket: str, objects: Sequence[Any]) -> None:
        """Lay objects into a bucket, at the first revision. Raises NotNew."""
        if self._revision != FIRST_REVISION or bucket in self._buckets:
            raise NotNew(bucket, self._revision)
        into = self._buckets[bucket] = Bucket()
        for each in objects:
            into.add(each.metadata.namespace, each.metadata.name, each)

    def commit(self, write: Write, done: Done) -> None:
        """Try the write, and call `done` with the outcome at once."""
        bucket, namespace, name = write.bucket, write.namespace, write.name
        objects = self._buckets.get(bucket)
        if objects is None:
            objects = self._buckets[bucket] = Bucket()
        present = objects.get(namespace, name)
        if present is not write.expected:
            done(Mismatch(present))
            return
        revision = self._revision = self._revision + 1
        stored = write.object
        metadata = stored.metadata
        if write.managed_fields is None:
            metadata = replace(metadata, resource_version=str(revision))
        else:
            owners = write.managed_fields
            metadata = replace(metadata, resource_version=str(revision), managed_fields=owners)
        stored = replace(stored, metadata=metadata)
        if write.delete:
            objects.remove(namespace, name)
            type_: EventType = "DELETED"
        elif present is None:
            objects.add(namespace, name, stored)
            type_ = "ADDED"
        else:
            objects.replace(namespace, name, stored)
            type_ = "MODIFIED"
        change = Change(type_, stored, present, revision, bucket=bucket)
        history = self._histories.get(bucket)
        if history is None:
            history = self._history(bucket)
        history.append(change)
        self._listener(change)
        done(change)

    def flush(self) -> None:
        """Nothing to do: nothing is durable here."""

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every change from now on, instead of the listener before."""
        self._listener = listener

    def compact(self, revision: int) -> None:
        """Forget the history up to `revision`."""
        self._not_in_the_future(revision)
        self._floor = max(self._floor, revision)
        for history in self._histories.values():
            history.compact(revision)

    def close(self) -> None:
        """Let go of the listener; the objects stay until the store itself goes."""
        self._listener = _ignore

    def _history(self, bucket: str) -> History:
        history = self._histories.get(bucket)
        if history is None:
            history = self._histories[bucket] = History(self._history_limit, self._floor)
        return history

    def _not_in_the_future(self, revision: int) -> None:
        if revision > self._revision:
            raise FutureRevision(revision, self._revision)
