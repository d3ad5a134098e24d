"""What is asked of the API server, and its answers.

Objects in messages are the very objects that the store holds: frozen, shared, never copied.

A message that holds a ref or a function is seen by the garbage collector (`gc=True`): it may be part
of a cycle through a whole cluster, and one object that the collector cannot see keeps it all alive.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import quote

from msgspec import Struct

from actors import Ref, Request
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.protocol.errors import ApiError
from orchestrator.protocol.identity import ADMIN, Identity


class Object(Protocol):
    """Any API object: a generated kind or an `Unstructured` custom resource."""

    @property
    def metadata(self) -> ObjectMeta:
        """What all objects have: name, namespace, uid, revision, labels and so on."""
        ...


# What is to be told to whoever writes, besides the answer: deprecations, unknown fields.
Warn: TypeAlias = Callable[[str], object]
# What is to be noted in the audit log: a key and a value.
Annotate: TypeAlias = Callable[[str, str], object]
PatchType: TypeAlias = Literal["json", "merge", "strategic", "apply"]
PropagationPolicy: TypeAlias = Literal["", "Background", "Foreground", "Orphan"]
EventType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED"]
CanWait: TypeAlias = Callable[
    [Any, Any], bool
]  # whether nobody misses an update, old to new, for long


class Page(Struct, frozen=True, gc=False):
    """A list's answer: the objects in key order and the revision at which they were read."""

    items: tuple[Any, ...]
    revision: int
    continue_token: str = ""
    remaining: int | None = None


class Deleted(Struct, frozen=True, gc=False):
    """A delete's answer: the last state, and whether the object is gone already.

    `gone` is False while a grace period or finalizers hold it.
    """

    object: Any
    gone: bool


class Created(Struct, frozen=True, gc=False):
    """The answer of an update or an apply whose object was not there, and is now."""

    object: Any


# --- reading -------------------------------------------------------------------------------


class Get(Request[Any], frozen=True, gc=False, kw_only=True):
    """Answer one object, or its subresource (`scale`). Errors: NotFound, Forbidden."""

    resource: Resource
    name: str
    namespace: str = ""
    subresource: str = ""
    identity: Identity = ADMIN


class List(Request[Page], frozen=True, gc=False, kw_only=True):
    """Answer the objects of a resource; an empty `namespace` means all namespaces.

    `limit` and `continue_token` page through one consistent revision; Expired when it was
    compacted. `resource_version` and `match` follow Kubernetes' list semantics.
    """

    resource: Resource
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    match: Literal["", "Exact", "NotOlderThan"] = ""
    identity: Identity = ADMIN


class Event(Struct, frozen=True, gc=False):
    """One change as a watch reports it. `previous` is the state before (None for ADDED)."""

    type: EventType
    object: Any
    previous: Any
    revision: int


class WatchEvents(Struct, frozen=True, gc=False):
    """Changes of one channel, in revision order; one message for all that watch the same.

    `sequence` counts a channel's messages: a gap means that one was lost and that the watcher
    must list again. A message without events is a bookmark: nothing up to `revision` is missing.
    """

    channel: int
    sequence: int
    revision: int
    events: tuple[Event, ...]


class WatchClosed(Struct, frozen=True, gc=False):
    """The server ended the watch (the watcher was too slow: Expired); list and watch again."""

    token: str
    error: ApiError


class Watching(Struct, frozen=True, gc=False):
    """A watch's answer. Messages of `channel` with a sequence greater than this one will follow.

    `items` is the state at `revision` when the watch asked for it, else empty. A watch that is silent
    gets a bookmark every `bookmark_seconds`: one that hears nothing for much longer is cut off.
    """

    channel: int
    sequence: int
    revision: int
    items: tuple[Any, ...] = ()
    bookmark_seconds: float = 60.0


class Watch(Request[Watching], frozen=True, gc=True, kw_only=True):
    """Tell `sink` every change after `since`; None: the answer holds the present state.

    (`sink`, `token`) names the watch: asking again replaces it, so a restarted actor leaves
    nothing behind; it ends with `Unwatch` or with the sink's actor. `batch_seconds` allows the
    server to hold changes back so long and send them in one message, those of one object as one
    (kube-proxy's minimum sync period); with `can_wait` only updates for which `can_wait(old, new)` is
    true are held back, and any other change brings them along. Errors: Expired when `since` was compacted.
    """

    resource: Resource
    sink: Ref[Any]
    token: str
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""
    since: int | None = None
    batch_seconds: float = 0.0
    can_wait: CanWait | None = None
    identity: Identity = ADMIN


class Unwatch(Struct, frozen=True):
    """End the watch that (`sink`, `token`) names."""

    sink: Ref[Any]
    token: str


# --- writing -------------------------------------------------------------------------------


class Create(Request[Any], frozen=True, gc=True, kw_only=True):
    """Create an object, or post to a subresource of `name` (`binding`, `eviction`).

    Answers the object as stored. Errors: AlreadyExists, Invalid, NotFound (the namespace), ...
    Who asks for a token with a `promise` is answered a TokenRequest, or a TokenPromise.
    """

    resource: Resource
    object: Any
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    dry_run: bool = False
    field_manager: str = ""
    identity: Identity = ADMIN
    warn: Warn | None = None
    annotate: Annotate | None = None
    options: Mapping[str, str] | None = None  # the client's own, which webhooks are shown
    bulky: bool = False  # it came in a large body: its steps are taken in turns with others'
    document: Any = None  # from which the object was read: of empty values the object does not tell
    promise: bool = False


