"""The store as the API server sees it; the promises are in the package's docstring."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

from orchestrator.protocol import Event

# etcd's first revision: 0 stays free to mean "any" in Kubernetes' API.
FIRST_REVISION: Final = 1


class Key(NamedTuple):
    """Where an object lies in its bucket; `namespace` is "" for cluster-scoped kinds."""

    namespace: str
    name: str


class Change(Event, frozen=True, gc=False, kw_only=True):
    """One committed write: the very `Event` that watchers get, and the bucket it happened in.

    `object` is the new state, for DELETED the last one, stamped with the deletion's revision.
    `previous` is the state before, None for ADDED.
    """

    bucket: str


class Write(Struct, frozen=True, gc=False):
    """A compare-and-swap of one object.

    The write happens if what the store holds under the key is `expected`: the very object that
    the writer read, or None if it read nothing. `object` is the state to store (its
    `metadata.resourceVersion` is stamped by the store); with `delete` it is the last state, which
    watchers will see, and the key is removed. `managed_fields`, where they are given, are stamped
    into the metadata in the same step.
    """

    bucket: str
    namespace: str
    name: str
    object: Any
    expected: Any = None
    delete: bool = False
    managed_fields: Any = None


class Mismatch(Struct, frozen=True, gc=False):
    """The write did not happen: `present` (None: nothing) was there instead of `expected`."""

    present: Any


Outcome: TypeAlias = Change | Mismatch
Done: TypeAlias = Callable[[Outcome], None]
Listener: TypeAlias = Callable[[Change], None]


class Store(Protocol):
    """Objects by bucket and key, under one revision counter. Not for concurrent threads."""

    @property
    def revision(self) -> int:
        """The last committed revision; at least 1, as in etcd."""
        ...

    # --- the present, from memory -----------------------------------------------------------

    def get(self, bucket: str, namespace: str, name: str) -> Any | None:
        """The object, or None."""
        ...

    def list(self, bucket: str, namespace: str = "") -> Sequence[Any]:
        """A snapshot of the objects in key order; "" means those of all namespaces.

        It may be the very same list each time until one of them changes.
        """
        ...

    def count(self, bucket: str, namespace: str = "") -> int:
        """How many objects `list` would answer."""
        ...

    # --- the past, as far as history reaches -------------------------------------------------

    def scan(
        self, bucket: str, namespace: str = "", *, after: Key | None = None, at: int | None = None
    ) -> Iterator[Any]:
        """The objects in key order behind `after`, as they were at revision `at`.

        Use the iterator up before the next write. Raises (at once, not while iterating) Compacted
        or FutureRevision.
        """
        ...

    def count_behind(
        self, bucket: str, namespace: str = "", *, after: Key | None = None, at: int | None = None
    ) -> int:
        """How many objects `scan` would yield, without looking at them. Raises as `scan`."""
        ...

    def changes_since(self, bucket: str, revision: int) -> Sequence[Change]:
        """Every change of the bucket after `revision`, in order.

        Raises Compacted or FutureRevision.
        """
        ...

    # --- writing ----------------------------------------------------------------------------

    def begin_with(self, bucket: str, objects: Sequence[Any]) -> None:
        """Lay objects into a bucket of a new store, at its first revision; nobody is told of them.

        They stand in key order and are kept as they are: whoever calls has stamped them. Raises
        NotNew when the store's revision is not the first, or the bucket has objects.
        """
        ...

    def commit(self, write: Write, done: Done) -> None:
        """Try the write, and call `done` with the outcome: at once, or from a later `flush`.

        Later reads see the write even if `done` is still to come. An engine that cannot keep its
        promises any more (a failed sync) raises, from here or from `flush`, and must not be used
        again.
        """
        ...

    def flush(self) -> None:
        """Make what was committed durable and call the `done`s that waited for it."""
        ...

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every change from now on, instead of the listener before.

        It is called when the change is durable, in revision order, before the write's `done`.
        """
        ...

    def compact(self, revision: int) -> None:
        """Forget the history up to `revision`; the present state stays."""
        ...

    def close(self) -> None:
        """Release what the engine holds; flushed writes stay."""
        ...
