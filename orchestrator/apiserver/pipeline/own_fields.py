"""Who owns which field: each write leaves a ledger in `metadata.managedFields`.

A write owns what its client says, not what admission, defaults of other objects and allocation make
of that; so this step comes before theirs, as in Kubernetes. The ledger is worked out by its first
reader, with the defaults that the kind has.
"""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.claims import claimed
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.pipeline.write_path import WritePath
from orchestrator.machinery.managed_fields.ledger import TIMELESS, Ledger
from orchestrator.machinery.memo import remembered
from orchestrator.protocol import Update

# Deeds of the server's own, whoever asks for them: nobody owns a pod's node.
_UNTRACKED: Final = ("binding", "eviction")
_EMBEDDING: Final = "orchestrator"


def own_fields(course: Course) -> tuple[Step, ...]:
    """Note who writes, and what. An apply knows its owners already."""
    if course.action == "apply" or course.subresource in _UNTRACKED:
        return ()
    path = WritePath(course.served, course.scheme, course.subresource)
    if course.action == "create":
        is_whole = course.subresource in ("", "status")
        return (_creating(path, course.served),) if is_whole else ()
    if course.subresource == "status" and not course.served.kind.custom:
        return (_reporting(path),)
    return (_changing(path, course.served),)


def _creating(path: WritePath, served: Served) -> Step:
    as_sent = served.to_stored is None  # objects are stored in the version in which they come
    as_owned = served.strategy.as_owned

    def step(env: Environment, draft: Draft) -> None:
        sent = draft.message.object
        # A controller stamps many objects from one; then they share what is worked out, too.
        new = as_owned(sent if as_sent else draft.new)
        before = claimed(sent.metadata.managed_fields, ())
        draft.owners = Ledger(before, path, manager_of(draft.message), env.now(), None, new)

    return step


def _changing(path: WritePath, served: Served) -> Step:
    # A Scale brings no entries of its own, and the original stamps no time.
    scale = path.subresource == "scale"
    as_owned = served.strategy.as_owned

    def step(env: Environment, draft: Draft) -> None:
        new, old = as_owned(draft.new), draft.old
        before = new.metadata.managed_fields
        if old.metadata.deletion_timestamp is not None and type(draft.message) is Update:
            new = _as_ending(new, draft.message.object)
        if type(before) is Ledger or before:
            now = TIMELESS if scale else env.now()
            who, said = manager_of(draft.message), draft.document
            draft.owners = Ledger(before, path, who, now, old, new, said=said)
            draft.said = new

    return step


def _as_ending(new: Any, sent: Any) -> Any:
    """What ends keeps its end; whoever leaves it out of a new state takes it from those who own it."""
    if sent.metadata.deletion_timestamp is not None:
        return new
    metadata = replace(new.metadata, deletion_timestamp=None, deletion_grace_period_seconds=None)
    return replace(new, metadata=metadata)


def _reporting(path: WritePath) -> Step:
    """The same for a write of a status, which mostly changes nothing but that."""

    def step(env: Environment, draft: Draft) -> None:
        who = manager_of(draft.message)
        said = draft.document
        draft.owners = reported(path, who, env.now(), draft.old, draft.new, said)

    return step


def reported(
    path: WritePath, who: str, now: float, old: Any, new: Any, said: Any = None
) -> Ledger | None:
    """The owners after a write of a status by `who` at `now`; None if nobody owns anything of the object.

    `said` is the document of a client who wrote it.
    """
    before: Any = old.metadata.managed_fields
    if type(before) is not Ledger:
        return Ledger(before, path, who, now, old, new, said=said) if before else None
    if said is not None:
        return Ledger(before, path, who, now, old, new, said=said)
    if new.metadata is old.metadata or _same_metadata(new.metadata, old.metadata):
        return before.after_status(path, who, now, old.status, new.status)
    return Ledger(before, path, who, now, old, new)


def _same_metadata(new: Any, old: Any) -> bool:
    """Whether nothing in the metadata changes that somebody could own."""
    return bool(
        (new.labels is old.labels or new.labels == old.labels)
        and (new.annotations is old.annotations or new.annotations == old.annotations)
        and new.finalizers == old.finalizers
        and new.owner_references == old.owner_references
    )


def manager_of(message: Any) -> str:
    """Who writes: the message's field manager, else the component that sent it."""
    return message.field_manager or _component(message.identity.name)


@remembered(65536)
def _component(user: str) -> str:
    if user.startswith("system:node:"):
        return "kubelet"
    if user == "system:admin":
        return _EMBEDDING
    return user.rpartition(":")[2]