class TokenPromise:
    """A token that has been granted, and is signed when somebody reads it: that takes longer than all else of it.

    `ends` is when it expires, as the API writes times; empty: never.
    """

    def __init__(self, ends: str, sign: Callable[[], str]) -> None:
        self.ends = ends
        self._sign = sign

    @cached_property
    def text(self) -> str:
        """The token."""
        return self._sign()


class Update(Request[Any], frozen=True, gc=True, kw_only=True):
    """Replace an object, or only what a subresource owns (`status`, `scale`).

    A non-empty `metadata.resourceVersion` must be the present one, else Conflict; an empty one
    writes over whatever is there (where the resource allows it, as in Kubernetes).
    """

    resource: Resource
    object: Any
    name: str
    namespace: str = ""
    subresource: str = ""
    dry_run: bool = False
    field_manager: str = ""
    identity: Identity = ADMIN
    warn: Warn | None = None
    annotate: Annotate | None = None
    options: Mapping[str, str] | None = None  # the client's own, which webhooks are shown
    bulky: bool = False  # it came in a large body: its steps are taken in turns with others'
    document: Any = None  # from which the object was read: of empty values the object does not tell


class Patch(Request[Any], frozen=True, gc=True, kw_only=True):
    """Change an object by a patch (`body`: the decoded JSON document), atomically.

    A patch of type "apply" is what `field_manager` wants of the object; `force` takes the fields that
    others own. `repeated`: the paths of fields that stand twice in the text of the patch.
    """

    resource: Resource
    name: str
    patch_type: PatchType
    body: Any
    namespace: str = ""
    subresource: str = ""
    dry_run: bool = False
    field_manager: str = ""
    force: bool = False
    field_validation: Literal["", "Ignore", "Warn", "Strict"] = ""
    repeated: tuple[str, ...] = ()
    identity: Identity = ADMIN
    warn: Warn | None = None
    annotate: Annotate | None = None
    options: Mapping[str, str] | None = None  # the client's own, which webhooks are shown
    bulky: bool = False  # it came in a large body: its steps are taken in turns with others'


class Delete(Request[Deleted], frozen=True, gc=True, kw_only=True):
    """Delete an object. Preconditions (`uid`, `resource_version`) that do not hold answer Conflict.

    `collected`: it was asked for with others, and not by its name.
    """

    resource: Resource
    name: str
    namespace: str = ""
    grace_period_seconds: int | None = None
    propagation_policy: PropagationPolicy = ""
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False
    collected: bool = False
    identity: Identity = ADMIN
    warn: Warn | None = None
    annotate: Annotate | None = None


class DeleteCollection(Request[Page], frozen=True, gc=True, kw_only=True):
    """Delete every object that the selectors match; answers what was deleted."""

    resource: Resource
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""
    grace_period_seconds: int | None = None
    propagation_policy: PropagationPolicy = ""
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False
    identity: Identity = ADMIN
    warn: Warn | None = None
    annotate: Annotate | None = None


class AdmitConnection(Request[None], frozen=True, gc=True, kw_only=True):
    """Ask admission whether a client may connect to a part of an object (`exec`, `attach`).

    `object` are the connection's options. Errors: what admission refuses with.
    """

    resource: Resource
    object: Any
    name: str
    namespace: str = ""
    subresource: str = ""
    dry_run: bool = False
    identity: Identity = ADMIN
    warn: Warn | None = None
    annotate: Annotate | None = None


class GetElsewhere(Request[Mapping[str, Any] | None], frozen=True, gc=False, kw_only=True):
    """Answer a document of a group that another server serves, behind an APIService; None if none serves it.

    It is asked for in the version that the cluster prefers of `versions`. Errors: Forbidden, what the server
    answers, ServiceUnavailable with `UNABLE` if it cannot be reached.
    """

    group: str
    versions: tuple[str, ...]
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    query: Mapping[str, str] = {}
    identity: Identity = ADMIN

    def path(self, version: str) -> str:
        """Where the document is in a version."""
        parts = ["apis", self.group, version]
        if self.namespace:
            parts += ["namespaces", self.namespace]
        parts += [each for each in (self.resource, self.name, self.subresource) if each]
        return "".join(f"/{quote(part, safe='*')}" for part in parts)


UNABLE: Final = "the server is currently unable to handle the request"
"""What a server says of another that cannot be reached."""

ApiMessage: TypeAlias = (
    Get
    | List
    | Watch
    | Unwatch
    | Create
    | Update
    | Patch
    | Delete
    | DeleteCollection
    | AdmitConnection
    | GetElsewhere
)
ApiRef: TypeAlias = Ref[ApiMessage]
VERBS: Final[Mapping[type[Any], str]] = {
    Get: "get",
    List: "list",
    Watch: "watch",
    Create: "create",
    Update: "update",
    Patch: "patch",
    Delete: "delete",
    DeleteCollection: "deletecollection",
}
"""What Kubernetes calls each kind of request."""
