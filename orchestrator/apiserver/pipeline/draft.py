"""A write on its way: what the steps work on, and what a step can answer.

A step is a function of the surroundings and a draft. It reads through `Environment` and changes
nothing but the draft, so a write that another writer overtook is simply drafted again. A step
answers None to let the next one go on. It answers a `Commit` or a `Wait` to have something done
first, and any other value ends the request with that value as its answer.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from msgspec import Struct

from orchestrator.apiserver.admission.interface import AdmissionRequest, Wait
from orchestrator.apiserver.environment import Environment
from orchestrator.store import Change, Write

__all__ = [
    "Commit",
    "Decision",
    "Draft",
    "Effect",
    "Instead",
    "Overtaken",
    "Step",
    "Wait",
    "draft_of",
    "stored_object",
]

Effect: TypeAlias = Callable[[], Awaitable[Any]]


class Draft(Struct, eq=False):
    """What one pass of the steps knows of its write so far.

    `old` is the stored object (None for a create), `new` what is to be stored; `stored` is the stored
    object while a webhook's conversion of it is the old one. While a subresource
    that is an object of another kind is looked at (a Scale, a Binding), `new` is that one.
    `name` and `namespace` are those of the stored object. `gone`: the write removes the object.
    `document` is what `new` was read from, where a client sent or patched it.
    `request` is the write as admission plugins see it, once one of them has been asked.
    `owners` is what `metadata.managedFields` become if the object changes (None: what they are), or
    even if it does not, when `owners_changed`. `said` is what was written as its owner's, before the kind
    took away what is not kept: whoever says only that owns it, though no other field changes.
    """

    message: Any
    name: str
    namespace: str
    document: Any = None
    new: Any = None
    old: Any = None
    stored: Any = None
    gone: bool = False
    request: AdmissionRequest | None = None
    owners: Any = None
    said: Any = None
    owners_changed: bool = False


def draft_of(message: Any) -> Draft:
    """The draft with which the answer to a message begins."""
    document = getattr(message, "document", None)
    return Draft(message, message.name, message.namespace, document)


def stored_object(change: Change) -> Any:
    """The answer to most writes: the object as it was stored."""
    return change.object


class Commit(Write, frozen=True, gc=True, kw_only=True):
    """A write to be done; `reply` makes the answer of the change.

    Without `reply` the next step goes on: an eviction books the budget, then deletes the pod. What
    was written so stays, and only the steps after it are repeated when another writer is faster.
    """

    reply: Callable[[Change], Any] | None = stored_object


class Instead(Struct, frozen=True):
    """Answer another message by other steps: an update that creates."""

    message: Any
    steps: "tuple[Step, ...]"


class Overtaken(Exception):
    """While the draft waited, somebody else took what it was given: draft it again."""


Decision: TypeAlias = Commit | Wait | Instead | Any
"""What a step answers; None when the next step is to go on."""
Step: TypeAlias = Callable[[Environment, Draft], Decision]
