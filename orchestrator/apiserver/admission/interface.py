"""What an admission plugin is: the contract between the request pipeline and `admission/<name>.py`.

Admission sees every write after authorization and decoding, before it is committed:

    admit of each plugin in order → defaults → validation → validate of each plugin in order → commit

`admit` may answer another object (a mutating plugin: default tolerations, the service account's
volume, the priority that a priority class names); `validate` may only refuse (quota, node
restriction). Both refuse by raising `ApiError`, most often `Forbidden`. Either may answer `Wait`.

What the pipeline promises to a plugin:
- It asks `handles` and `judges` once for each (operation, resource, subresource) and remembers the
  answers, so a write that concerns no plugin costs nothing. Both must depend on their arguments only.
- A plugin that `asks` objects of some kinds, none of which wakes it, costs nothing either.
- `object` already has its namespace, its final name and the metadata that the server owns (uid,
  creation time), and for an UPDATE what the strategy keeps from `old_object`.
- Nothing can change between what `validate` reads and the commit: the server handles one message at
  a time, and plugins that wait are asked before all others. What `admit` reads may change before the
  commit if a later plugin waits.

What a plugin promises to the pipeline:
- `admit` is idempotent and never changes an object in place: objects are shared and frozen. It
  answers the very same object when it has nothing to change, and remembers by the identity of a
  spec what it made of it, so that pods stamped from one template go on sharing one `PodSpec`.
- It holds no state that a restart of the server would lose, other than such memories.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from actors import Ref
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.telemetry.admission import AdmissionCounts
from orchestrator.machinery.cel.authorization import Ask, Question
from orchestrator.protocol import Annotate, Identity, Warn

K = TypeVar("K")

Operation: TypeAlias = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


class AdmissionRequest(Struct, kw_only=True):
    """One write, as the plugins see it. Only the pipeline sets `object`, to what a plugin answered.

    `object` is the new state (None for DELETE); `old_object` the present one (None for CREATE).
    For a subresource that is an object of another kind (`binding`, `eviction`, `scale`) `object` is
    that one (Binding, Eviction, Scale), and `name` the name of the object that it belongs to.
    A patch arrives as the UPDATE that it amounts to. `warn` tells the client something that does not
    stop its request, `annotate` the audit log (a key and a value); `ask` answers whether its user, or
    another, may do something, by what `allows` says of users. `message` is the request as it came, and `rounds` what its mutating plugins remember of it.
    `counts` is where plugins count what they do; None for the writes that nobody counts. `owners` are
    the managedFields that the new state is to have, where they are known.
    """

    operation: Operation
    resource: Resource
    name: str
    identity: Identity
    namespace: str = ""
    subresource: str = ""
    object: Any = None
    old_object: Any = None
    dry_run: bool = False
    warn: Warn | None = None
    allows: Callable[[Identity, Question], tuple[bool, str]] | None = None
    annotate: Annotate | None = None
    message: Any = None
    rounds: "Rounds | None" = None
    counts: AdmissionCounts | None = None
    owners: Any = None

    @property
    def ask(self) -> Ask | None:
        """Whether somebody may do something; None: everything is allowed."""
        return None if self.allows is None else partial(self.allows, self.identity)


class Rounds:
    """How often the mutating plugins are asked about one write: once more, if one asks for it.

    A plugin sets `again` when it has changed the object, so that those before it may look at it anew.
    `second` says that this is the second round. `memory` is the plugins' own, by their names.
    """

    __slots__ = ("again", "memory", "second")

    def __init__(self) -> None:
        self.again = False
        self.second = False
        self.memory: dict[str, Any] = {}


class Reader(Protocol):
    """What a plugin may look at: the stored objects, and the server's time and randomness.

    Reads are synchronous and see every write that was answered before this one.
    """

    @property
    def random(self) -> Random:
        """The server's seeded source."""
        ...

    @property
    def scheme(self) -> Scheme:
        """The resources that are served, custom ones included."""
        ...

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def uid(self) -> str:
        """A new UID."""
        ...

    def get(self, kind: type[K], name: str, namespace: str = "") -> K | None:
        """The stored object of a built-in kind, or None."""
        ...

    def list(self, kind: type[K], namespace: str = "") -> Sequence[K]:
        """The stored objects of a built-in kind by namespace and name; "": of all namespaces."""
        ...

    def kubelet_of(self, node: str) -> Ref[Any] | None:
        """The kubelet of a node, if it runs."""
        ...

    def resource_of(self, api_version: str, kind: str) -> Resource:
        """The resource that serves a kind, custom ones included. Raises UnknownKind."""
        ...

    def stored(self, resource: Resource, name: str, namespace: str = "") -> Any:
        """The stored object of a resource, or None."""
        ...

    def all_stored(self, resource: Resource, namespace: str = "") -> Sequence[Any]:
        """The stored objects of a resource; "" as namespace means all."""
        ...


class Wait(Struct, frozen=True):
    """What is answered by one who needs something from outside: a webhook's verdict, another thread's.

    The server performs `effect` and goes on with what `then` makes of its result; other requests are
    served meanwhile. `effect` says as a result what may be expected to go wrong (a timeout): an
    exception is the end of the request. The objects that were read may be others afterwards.
    """

    effect: Callable[[], Awaitable[Any]]
    then: Callable[[Any], Any]


class AdmissionPlugin:
    """The base of a plugin: one file of `admission/`, one entry of its index.

    A subclass has a `name` and overrides `handles` with `admit`, `validate` or both; a method that is
    not overridden costs nothing. `default_on`: whether clusters have the plugin that do not name it.
    `waits`: whether `validate` may answer a `Wait`. `counts`: whether `validate` counts what it lets
    through, so that it is asked once; others may be asked again after a plugin that waits. `asks`: the built-in kinds without whose objects the
    plugin has nothing to say; while no object of them wakes it, it is left out of all writes but those of
    these kinds. `notes`: whether it has something for the audit log and the metrics even then, so that requests by
    HTTPS are shown to it.
    `admits_deletions`: whether `admit` is asked for DELETE, too, where there is no object to change.
    """

    name: str  # Kubernetes' (`LimitRanger`)
    default_on: bool = True
    waits: bool = False
    counts: bool = False
    asks: tuple[type[Any], ...] = ()
    notes: bool = False
    admits_deletions: bool = False

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> "AdmissionPlugin":
        """The plugin with the configuration that Kubernetes gives it in a file. Raises ValueError."""
        raise ValueError("takes no configuration")

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """Whether such writes concern the plugin at all; a pure function of its arguments."""
        raise NotImplementedError

    def judges(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """Whether `validate` may refuse some of the writes that the plugin handles, likewise."""
        return self.handles(operation, resource, subresource)

    def wakes(self, obj: Any) -> bool:
        """Whether an object of a kind that the plugin asks gives it something to say."""
        return True

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The object to go on with, or a `Wait` for it. Raises ApiError to refuse.

        Asked for DELETE only if it `admits_deletions`.
        """
        return request.object

    def validate(self, request: AdmissionRequest, reader: Reader) -> Wait | None:
        """Look at the final object. Raises ApiError to refuse."""
        return None
