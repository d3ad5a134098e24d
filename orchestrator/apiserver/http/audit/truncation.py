"""Events that are too large for their backend: cut, or left out; and batches that are, which are divided.

Sizes are those of events as JSON.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.apiserver.http.audit.backends import Backend, Event, NotKept, not_kept

_CUT: Final = {"audit.k8s.io/truncated": "true"}
_OBJECTS: Final = ("requestObject", "responseObject")
# Logs of metadata alone have nothing to cut.
_SHORT: Final = "Metadata"


class Truncation(Struct, frozen=True):
    """The most bytes of an event, and of a batch."""

    event: int = 102_400
    batch: int = 10_485_760


class Truncated:
    """A backend before another one. What is too large even without its objects is counted as lost."""

    name = "truncate"

    def __init__(self, backend: Backend, truncation: Truncation, lost: "Counter[str]") -> None:
        self._backend = backend
        self._truncation = truncation
        self._lost = lost

    async def keep(self, events: Sequence[Event], *, persistent: bool = True) -> None:
        """As `Backend`; all batches are tried before the first failure is told."""
        failed: NotKept | None = None
        for batch in self._batches(events):
            try:
                await self._backend.keep(batch, persistent=persistent)
            except NotKept as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def _batches(self, events: Sequence[Event]) -> list[list[Event]]:
        batches: list[list[Event]] = []
        room = 0
        for given in events:
            event, size = self._cut(given)
            if size > self._truncation.event:
                not_kept(self._lost, self.name, 1, "event is too large even after truncating")
                continue
            if size > room:
                batches.append([])
                room = self._truncation.batch
            room -= size
            batches[-1].append(event)
        return batches

    def _cut(self, event: Event) -> tuple[Event, int]:
        size = _size(event)
        if size <= self._truncation.event or event.get("level") == _SHORT:
            return event, size
        cut: dict[str, Any] = {key: value for key, value in event.items() if key not in _OBJECTS}
        cut["annotations"] = {**event.get("annotations", {}), **_CUT}
        return cut, _size(cut)


def _size(event: Event) -> int:
    return len(msgspec.json.encode(event)) + 1
