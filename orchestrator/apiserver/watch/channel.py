"""A channel: all the watchers that see the same events, and the events they wait for."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from actors import Ref, Timer
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.selection import Selection
from orchestrator.protocol import CanWait, Event
from orchestrator.store import Change

Convert: TypeAlias = Callable[[Any], Any]
MANY: Final = 1_000  # events that are sent at once, whoever could wait: a message must stay handy


class ChannelKey(Struct, frozen=True):
    """What watchers must have in common to share a channel.

    `bucket` is where the changes happen; `resource` the version that the watchers see.
    """

    bucket: str
    resource: Resource
    namespace: str
    label_selector: str
    field_selector: str
    batch_seconds: float
    can_wait: CanWait | None = None


class Channel:
    """Counts its messages; collects events between two of them.

    `tokens` are the watchers: a sink takes part once, so a message reaches it once.
    """

    __slots__ = (
        "_batched",
        "_events",
        "_newest",
        "_sees_all",
        "convert",
        "due",
        "id",
        "key",
        "quiet",
        "selection",
        "sequence",
        "timer",
        "tokens",
    )

    def __init__(
        self, channel_id: int, key: ChannelKey, selection: Selection, convert: Convert | None
    ) -> None:
        self.id = channel_id
        self.key = key
        self.selection = selection
        self.convert = convert  # from the stored version to the watched one; None: the same
        self.sequence = 1  # of the last message; a private replay may take the one before
        self.tokens: dict[Ref[Any], str] = {}
        self.timer: Timer | None = None
        self.due = False  # what waits is sent at the next flush
        self.quiet = True  # nothing was sent since the last round of bookmarks
        self._batched = key.batch_seconds > 0.0
        self._sees_all = not key.namespace and convert is None and selection.matches is None
        self._events: dict[Any, Event] = {}  # by revision, or by uid where those of one are merged
        self._newest: Event

    @property
    def waiting(self) -> bool:
        """Whether there are events to be sent."""
        return bool(self._events)

    def collect(self, change: Change) -> bool:
        """Keep what the watchers see of a change; True if it may have to be sent earlier than what
        is kept: it is the first event, others of this channel can wait longer, or there are many.
        """
        event = change if self._sees_all else self.event_of(change)
        if event is None:
            return False
        events = self._events
        if not self._batched:
            events[event.revision] = event
            return len(events) == 1
        uid = event.object.metadata.uid
        earlier = events.pop(uid, None)
        if earlier is not None:
            merged = together(earlier, event)
            if merged is None:
                return False
            event = merged
        events[uid] = self._newest = event
        if self.due:
            return False
        return len(events) == 1 or self.key.can_wait is not None or len(events) >= MANY

    def delay(self) -> float:
        """How many seconds the newest event may wait."""
        key = self.key
        if not self._batched or len(self._events) >= MANY:
            return 0.0
        if key.can_wait is not None:
            event = self._newest
            if event.type != "MODIFIED" or not key.can_wait(event.previous, event.object):
                return 0.0
        return key.batch_seconds

    def take(self) -> tuple[Event, ...]:
        """The events to be sent, in the order of their revisions; they wait no more."""
        events = tuple(self._events.values())
        self._events.clear()
        self.due = False
        return events

    def event_of(self, change: Change) -> Event | None:
        """What the watchers see of a change; None: nothing.

        An object that begins to match is ADDED for them, one that ceases to is DELETED with the
        state that matched last.
        """
        namespace = self.key.namespace
        if namespace and change.object.metadata.namespace != namespace:
            return None
        seen: Event = change if self.convert is None else converted(change, self.convert)
        matches = self.selection.matches
        if matches is None:
            return seen
        before = seen.previous is not None and matches(seen.previous)
        if seen.type != "DELETED" and matches(seen.object):
            return seen if before or seen.previous is None else begun(seen)
        if not before:
            return None
        return seen if seen.type == "DELETED" else ceased(seen)


def together(earlier: Event, later: Event) -> Event | None:
    """Two events of one object as one; None: whoever heard of neither has missed nothing."""
    if later.type == "DELETED":
        if earlier.type == "ADDED":
            return None
        return Event("DELETED", later.object, earlier.previous, later.revision)
    if earlier.type == "DELETED":  # it ceased to match, and matches again
        return Event("MODIFIED", later.object, earlier.previous, later.revision)
    return Event(earlier.type, later.object, earlier.previous, later.revision)


def begun(change: Event) -> Event:
    """The object matches now, and did not before."""
    return Event("ADDED", change.object, None, change.revision)


def ceased(change: Event) -> Event:
    """The object matched before, and does not any more: its old state, at the new revision."""
    old = change.previous
    metadata = replace(old.metadata, resource_version=str(change.revision))
    return Event("DELETED", replace(old, metadata=metadata), old, change.revision)


def converted(event: Event, convert: Convert) -> Event:
    """The event with its objects in another version."""
    previous = None if event.previous is None else convert(event.previous)
    return Event(event.type, convert(event.object), previous, event.revision)
