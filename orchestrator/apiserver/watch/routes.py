"""Which channels a change may concern, found without asking all of them.

A thousand kubelets watch pods, each those of its node; a change of one pod concerns one of them.
So a channel whose selector fixes an indexed field (`spec.nodeName`, `metadata.name`) is filed under
that value, another one under its namespace, and only channels without both see every change.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias

from orchestrator.apiserver.watch.channel import Channel
from orchestrator.machinery import fields
from orchestrator.store import Change

Channels: TypeAlias = tuple[Channel, ...]

# In the order of preference: the first one that a selector fixes files the channel.
INDEXED_FIELDS: Final = ("spec.nodeName", "metadata.name")


class FieldIndex:
    """The channels whose selector fixes one field, by the value that they want."""

    __slots__ = ("_part", "_read", "by_value", "field")

    def __init__(self, field: str, read: Callable[[Any], str]) -> None:
        self.field = field
        self._part = attrgetter(field.partition(".")[0])
        self._read = read
        self.by_value: dict[str, Channels] = {}

    def concerned(self, change: Change) -> Channels:
        """The channels of the new value, and of the old one if it differs."""
        obj, previous = change.object, change.previous
        new = self._read(obj)
        found = self.by_value.get(new, ())
        if (
            previous is not None
            and self._part(previous) is not self._part(obj)  # most are of the status alone
            and (old := self._read(previous)) != new
        ):
            found += self.by_value.get(old, ())
        return found


class Routes:
    """The channels of one bucket."""

    __slots__ = ("_by_namespace", "_everywhere", "_indexes", "received", "told")

    def __init__(self, bucket: str) -> None:
        self.received = 0  # changes that came by
        self.told = 0  # events, once a watcher
        self._everywhere: Channels = ()
        self._by_namespace: dict[str, Channels] = {}
        readers = fields.supported(bucket)
        self._indexes = [FieldIndex(f, readers[f]) for f in INDEXED_FIELDS if f in readers]

    def concerned(self, change: Change) -> Channels:
        """The channels that may see something of the change, in a fixed order."""
        found = self._everywhere
        if self._by_namespace:
            found += self._by_namespace.get(change.object.metadata.namespace or "", ())
        for index in self._indexes:
            if index.by_value:
                found += index.concerned(change)
        return found

    def add(self, channel: Channel) -> None:
        """File a channel."""
        table, key = self._place(channel)
        if table is None:
            self._everywhere += (channel,)
        else:
            table[key] = (*table.get(key, ()), channel)

    def remove(self, channel: Channel) -> None:
        """Take a channel out."""
        table, key = self._place(channel)
        if table is None:
            self._everywhere = _without(self._everywhere, channel)
        elif rest := _without(table[key], channel):
            table[key] = rest
        else:
            del table[key]

    def _place(self, channel: Channel) -> tuple[dict[str, Channels] | None, str]:
        for index in self._indexes:
            value = channel.selection.fixed(index.field)
            if value is not None:
                return index.by_value, value
        if channel.key.namespace:
            return self._by_namespace, channel.key.namespace
        return None, ""


def _without(channels: Channels, channel: Channel) -> Channels:
    return tuple(each for each in channels if each is not channel)
