"""What lists have read of the store, for the metrics."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from orchestrator.apiserver.telemetry.families import Series, split_bucket

_LABELS: Final = ("group", "resource")
_PREFIX: Final = "apiserver_storage_list_"


class ListCounts:
    """Counts of lists, by the bucket of what they list."""

    def __init__(self) -> None:
        self._lists: dict[str, list[int]] = {}

    def listed(self, bucket: str, looked_at: int, returned: int) -> None:
        """A list has looked at so many objects, and answered so many of them."""
        counts = self._lists.get(bucket)
        if counts is None:
            counts = self._lists[bucket] = [0, 0, 0]
        counts[0] += 1
        counts[1] += looked_at
        counts[2] += returned

    def families(self) -> Iterator[Series]:
        """All that there is to tell. What is looked at is fetched, since the store holds objects as they are."""
        named = (("total", 0), ("fetched_objects_total", 1), ("evaluated_objects_total", 1))
        for name, place in (*named, ("returned_objects_total", 2)):
            series = Series(_PREFIX + name, "Lists of the store.", _LABELS)
            for bucket, counts in self._lists.items():
                series.set(counts[place], *split_bucket(bucket))
            yield series


class Looked:
    """Objects that a list looks at, counted as they are."""

    def __init__(self) -> None:
        self.count = 0

    def at(self, objects: Iterable[Any]) -> Iterable[Any]:
        """The objects."""
        if isinstance(objects, Sequence):
            self.count += len(objects)
            return objects
        return self._each(objects)

    def _each(self, objects: Iterable[Any]) -> Iterator[Any]:
        for each in objects:
            self.count += 1
            yield each
