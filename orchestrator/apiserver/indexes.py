"""Which objects have a certain value in a certain field, for lists that ask for just that.

A kubelet that starts lists the pods of its node. Looking through all pods for each of a thousand
kubelets is what Kubernetes, too, avoids with an index.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final

from orchestrator.machinery import fields
from orchestrator.store import Change, Key, Store

# (bucket, field) of the indexes that pay: a field that many callers fix to many values.
INDEXED: Final = (("pods", "spec.nodeName"),)


class FieldIndex:
    """The keys of a bucket's objects by the value of one field; unset values are not kept."""

    __slots__ = ("_keys", "_part", "_read")

    def __init__(self, field: str, read: Callable[[Any], str], stored: Iterable[Any]) -> None:
        self._read = read
        self._part = attrgetter(field.partition(".")[0])
        self._keys: dict[str, set[Key]] = {}
        for each in stored:
            self._add(read(each), each)

    def observe(self, change: Change) -> None:
        """Follow a committed change."""
        previous = change.previous
        if change.type == "MODIFIED" and self._part(previous) is self._part(change.object):
            return  # most changes are of the status alone
        old = "" if previous is None else self._read(previous)
        new = "" if change.type == "DELETED" else self._read(change.object)
        if old != new:
            if old:
                self._remove(old, change.previous)
            self._add(new, change.object)

    def keys(self, value: str) -> list[Key]:
        """The keys of the objects with this value, in order."""
        return sorted(self._keys.get(value, ()))

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
    """All field indexes of a store; follow its changes by `observe`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._indexes: dict[str, dict[str, FieldIndex]] = {}
        for bucket, field in INDEXED:
            index = FieldIndex(field, fields.supported(bucket)[field], store.list(bucket))
            self._indexes.setdefault(bucket, {})[field] = index

    def observe(self, change: Change) -> None:
        """Follow a committed change."""
        indexes = self._indexes.get(change.bucket)
        if indexes is not None:
            for index in indexes.values():
                index.observe(change)

    def candidates(
        self, bucket: str, namespace: str, selector: fields.Selector
    ) -> list[Any] | None:
        """The present objects that an index leaves over, in order; None if no index helps."""
        for field, index in self._indexes.get(bucket, {}).items():
            value = selector.exact(field)
            if value:
                return [
                    self._store.get(bucket, key.namespace, key.name)
                    for key in index.keys(value)
                    if not namespace or key.namespace == namespace
                ]
        return None
