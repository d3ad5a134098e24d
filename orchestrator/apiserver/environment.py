"""What decisions may look at: the stored objects, and the actor's time, chance and identifiers."""

from collections.abc import Callable, Sequence
from math import floor
from random import Random
from typing import Any, Protocol, TypeVar

from actors import Ref, Request, System
from orchestrator.api.meta.v1 import Time
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.allocation import ServiceAllocations
from orchestrator.apiserver.authentication import Tokens
from orchestrator.apiserver.telemetry.admission import AdmissionCounts
from orchestrator.machinery.times import format_time
from orchestrator.store import Store

K = TypeVar("K")


class Source(Protocol):
    """What the environment needs of its actor's context."""

    @property
    def random(self) -> Random: ...
    @property
    def system(self) -> System: ...
    @property
    def me(self) -> Ref[Any]: ...
    def uid(self) -> str: ...
    def request(
        self,
        ref: Ref[Any],
        request: Request[Any],
        then: Callable[[Any], Any] | None,
        failed: Callable[[BaseException], Any] | None = None,
    ) -> None: ...


class Environment:
    """The surroundings of every decision; also the `Reader` of admission plugins."""

    __slots__ = (
        "_buckets",
        "_clock",
        "_next_second",
        "_source",
        "_time",
        "allocations",
        "counts",
        "scheme",
        "store",
        "tokens",
        "uid",
    )

    def __init__(
        self,
        store: Store,
        scheme: Scheme,
        source: Source,
        clock: Callable[[], float],
        allocations: ServiceAllocations,
        tokens: Tokens,
        counts: AdmissionCounts,
    ) -> None:
        self.store = store
        self.scheme = scheme
        self.allocations = allocations
        self.tokens = tokens
        self.counts = counts
        self.uid = source.uid
        self._source = source
        self._clock = clock
        self._buckets: dict[type[Any], str] = {}
        self._time, self._next_second = Time(""), 0  # what the present second is called, until when

    @property
    def random(self) -> Random:
        """The server's seeded source."""
        return self._source.random

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def time(self) -> Time:
        """Now, as objects say it."""
        now = self._clock()
        if now >= self._next_second or now < self._next_second - 1:
            self._time, self._next_second = format_time(now), floor(now) + 1
        return self._time

    def get(self, kind: type[K], name: str, namespace: str = "") -> K | None:
        """The stored object of a built-in kind, or None."""
        bucket = self._buckets.get(kind) or self._bucket(kind)
        found: K | None = self.store.get(bucket, namespace, name)
        return found

    def list(self, kind: type[K], namespace: str = "") -> Sequence[K]:
        """The stored objects of a built-in kind; "" as namespace means all."""
        bucket = self._buckets.get(kind) or self._bucket(kind)
        return self.store.list(bucket, namespace)

    def kubelet_of(self, node: str) -> Ref[Any] | None:
        """The kubelet of a node, if it runs."""
        return self._source.system.find(f"/nodes/{node}/kubelet")

    def resource_of(self, api_version: str, kind: str) -> Resource:
        """The resource that serves a kind, custom ones included. Raises UnknownKind."""
        return self.scheme.by_kind(api_version, kind)

    def stored(self, resource: Resource, name: str, namespace: str = "") -> Any:
        """The stored object of a resource, or None."""
        return self.store.get(resource.key, namespace, name)

    def all_stored(self, resource: Resource, namespace: str = "") -> Sequence[Any]:
        """The stored objects of a resource; "" as namespace means all."""
        return self.store.list(resource.key, namespace)

    def later(self, request: Request[Any]) -> None:
        """Have the server handle a request of its own after this one; what becomes of it is nobody's matter."""
        self._source.request(self._source.me, request, None, lambda _: None)

    def _bucket(self, kind: type[Any]) -> str:
        bucket = self._buckets[kind] = self.scheme.by_type(kind).key
        return bucket
