"""The latest objects of one resource, as a watch has told them; read-only for its readers."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import Struct

from orchestrator.api.scheme import Resource
from orchestrator.machinery.metadata import same_metadata

K = TypeVar("K")

KeyFunction = Callable[[Any], Iterable[str]]


class Key(NamedTuple):
    """Names an object of a resource; `namespace` is empty for a cluster-scoped one."""

    namespace: str
    name: str


class Change(Struct, Generic[K], frozen=True, gc=False):
    """One object's change: `old` None: it is new; `new` None: it is gone."""

    old: K | None
    new: K | None

    @property
    def latest(self) -> K:
        """The object as it is, or as it was when it went."""
        obj = self.old if self.new is None else self.new
        assert obj is not None
        return obj


def key_of(obj: Any) -> Key:
    """The key of an object."""
    return Key(obj.metadata.namespace, obj.metadata.name)


class Cache(Generic[K]):
    """Objects by namespace and name, with named indexes. `revision` is the newest one seen."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.revision = 0
        self.version = 0  # grows with every change of any object
        self._namespaces: dict[str, dict[str, K]] = {}
        self._count = 0
        self._indexes: dict[str, _Index] = {}
        # The indexes to ask after a change of anything, of the spec or the status, of the status.
        self._of_all: list[_Index] = []
        self._of_spec: list[_Index] = []
        self._of_status: list[_Index] = []

    def get(self, namespace: str, name: str) -> K | None:
        """The object of that name, or None."""
        objects = self._namespaces.get(namespace)
        return objects.get(name) if objects is not None else None

    def list(self, namespace: str | None = None) -> Iterator[K]:
        """The objects of a namespace (None: of all), in the order in which they came."""
        if namespace is not None:
            return iter(list(self._namespaces.get(namespace, {}).values()))
        return iter([obj for objects in self._namespaces.values() for obj in objects.values()])

    def by_index(self, index: str, value: str) -> Collection[K]:
        """The objects for which the index's function answered `value`. KeyError: no such index."""
        namespaces = self._namespaces
        keys = self._indexes[index].entries.get(value, ())
        return [namespaces[key.namespace][key.name] for key in keys]

    def holds(self, index: str, value: str) -> bool:
        """Whether `by_index` would answer any object."""
        return value in self._indexes[index].entries

    def values_of(self, index: str) -> "Collection[str]":
        """The values that objects have in an index, in the order in which they came."""
        return tuple(self._indexes[index].entries)

    def add_index(self, name: str, function: KeyFunction) -> None:
        """Add an index over what is here and what will come; one of that name is kept."""
        if name not in self._indexes:
            index = self._indexes[name] = _Index(function)
            self._of_all.append(index)
            if not isinstance(function, OfMetadata):
                self._of_spec.append(index)
            if isinstance(function, OfStatus):
                self._of_status.append(index)
            for obj in self.list():
                index.update(key_of(obj), None, obj)

    def __len__(self) -> int:
        return self._count

    # --- for the reflector -----------------------------------------------------------------

    def put(self, obj: K) -> K | None:
        """Take in an object; answers the one that it replaces."""
        metadata = obj.metadata  # type: ignore[attr-defined]
        namespace, name = metadata.namespace, metadata.name
        objects = self._namespaces.get(namespace)
        if objects is None:
            objects = self._namespaces[namespace] = {}
        old = objects.get(name)
        objects[name] = obj
        self.version += 1
        if old is None:
            self._count += 1
        if self._indexes:
            concerned = self._concerned(old, obj)
            if concerned:
                key = Key(namespace, name)
                for index in concerned:
                    index.update(key, old, obj)
        return old

    def _concerned(self, old: K | None, new: K) -> "Sequence[_Index]":
        """The indexes whose answer a change may change, as far as identity tells."""
        if old is None or not same_metadata(old, new):
            return self._of_all
        if getattr(old, "spec", old) is getattr(new, "spec", new):
            return self._of_status
        return self._of_spec

    def remove(self, key: Key) -> K | None:
        """Forget an object; answers it, or None when it was not here."""
        objects = self._namespaces.get(key.namespace)
        old = objects.pop(key.name, None) if objects is not None else None
        if old is None:
            return None
        if not objects:
            del self._namespaces[key.namespace]
        self._count -= 1
        self.version += 1
        for index in self._indexes.values():
            index.update(key, old, None)
        return old


def same_but_status(old: Any, new: Any) -> bool:
    """Whether nothing but the status (and the revision) differs, as far as identity tells."""
    return getattr(old, "spec", old) is getattr(new, "spec", new) and same_metadata(old, new)


class _Marked:
    """A function that says what of an object it looks at: an index's, or one that a controller is
    told of changes by.

    An index's without a mark is asked after each change but those of the status alone, which most
    are; a controller's after each change.
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[[Any], Iterable[Any]]) -> None:
        self.function = function

    def __call__(self, obj: Any) -> Iterable[Any]:
        return self.function(obj)


class OfStatus(_Marked):
    """One that looks at the status: it is asked after each change."""

    __slots__ = ()


class OfMetadata(_Marked):
    """One that looks at nothing but the metadata: it is asked only when they have changed."""

    __slots__ = ()


def unmarked(function: Callable[[Any], Iterable[Any]]) -> Callable[[Any], Iterable[Any]]:
    """The function without its mark, so that a call is one call."""
    return function.function if isinstance(function, _Marked) else function


class _Index:
    """Value -> the keys of the objects that have it."""

    __slots__ = ("entries", "function")

    def __init__(self, function: KeyFunction) -> None:
        self.function = unmarked(function)
        self.entries: dict[str, dict[Key, None]] = {}

    def update(self, key: Key, old: Any | None, new: Any | None) -> None:
        """An object has come, changed or gone."""
        before = tuple(self.function(old)) if old is not None else ()
        after = tuple(self.function(new)) if new is not None else ()
        if before == after:
            return
        entries = self.entries
        for value in before:
            if value not in after:
                bucket = entries.get(value)
                if bucket is not None:
                    bucket.pop(key, None)
                    if not bucket:
                        del entries[value]
        for value in after:
            if value not in before:
                bucket = entries.get(value)
                if bucket is None:
                    entries[value] = {key: None}
                else:
                    bucket[key] = None
