"""The hub: changes go in, messages for watchers come out.

Per change it costs a look-up and an append for each channel concerned; per flush one message is
built for each channel that has events, and offered to all its sinks. Nothing is sent from
`publish`, so that a slice of a hundred writes makes one message a channel.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from actors import Ref, Timer
from orchestrator.apiserver.kinds.versions import Unconverted
from orchestrator.apiserver.selection import Selection
from orchestrator.apiserver.telemetry.families import Series, split_bucket
from orchestrator.apiserver.watch.channel import Channel, ChannelKey, Convert
from orchestrator.apiserver.watch.routes import Routes
from orchestrator.apiserver.watch.watchers import Watchers
from orchestrator.protocol import ApiError, Expired, ServiceUnavailable, WatchClosed, WatchEvents
from orchestrator.store import Change

# Seconds between the attempts to tell a sink with a full mailbox that its watch has ended.
RETRY_SECONDS: Final = 1.0
_OUTDATED: Final = "The resourceVersion for the provided watch is too old."
_TOO_SLOW: Final = "the watcher did not keep up and was cut off; list and watch again"
_RESTARTED: Final = "the API server has restarted; list and watch again"
_STOPPING: Final = "the API server is shutting down"


class Surroundings(Protocol):
    """What the hub needs of its actor's context."""

    def watch(self, ref: Ref[Any]) -> None: ...
    def unwatch(self, ref: Ref[Any]) -> None: ...
    def call_after(self, seconds: float, function: Any, *args: Any) -> Timer: ...


class HubStatistics(Struct, frozen=True):
    """Counts since the incarnation began; `watches` and `channels` are of the present."""

    watches: int
    channels: int
    messages: int  # WatchEvents that were offered, one for each sink
    events: int  # events in messages, counted once a channel
    cut_off: int  # watchers that did not keep up


class Seat(Struct, frozen=True):
    """Where a new watcher sits: messages of `channel` after `sequence` are for it."""

    channel: int
    sequence: int


