"""What of an object's metadata a change has touched."""

from typing import Any


def same_metadata(old: Any, new: Any) -> bool:
    """Whether the metadata are the same but for the revision, as far as identity tells."""
    before, after = old.metadata, new.metadata
    return (
        before.labels is after.labels
        and before.annotations is after.annotations
        and before.owner_references is after.owner_references
        and before.finalizers is after.finalizers
        and before.deletion_timestamp is after.deletion_timestamp
        and before.uid == after.uid
    )
