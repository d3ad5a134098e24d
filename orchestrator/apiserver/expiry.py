"""Objects that are kept for a while only: Events, an hour after their last change.

Kubernetes leaves this to etcd's leases. Here the server looks once a minute for what is due; an
hour is a promise of "about an hour".
"""

from collections.abc import Iterable
from typing import Any, Final

from orchestrator.store import Change, Key

EVENTS: Final = "events"
EVENT_SECONDS: Final = 3600.0


class Expiry:
    """When each object of one bucket is due, in the order in which they are.

    All have the same time to live, so the order of the last changes is the order of the ends: a
    dictionary that changed entries leave and enter again at its end.
    """

    __slots__ = ("_due", "_seconds")

    def __init__(self, stored: Iterable[Any], now: float, seconds: float = EVENT_SECONDS) -> None:
        self._seconds = seconds
        self._due: dict[Key, float] = {}
        for each in stored:
            self._due[Key(each.metadata.namespace, each.metadata.name)] = now + seconds

    def observe(self, change: Change, now: float) -> None:
        """Follow a committed change."""
        metadata = change.object.metadata
        key = Key(metadata.namespace, metadata.name)
        self._due.pop(key, None)
        if change.type != "DELETED":
            self._due[key] = now + self._seconds

    def due(self, now: float) -> list[Key]:
        """The keys whose time is over; each is answered until its deletion is observed."""
        found = []
        for key, end in self._due.items():
            if end > now:
                break
            found.append(key)
        return found