class WatchHub:
    """The channels of one incarnation of the API server."""

    def __init__(self, watchers: Watchers, around: Surroundings, revision: int) -> None:
        self._watchers = watchers
        self._around = around
        self._revision = revision
        self._routes: dict[str, Routes] = {}
        self._channels: dict[ChannelKey, list[Channel]] = {}
        self._due: list[Channel] = []  # channels to send at the next flush
        self._replays: list[tuple[Ref[Any], str, WatchEvents]] = []
        self._retry: Timer | None = None
        self._messages = self._events = self._cut_off = 0

    # --- changes ---------------------------------------------------------------------------

    def publish(self, change: Change) -> None:
        """Take in a committed change; changes come in the order of their revisions."""
        self._revision = change.revision
        routes = self._routes.get(change.bucket)
        if routes is None:
            return
        routes.received += 1
        for channel in routes.concerned(change):
            try:
                if channel.collect(change):
                    self._schedule(channel)
            except Unconverted:  # nobody knows the object in the version that is watched
                self._expire(channel)

    def _expire(self, channel: Channel) -> None:
        """End the channel's watches: who watches lists again."""
        for sink, token in list(channel.tokens.items()):
            self.leave(sink, token)
            self._close(sink, token, Expired(_OUTDATED))

    def _schedule(self, channel: Channel) -> None:
        """The channel has an event that may be due before what it has."""
        delay = channel.delay()
        if delay <= 0.0:
            channel.due = True
            self._due.append(channel)
        elif channel.timer is None:
            channel.timer = self._around.call_after(delay, self._ripe, channel)

    def _ripe(self, channel: Channel) -> None:
        channel.timer = None
        if channel.waiting:
            channel.due = True
            self._due.append(channel)

    def flush(self) -> None:
        """Send what is due: replays first, since they come before what their channels send."""
        if self._replays:
            self._send_replays()
        if self._due:
            due, self._due = self._due, []
            for channel in due:
                if channel.waiting:
                    self._send(channel)
                else:
                    channel.due = False

    def _send(self, channel: Channel) -> None:
        """One message to all watchers of the channel; without events it is a bookmark."""
        channel.sequence += 1
        channel.quiet = False
        events = channel.take()
        self._events += len(events)
        self._routes[channel.key.bucket].told += len(events) * len(channel.tokens)
        message = WatchEvents(channel.id, channel.sequence, self._revision, events)
        slow: list[tuple[Ref[Any], str]] | None = None
        for sink, token in channel.tokens.items():
            self._messages += 1
            if not sink.offer(message):
                slow = slow or []
                slow.append((sink, token))
        if slow is not None:
            for sink, token in slow:
                self._cut(sink, token)

    def _send_replays(self) -> None:
        replays, self._replays = self._replays, []
        for sink, token, message in replays:
            self._messages += 1
            if not sink.offer(message):
                self._cut(sink, token)

    def bookmark(self) -> None:
        """Send an empty message to every channel that sent nothing since the last time.

        Messages can be lost in this world; the next sequence number tells a watcher so even if
        nothing happens any more.
        """
        self._send_replays()
        for channels in list(self._channels.values()):
            for channel in list(channels):
                if channel.quiet and not channel.waiting:
                    self._send(channel)
                channel.quiet = True

    # --- watchers --------------------------------------------------------------------------

    def join(
        self,
        sink: Ref[Any],
        token: str,
        key: ChannelKey,
        selection: Selection,
        convert: Convert | None,
        replay: Sequence[Change] = (),
    ) -> Seat:
        """Let the sink see all changes from now on, after those of `replay`.

        The replay is sent to the sink alone, at the next flush, with the sequence number before
        the channel's next one; so its reader sees an unbroken sequence.
        """
        self.leave(sink, token)
        channel = self._channel(sink, key, selection, convert)
        if channel.waiting:  # what happened before is not for the new watcher
            self._send_replays()
            self._send(channel)
            # Those who sat in it may have been cut off just now, and the channel gone with them.
            channel = self._channel(sink, key, selection, convert)
        if not self._watchers.has(sink):
            self._around.watch(sink)
        channel.tokens[sink] = token
        self._watchers.put(sink, token, channel)
        events = [event for change in replay if (event := channel.event_of(change)) is not None]
        if not events:
            return Seat(channel.id, channel.sequence)
        message = WatchEvents(channel.id, channel.sequence, self._revision, tuple(events))
        self._replays.append((sink, token, message))
        return Seat(channel.id, channel.sequence - 1)

    def _channel(
        self, sink: Ref[Any], key: ChannelKey, selection: Selection, convert: Convert | None
    ) -> Channel:
        """A channel with this key in which the sink does not sit yet."""
        channels = self._channels.setdefault(key, [])
        for channel in channels:
            if sink not in channel.tokens:
                return channel
        channel = Channel(self._watchers.new_channel_id(), key, selection, convert)
        channels.append(channel)
        bucket = key.bucket
        routes = self._routes.get(bucket)
        if routes is None:
            routes = self._routes[bucket] = Routes(bucket)
        routes.add(channel)
        return channel

    def leave(self, sink: Ref[Any], token: str) -> None:
        """End a watch without a word; nothing happens if there is none."""
        self._watchers.closing.pop((sink, token), None)
        channel = self._watchers.pop(sink, token)
        if channel is None:
            return
        if self._replays:
            self._replays = [each for each in self._replays if each[:2] != (sink, token)]
        del channel.tokens[sink]
        if not channel.tokens:
            self._drop(channel)
        if not self._watchers.has(sink):
            self._around.unwatch(sink)

    def _drop(self, channel: Channel) -> None:
        channel.take()
        if channel.timer is not None:
            channel.timer.cancel()
        channels = self._channels[channel.key]
        channels.remove(channel)
        if not channels:
            del self._channels[channel.key]
        self._routes[channel.key.bucket].remove(channel)

    def forget(self, sink: Ref[Any]) -> None:
        """The sink's actor has stopped."""
        for token in self._watchers.tokens(sink):
            self.leave(sink, token)
        closing = self._watchers.closing
        for watch in [each for each in closing if each[0] is sink]:
            del closing[watch]

    # --- ends ------------------------------------------------------------------------------

    def _cut(self, sink: Ref[Any], token: str) -> None:
        self._cut_off += 1
        self.leave(sink, token)
        self._close(sink, token, Expired(_TOO_SLOW))

    def _close(self, sink: Ref[Any], token: str, error: ApiError) -> None:
        """Tell the sink that its watch has ended, as often as it takes."""
        self._watchers.closing[sink, token] = error
        self._tell_closed()

    def _tell_closed(self) -> None:
        closing = self._watchers.closing
        for (sink, token), error in list(closing.items()):
            if sink.stopped or sink.offer(WatchClosed(token, error)):
                del closing[sink, token]
        if closing and (self._retry is None or not self._retry.active):
            self._retry = self._around.call_after(RETRY_SECONDS, self._tell_closed)

    def greet(self) -> None:
        """Tell the watchers of the incarnation before that their watches have ended."""
        self._close_all(Expired(_RESTARTED))

    def dismiss(self) -> None:
        """The server stops: end all watches."""
        self._close_all(ServiceUnavailable(_STOPPING))

    def expire(self) -> int:
        """End all watches as expired: who watches lists again. Answers how many there were."""
        count = len(self._watchers)
        self._close_all(Expired(_OUTDATED))
        return count

    def _close_all(self, error: ApiError) -> None:
        self._watchers.close_all(error)
        self._tell_closed()

    def families(self) -> Iterator[Series]:
        """What was heard and told of each bucket that was ever watched, for the metrics."""
        prefix, labels = "apiserver_watch_cache_", ("group", "resource")
        begun = Series(f"{prefix}initializations_total", "Beginnings of being followed.", labels)
        received = Series(f"{prefix}events_received_total", "Changes that were followed.", labels)
        stored = Series("apiserver_storage_events_received_total", received.text, labels)
        told = Series(f"{prefix}events_dispatched_total", "Events that were told.", labels)
        for bucket, routes in self._routes.items():
            where = split_bucket(bucket)
            begun.set(1, *where)
            received.set(routes.received, *where)
            stored.set(routes.received, *where)
            told.set(routes.told, *where)
        return iter((begun, received, stored, told))

    def statistics(self) -> HubStatistics:
        """What the hub has done."""
        return HubStatistics(
            watches=len(self._watchers),
            channels=sum(map(len, self._channels.values())),
            messages=self._messages,
            events=self._events,
            cut_off=self._cut_off,
        )
