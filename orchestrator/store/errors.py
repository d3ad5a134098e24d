"""What a store refuses.

StoreError
├── Compacted      the history asked for is gone: read the present state again
├── FutureRevision the revision asked for has not happened yet: ask again later
└── NotNew         what is to lie in a new store comes too late: write it like anything else
"""


class StoreError(Exception):
    """Anything that a store refuses."""


class Compacted(StoreError):
    """`revision` lies before `floor`, the oldest revision from which history is complete."""

    def __init__(self, revision: int, floor: int) -> None:
        super().__init__(f"revision {revision} is compacted; history begins after {floor}")
        self.revision = revision
        self.floor = floor


class FutureRevision(StoreError):
    """`revision` lies after `present`, the last one committed."""

    def __init__(self, revision: int, present: int) -> None:
        super().__init__(f"revision {revision} is in the future; the present one is {present}")
        self.revision = revision
        self.present = present


class NotNew(StoreError):
    """The store is at `revision`, not the first one, or `bucket` has objects already."""

    def __init__(self, bucket: str, revision: int) -> None:
        super().__init__(f"the store is not new: it is at revision {revision}, or has {bucket}")
        self.bucket = bucket
        self.revision = revision
