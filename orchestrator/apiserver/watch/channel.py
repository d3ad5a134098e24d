"""A channel: all the watchers that see the same events, and the events they wait for."""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from actors import Ref, Timer
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.selection import Selection
from orchestrator.machinery.metadata import same_metadata
from orchestrator.protocol import Event
from orchestrator.store import Change

Convert: TypeAlias = Callable[[Any], Any]


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
    lazy: bool = False


class Channel:
    """Counts its messages; collects events between two of them.

    `tokens` are the watchers: a sink takes part once, so a message reaches it once.
    """

    __slots__ = (
        "convert",
        "events",
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
        self.events: list[Event] = []
        self.tokens: dict[Ref[Any], str] = {}
        self.timer: Timer | None = None
        self.quiet = True  # nothing was sent since the last round of bookmarks

    def collect(self, change: Change) -> bool:
        """Keep what the watchers see of a change; True if it may have to be sent earlier than what
        is kept: it is the first event, or others of this channel can wait longer.
        """
        event = self.event_of(change)
        if event is None:
            return False
        self.events.append(event)
        return len(self.events) == 1 or self.key.lazy

    def delay(self) -> float:
        """How many seconds the newest event may wait."""
        key = self.key
        if key.lazy:
            event = self.events[-1]
            if event.type != "MODIFIED" or not same_metadata(event.previous, event.object):
                return 0.0
        return key.batch_seconds

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
