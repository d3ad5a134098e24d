"""Objects as such: their keys, small changes to their metadata, and a watch on their innocence.

Objects are frozen and shared, so a change is a new object that shares everything else. Maps
inside objects are never mutated; `MutationDetector` is how tests make sure.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec import structs

from orchestrator.api.empty_lists import has_free_json
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.unstructured import Unstructured
from orchestrator.machinery.documents import equal


class HasMetadata(Protocol):
    """Any object: a generated kind or an `Unstructured`."""

    @property
    def metadata(self) -> ObjectMeta: ...


T = TypeVar("T", bound=HasMetadata)
_encode: Final = msgspec.json.Encoder().encode


def key_of(object_: HasMetadata) -> str:
    """`namespace/name`, or `name` for an object of the cluster; the key of queues and caches."""
    metadata = object_.metadata
    return join_key(metadata.namespace, metadata.name)


def is_same(new: Any, old: Any) -> bool:
    """Whether two states of an object say the same. In free JSON true is not 1, which it is to Python."""
    if new is old:
        return True
    if new != old:
        return False
    if type(new) is Unstructured:
        return equal(new.content, old.content)
    free = has_free_json(type(new))  # type: ignore[arg-type]
    return not free or all(
        is_same_part(getattr(new, name), getattr(old, name))
        for name in new.__struct_fields__
        if name != "metadata"
    )


def is_same_part(new: Any, old: Any) -> bool:
    """The same of a part of an object: what is free JSON in it is the same text."""
    if new is old:
        return True
    if new != old:
        return False
    is_free = isinstance(new, dict | list) or has_free_json(type(new))  # type: ignore[arg-type]
    return not is_free or bool(_encode(new) == _encode(old))


def join_key(namespace: str, name: str) -> str:
    """The key of a name in a namespace ("" for none)."""
    return f"{namespace}/{name}" if namespace else name


def split_key(key: str) -> tuple[str, str]:
    """Namespace and name of a key; the namespace may be ""."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def is_deleted(object_: HasMetadata) -> bool:
    """Whether the object is on its way out: finalizers or a grace period hold it."""
    return object_.metadata.deletion_timestamp is not None


# --- changes -------------------------------------------------------------------------------


def with_metadata(object_: T, **changes: Any) -> T:
    """The object with these fields of its metadata; Python's names (`resource_version=...`)."""
    metadata = structs.replace(object_.metadata, **changes)
    return structs.replace(object_, metadata=metadata)  # type: ignore[type-var]  # all are Structs


def with_resource_version(object_: T, revision: str) -> T:
    """The object as of a revision; "" asks for an update whatever the present one is."""
    return with_metadata(object_, resource_version=revision)


def with_labels(object_: T, changes: Mapping[str, str | None]) -> T:
    """The object with these labels set, or removed (None); the same object if nothing changes."""
    labels = merged_map(object_.metadata.labels, changes)
    return object_ if labels is object_.metadata.labels else with_metadata(object_, labels=labels)


def with_annotations(object_: T, changes: Mapping[str, str | None]) -> T:
    """The same for annotations."""
    before = object_.metadata.annotations
    annotations = merged_map(before, changes)
    return object_ if annotations is before else with_metadata(object_, annotations=annotations)


def with_finalizer(object_: T, finalizer: str) -> T:
    """The object held by a finalizer; the same object if it is held already."""
    finalizers = object_.metadata.finalizers
    if finalizer in finalizers:
        return object_
    return with_metadata(object_, finalizers=(*finalizers, finalizer))


def without_finalizer(object_: T, finalizer: str) -> T:
    """The object let go; the same object if the finalizer did not hold it."""
    finalizers = object_.metadata.finalizers
    if finalizer not in finalizers:
        return object_
    kept = tuple(each for each in finalizers if each != finalizer)
    return with_metadata(object_, finalizers=kept)


def merged_map(before: Mapping[str, str], changes: Mapping[str, str | None]) -> Mapping[str, str]:
    """A map with entries set, or removed (None); the very same map if nothing changes."""
    if all(before.get(key) == value for key, value in changes.items()):
        return before
    after = dict(before)
    for key, value in changes.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = value
    return after


# --- innocence -----------------------------------------------------------------------------


def fingerprint(object_: Any) -> str:
    """A hash of everything inside an object. Equal objects of one class have equal ones."""
    content = msgspec.json.encode(object_, order="sorted")
    name = type(object_).__qualname__.encode()
    return hashlib.blake2b(content, digest_size=16, person=name[:16]).hexdigest()


class MutationDetector:
    """Remembers objects and their fingerprints; `check` finds those that someone changed.

    Frozen Structs cannot be assigned to, but the maps inside them could be written to.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Any, str]] = {}

    def watch(self, object_: Any) -> None:
        """Remember an object as it is now; a second time changes nothing."""
        if id(object_) not in self._seen:
            self._seen[id(object_)] = (object_, fingerprint(object_))

    def mutated(self) -> tuple[Any, ...]:
        """The objects that are no longer what they were."""
        return tuple(
            object_ for object_, before in self._seen.values() if fingerprint(object_) != before
        )

    def check(self) -> None:
        """Raise AssertionError, showing the first objects that someone changed."""
        if changed := self.mutated():
            shown = ", ".join(repr(each)[:200] for each in changed[:3])
            raise AssertionError(f"{len(changed)} shared objects were mutated: {shown}")
