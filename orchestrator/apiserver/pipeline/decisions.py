"""What becomes of a request: a value to answer, or a write and what to answer after it."""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct

from orchestrator.store import Change, Write


def stored_object(change: Change) -> Any:
    """The answer to most writes: the object as it was stored."""
    return change.object


class Commit(Struct, frozen=True):
    """Write this, and answer what `reply` makes of the change.

    `reply` may answer a further decision: an eviction books the budget, then deletes the pod.
    """

    write: Write
    reply: Callable[[Change], Any] = stored_object


Decision: TypeAlias = Commit | Any
"""A `Commit`, or the answer itself."""
