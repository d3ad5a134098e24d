"""Owners that an object names twice are written once, and its writer is told."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.protocol import Patch

_WARNING: Final = (
    ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in "
    "1.20+, and may reject such requests as early as 1.24; please fix your requests; "
    "duplicate UID(s) observed: {uids}"
)


def with_owners_once(new: Any, message: Any) -> Any:
    """The object of a write without the equals of owners that it names before.

    Kubernetes looks at what a patch makes only after admission, and says so.
    """
    owners = new.metadata.owner_references
    if len(owners) < 2 or len(set(owners)) == len(owners):
        return new
    once = tuple(dict.fromkeys(owners))
    again = [each.uid for i, each in enumerate(owners) if each in owners[:i]]
    if message.warn is not None:
        when = " after mutating admission happens" if type(message) is Patch else ""
        message.warn(_WARNING.format(when=when, uids=", ".join(again)))
    return replace(new, metadata=replace(new.metadata, owner_references=once))
