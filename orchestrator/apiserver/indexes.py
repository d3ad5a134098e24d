"""Which objects have a certain value in a certain field, for lists that ask for just that.

A kubelet that starts lists the pods of its node. Looking through all pods for each of a thousand
kubelets is what Kubernetes, too, avoids with an index. Nobody starts most of the time, so an index is
brought up to the present when it is asked, from the store's history, and costs a write nothing.
"""

from collections.abc import Callable, Iterator, Set
from typing import Any, Final

from orchestrator.machinery import fields
from orchestrator.store import Change, Compacted, Key, Store

# (bucket, field) of the indexes that pay: a field that many callers fix to many values.
INDEXED: Final = (("pods", "spec.nodeName"),)

_NO_KEYS: Final[Set[Key]] = frozenset()


class FieldIndex:
    """The keys of a bucket's objects by the value of one field; unset values are not kept."""

    __slots__ = ("_bucket", "_keys", "_read", "_revision", "_store")

    def __init__(self, store: Store, bucket: str, read: Callable[[Any], str]) -> None:
        self._store = store
        self._bucket = bucket
        self._read = read
        self._keys: dict[str, set[Key]] = {}
        self._revision = 0  # up to which the bucket's changes are known

    def keys(self, value: str) -> list[Key]:
        """The keys of the objects that have this value now, in order."""
        return sorted(self.keys_as_they_come(value))

    def keys_as_they_come(self, value: str) -> Set[Key]:
        """The same in no order, to be read before the next write."""
        self._catch_up()
        return self._keys.get(value, _NO_KEYS)

    def _catch_up(self) -> None:
        store = self._store
        try:
            for change in store.changes_since(self._bucket, self._revision):
                self._observe(change)
        except Compacted:
            self._keys.clear()
            for each in store.list(self._bucket):
                self._add(self._read(each), each)
        self._revision = store.revision

    def _observe(self, change: Change) -> None:
        old = "" if change.previous is None else self._read(change.previous)
        new = "" if change.type == "DELETED" else self._read(change.object)
        if old != new:
            if old:
                self._remove(old, change.previous)
            self._add(new, change.object)

    def _add(self, value: str, stored: Any) -> None:
        if value:
            self._keys.setdefault(value, set()).add(_key(stored))

    def _remove(self, value: str, stored: Any) -> None:
        keys = self._keys[value]
        keys.discard(_key(stored))
        if not keys:
            del self._keys[value]


def _key(stored: Any) -> Key:
    return Key(stored.metadata.namespace, stored.metadata.name)


class Indexes:
    """All field indexes of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._indexes: dict[str, dict[str, FieldIndex]] = {}
        for bucket, field in INDEXED:
            index = FieldIndex(store, bucket, fields.supported(bucket)[field])
            self._indexes.setdefault(bucket, {})[field] = index

    def having(self, bucket: str, field: str, value: str, namespace: str) -> list[Any]:
        """The present objects whose indexed field has a value, in order; "" means all namespaces."""
        return [
            self._store.get(bucket, key.namespace, key.name)
            for key in self._indexes[bucket][field].keys(value)
            if not namespace or key.namespace == namespace
        ]

    def any_having(self, bucket: str, field: str, value: str, namespace: str) -> Iterator[Any]:
        """The same one by one and in no order, to be read before the next write: for who stops at the first."""
        for key in self._indexes[bucket][field].keys_as_they_come(value):
            if not namespace or key.namespace == namespace:
                yield self._store.get(bucket, key.namespace, key.name)

    def candidates(
        self, bucket: str, namespace: str, selector: fields.Selector
    ) -> list[Any] | None:
        """The present objects that an index leaves over, in order; None if no index helps."""
        for field in self._indexes.get(bucket, ()):
            value = selector.exact(field)
            if value:
                return self.having(bucket, field, value, namespace)
        return None
