"""The recent changes of one bucket: what watches replay and old pages are made from."""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from orchestrator.store.errors import Compacted
from orchestrator.store.interface import Change, Key


class History:
    """At most `limit` changes; those that had to go raise the `floor`.

    History is complete for every revision from `floor` on: all changes after it are here.
    """

    __slots__ = ("_changes", "_limit", "floor")

    def __init__(self, limit: int, floor: int) -> None:
        self._changes: deque[Change] = deque()
        self._limit = limit
        self.floor = floor

    def __len__(self) -> int:
        return len(self._changes)

    def append(self, change: Change) -> None:
        """Remember the newest change."""
        changes = self._changes
        changes.append(change)
        if len(changes) > self._limit:
            self.floor = changes.popleft().revision

    def since(self, revision: int) -> list[Change]:
        """The changes after `revision`, oldest first; costs their number. Raises Compacted."""
        if revision < self.floor:
            raise Compacted(revision, self.floor)
        found = list(takewhile(lambda change: change.revision > revision, reversed(self._changes)))
        found.reverse()
        return found

    def undo(self, revision: int) -> Mapping[Key, Any]:
        """What lay at `revision` under every key that changed since (None: nothing).

        Raises Compacted.
        """
        before: dict[Key, Any] = {}
        for change in self.since(revision):
            metadata = change.object.metadata
            before.setdefault(Key(metadata.namespace, metadata.name), change.previous)
        return before

    def compact(self, revision: int) -> None:
        """Forget the changes up to `revision`."""
        changes = self._changes
        while changes and changes[0].revision <= revision:
            changes.popleft()
        self.floor = max(self.floor, revision)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)
