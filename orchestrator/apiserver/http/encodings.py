"""Encode once: the bytes of an object are made at its first reader and kept for the next.

The key is the object itself, not (uid, resourceVersion). Objects are frozen, so the same object
always has the same bytes; two objects of one revision need not: a watcher whose selector an object
leaves is shown its old state at the new revision. An entry keeps its object alive, so an identity
is not given to another one while the entry stands.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from orchestrator.api import codec
from orchestrator.api.meta.v1 import ObjectMeta

Shown: TypeAlias = Callable[[ObjectMeta], ObjectMeta]

LIMIT_BYTES: Final = 64 * 1024 * 1024
_REMEMBERED: Final = 64  # objects that make up an average
_ENTRY_BYTES: Final = 300  # what an entry costs besides its bytes


class Encodings:
    """Least recently used bytes of objects, bounded by their size."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._entries: OrderedDict[tuple[int, str], tuple[Any, bytes]] = OrderedDict()
        self._sizes: dict[type, float] = {}
        self.size_bytes = 0
        self.hits = 0
        self.misses = 0

    def object(self, obj: Any) -> bytes:
        """The object as JSON."""
        return self._find(obj, "") or self._keep_whole(obj)

    def average(self, kind: type) -> float:
        """How many bytes the objects of a kind have that were made of late; 0 if none was."""
        return self._sizes.get(kind, 0.0)

    def _keep_whole(self, obj: Any) -> bytes:
        data = codec.encode(obj)
        size, kind = float(len(data)), type(obj)
        before = self._sizes.get(kind, size)
        self._sizes[kind] = before + (size - before) / _REMEMBERED
        return self._keep(obj, "", data)

    def item(self, obj: Any) -> bytes:
        """The object as a list of its kind holds it: without `kind` and `apiVersion`, which the list says."""
        return codec.headless(self.object(obj), type(obj))

    def metadata(self, obj: Any, meta_version: str, shown: Shown | None = None) -> bytes:
        """Its PartialObjectMetadata, of meta.k8s.io/v1 or v1beta1, as JSON; `shown` makes what is shown of it."""
        found = self._find(obj, meta_version)
        if found is not None:
            return found
        head = f'{{"kind":"PartialObjectMetadata","apiVersion":"{meta_version}","metadata":'
        metadata = obj.metadata if shown is None else shown(obj.metadata)
        return self._keep(obj, meta_version, head.encode() + codec.encode(metadata) + b"}")

    def _find(self, obj: Any, form: str) -> bytes | None:
        key = (id(obj), form)
        entry = self._entries.get(key)
        if entry is None:
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return entry[1]

    def _keep(self, obj: Any, form: str, data: bytes) -> bytes:
        self.misses += 1
        entries = self._entries
        entries[id(obj), form] = (obj, data)
        self.size_bytes += len(data) + _ENTRY_BYTES
        while self.size_bytes > self._limit and entries:
            _, (_, oldest) = entries.popitem(last=False)
            self.size_bytes -= len(oldest) + _ENTRY_BYTES
        return data
