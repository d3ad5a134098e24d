"""What is kept for a while only: Events, an hour after their last change or as long as one says; past states, five minutes.

Kubernetes leaves the first to etcd's leases, and has etcd forget the second every five minutes. Here the server
looks once a minute for what is due, so that an Event may be there for a minute more.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from orchestrator.store import Change, Key

EVENTS: Final = "events"
EVENT_SECONDS: Final = 3600.0
STATE_SECONDS: Final = 300.0


class Expiry:
    """When each object of one bucket is due, in the order in which they are.

    All have the same time to live, so the order of the last changes is the order of the ends: a
    dictionary that changed entries leave and enter again at its end.
    """

    __slots__ = ("_due", "_seconds")

    def __init__(self, stored: Iterable[Any], now: float, seconds: float = EVENT_SECONDS) -> None:
        self._seconds = seconds
        self._due: dict[tuple[str, str], float] = {}
        for each in stored:
            self._due[each.metadata.namespace, each.metadata.name] = now + seconds

    def observe(self, change: Change, now: float) -> None:
        """Follow a committed change."""
        metadata = change.object.metadata
        key = metadata.namespace, metadata.name
        self._due.pop(key, None)
        if change.type != "DELETED":
            self._due[key] = now + self._seconds

    def due(self, now: float) -> list[Key]:
        """The keys whose time is over; each is answered until its deletion is observed."""
        found = []
        for key, end in self._due.items():
            if end > now:
                break
            found.append(Key(*key))
        return found


class PastStates:
    """Since which revision a state is young enough to be listed, by what is noted now and then."""

    __slots__ = ("_noted", "_seconds", "oldest")

    def __init__(self, seconds: float = STATE_SECONDS) -> None:
        self.oldest = 0
        self._seconds = seconds
        self._noted: deque[tuple[float, int]] = deque()

    def note(self, now: float, revision: int) -> None:
        """This is the present revision."""
        self._noted.append((now, revision))
        while self._noted[0][0] <= now - self._seconds:
            self.oldest = self._noted.popleft()[1]
