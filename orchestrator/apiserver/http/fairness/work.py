"""How much a request is supposed to do: seats while it is served, and after that for what others hear of it.

Lists take seats by the bytes that they hold in memory at once, writes by the watches that want to know of them.
"""

from collections import Counter
from math import ceil
from typing import Final

from msgspec import Struct

from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.parameters import Query
from orchestrator.machinery.digits import whole

BYTES_PER_SEAT: Final = 100_000
WATCHES_PER_SEAT: Final = 10
# What is listed piece by piece is never in memory as a whole.
_MOST_BYTES: Final = 1_000_000
_LARGEST_OBJECT: Final = 1_500_000  # bytes of one of which nobody knows the size
_MOST_OF_LISTS: Final = 100
_MOST_OF_WRITES: Final = 10
_EVENT_SECONDS: Final = 0.005  # that an event keeps a seat busy


class Work(Struct, frozen=True):
    """`seats` while a request is served, and `final` ones for `seconds` more."""

    seats: int = 1
    final: int = 0
    seconds: float = 0.0

    @property
    def most(self) -> int:
        """The seats that it needs at once."""
        seats, final = self.seats, self.final
        return seats if seats > final else final


ONE: Final = Work()


def work_of_list(verb: str, query: Query, stored: int, size: float, nominal: int) -> Work:
    """The work of a list, or a watch, of a resource of which `stored` objects are there.

    `size`: how many bytes one of them has on average, 0 while nobody knows. `nominal`: the seats of its level, of
    which one request takes a seventh at most.
    """
    if verb == "watch" and not _begins_with_all(query):
        return ONE
    if "metadata.name=" in query.get("fieldSelector", ""):
        held = 1
    else:
        limit = query.get("limit", "")
        bounded = limit.isascii() and limit.isdecimal() and whole(limit)
        held = min(whole(limit), stored) if bounded else stored
    used = min(held * (size or _LARGEST_OBJECT), _MOST_BYTES)
    return Work(max(1, min(_most(nominal, _MOST_OF_LISTS), ceil(used / BYTES_PER_SEAT))))


def work_of_write(watches: int, nominal: int) -> Work:
    """The work of a write of which so many watches want to hear."""
    if watches < WATCHES_PER_SEAT:
        return ONE
    wide = ceil(watches / WATCHES_PER_SEAT)
    final = min(wide, _most(nominal, _MOST_OF_WRITES))
    return Work(1, final, wide * _EVENT_SECONDS / final)


def _most(nominal: int, most: int) -> int:
    return max(1, min(most, ceil(nominal * 0.15)))


def _begins_with_all(query: Query) -> bool:
    return query.get("resourceVersion", "") in ("", "0") or query.get("sendInitialEvents") == "true"


class Watches:
    """How many watches there are, by what they watch."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, str]] = Counter()

    def begun(self, asked: Attributes, name: str) -> None:
        """A watch has begun, of all objects or (`name`) of one."""
        self._counts[asked.group, asked.resource, asked.namespace, name] += 1

    def ended(self, asked: Attributes, name: str) -> None:
        """It has ended."""
        key = (asked.group, asked.resource, asked.namespace, name)
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]

    def interested(self, asked: Attributes) -> int:
        """How many want to hear of a write. A watch counts for what it watches, whatever it selects."""
        counts = self._counts
        if not counts or (asked.resource == "serviceaccounts" and asked.subresource == "token"):
            return 0
        group, resource, namespace, name = asked.group, asked.resource, asked.namespace, asked.name
        found = counts.get((group, resource, "", ""), 0)
        if namespace:
            found += counts.get((group, resource, namespace, ""), 0)
        if name:
            found += counts.get((group, resource, namespace, name), 0)
        return found
