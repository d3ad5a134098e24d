"""How many seats a request takes: one, but for lists, whose work grows with what they look through."""

from math import ceil
from typing import Final

from orchestrator.apiserver.http.parameters import Query
from orchestrator.machinery.digits import whole

OBJECTS_PER_SEAT: Final = 100
_MOST: Final = 10


def seats_of(verb: str, query: Query, stored: int, nominal: int) -> int:
    """The seats of a request for a resource of which `stored` objects are there.

    `nominal`: the seats of its level, of which one request takes a seventh at most.
    """
    if verb not in ("list", "watch"):
        return 1
    if verb == "watch" and not _begins_with_all(query):
        return 1
    if "metadata.name=" in query.get("fieldSelector", ""):
        return 1
    most = max(1, min(_MOST, ceil(nominal * 0.15)))
    return max(1, min(most, ceil(_looked_at(query, stored) / OBJECTS_PER_SEAT)))


def _begins_with_all(query: Query) -> bool:
    return query.get("resourceVersion", "") in ("", "0") or query.get("sendInitialEvents") == "true"


def _looked_at(query: Query, stored: int) -> int:
    limit = query.get("limit", "")
    if limit.isascii() and limit.isdecimal() and whole(limit) and not query.get("labelSelector"):
        return min(2 * whole(limit), stored)
    return stored
