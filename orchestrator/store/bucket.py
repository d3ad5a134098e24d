"""The objects of one resource in key order: an image that every engine may answer reads from.

Python's dict keeps insertion order, and deleting or replacing keeps it too. So a namespace's
objects are one dict whose order *is* the key order, until a name arrives that sorts before the
last one; the next list then sorts it once. Sorting what is nearly sorted is linear, a list is a
copy of the dict's values, and a workload that only writes never sorts. A tree or a sorted list
beside the dict would cost each write for the sake of rare lists.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from heapq import merge
from itertools import chain
from typing import Any

from orchestrator.store.interface import Key


class Shard:
    """The objects of one namespace by name; look into `objects`, change it by the methods."""

    __slots__ = ("_all", "_in_order", "_last", "_names", "objects")

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self._in_order = True
        self._last = ""  # no name added in order is greater
        self._names: list[str] | None = None  # in order, as long as none comes or goes
        self._all: tuple[Any, ...] | None = None  # as long as nothing changes

    def __len__(self) -> int:
        return len(self.objects)

    def add(self, name: str, stored: Any) -> None:
        """Store under a name that is free."""
        if name < self._last:
            self._in_order = False
        else:
            self._last = name
        self._names = self._all = None
        self.objects[name] = stored

    def replace(self, name: str, stored: Any) -> None:
        """Store under a name that is taken."""
        self._all = None
        self.objects[name] = stored

    def remove(self, name: str) -> None:
        """Free the name."""
        self._names = self._all = None
        del self.objects[name]

    def ordered(self) -> dict[str, Any]:
        """The objects by name, in the order of names; not to be changed."""
        if not self._in_order:
            self.objects = dict(sorted(self.objects.items()))
            self._last = next(reversed(self.objects), "")
            self._in_order = True
        return self.objects

    def all(self) -> tuple[Any, ...]:
        """The objects in the order of names: the very same list until one of them changes."""
        if self._all is None:
            self._all = tuple(self.ordered().values())
        return self._all

    def scan(self, after: str, undone: Mapping[str, Any]) -> Iterator[Any]:
        """The objects behind the name `after` in order, with those in `undone` put back."""
        objects, names = self.ordered(), self._ordered_names()
        begin = bisect_right(names, after) if after else 0
        behind = map(names.__getitem__, range(begin, len(names)))
        gone = sorted(name for name in undone if name > after and name not in objects)
        for name in merge(behind, gone) if gone else behind:
            stored = undone[name] if name in undone else objects[name]
            if stored is not None:
                yield stored

    def count_behind(self, after: str, undone: Mapping[str, Any]) -> int:
        """How many objects `scan` would yield, at the cost of what is undone."""
        names = self._ordered_names()
        count = len(names) - (bisect_right(names, after) if after else 0)
        for name, stored in undone.items():
            if name > after:
                count += (stored is not None) - (name in self.objects)
        return count

    def _ordered_names(self) -> list[str]:
        objects = self.ordered()
        if self._names is None:
            self._names = list(objects)
        return self._names


_EMPTY = Shard()


class Bucket:
    """The objects of one resource by namespace and name; a namespace without objects is absent."""

    __slots__ = ("shards",)

    def __init__(self) -> None:
        self.shards: dict[str, Shard] = {}

    def get(self, namespace: str, name: str) -> Any | None:
        """The object, or None."""
        shard = self.shards.get(namespace)
        return None if shard is None else shard.objects.get(name)

    def add(self, namespace: str, name: str, stored: Any) -> None:
        """Store under a key that is free."""
        shard = self.shards.get(namespace)
        if shard is None:
            shard = self.shards[namespace] = Shard()
        shard.add(name, stored)

    def replace(self, namespace: str, name: str, stored: Any) -> None:
        """Store under a key that is taken."""
        self.shards[namespace].replace(name, stored)

    def remove(self, namespace: str, name: str) -> None:
        """Free the key."""
        shard = self.shards[namespace]
        shard.remove(name)
        if not shard:
            del self.shards[namespace]

    def count(self, namespace: str) -> int:
        """The number of objects of a namespace; "": of all."""
        if namespace:
            return len(self.shards.get(namespace, _EMPTY))
        return sum(map(len, self.shards.values()))

    def list(self, namespace: str) -> tuple[Any, ...]:
        """The objects of a namespace in order; "": of all."""
        if namespace:
            return self.shards.get(namespace, _EMPTY).all()
        if (
            len(self.shards) == 1
        ):  # as of all kinds that are in no namespace, which admission lists for each pod
            return next(iter(self.shards.values())).all()
        shards = (self.shards[namespace] for namespace in sorted(self.shards))
        return tuple(chain.from_iterable(shard.ordered().values() for shard in shards))

    def scan(self, namespace: str, after: Key | None, undone: Mapping[Key, Any]) -> Iterator[Any]:
        """The objects behind `after` in order, with those in `undone` put back."""
        for shard, behind, old in self._behind(namespace, after, undone):
            yield from shard.scan(behind, old)

    def count_behind(self, namespace: str, after: Key | None, undone: Mapping[Key, Any]) -> int:
        """How many objects `scan` would yield; costs what is undone, and a look at each namespace."""
        return sum(
            shard.count_behind(behind, old)
            for shard, behind, old in self._behind(namespace, after, undone)
        )

    def _behind(
        self, namespace: str, after: Key | None, undone: Mapping[Key, Any]
    ) -> Iterator[tuple[Shard, str, Mapping[str, Any]]]:
        """Each namespace that may have objects behind `after`: the name there, and what is undone."""
        old: dict[str, dict[str, Any]] = {}
        for key, stored in undone.items():
            old.setdefault(key.namespace, {})[key.name] = stored
        for current in [namespace] if namespace else sorted({*self.shards, *old}):
            if after is not None and current < after.namespace:
                continue
            behind = after.name if after is not None and current == after.namespace else ""
            yield self.shards.get(current, _EMPTY), behind, old.get(current, {})
