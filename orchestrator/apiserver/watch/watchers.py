"""Who watches: the one thing about watches that must outlive the server's actor.

A real API server that dies closes its connections, and every client learns of it. Mailboxes have no
connections; so the watchers are written down outside the actor, and its next incarnation tells
each of them that its watch has ended.
"""

from typing import Any

from actors import Ref
from orchestrator.apiserver.watch.channel import Channel
from orchestrator.protocol import ApiError


class Watchers:
    """The channel of every watch, by sink and token.

    Made once and handed to every incarnation of the server.
    """

    def __init__(self) -> None:
        self._channels: dict[Ref[Any], dict[str, Channel]] = {}
        self._last_channel = 0
        # Ended watches whose sinks could not be told yet, because their mailboxes are full.
        self.closing: dict[tuple[Ref[Any], str], ApiError] = {}

    def new_channel_id(self) -> int:
        """A number that no channel of any incarnation has had."""
        self._last_channel += 1
        return self._last_channel

    def put(self, sink: Ref[Any], token: str, channel: Channel) -> None:
        """Write a watch down, in the place of the one with this name."""
        self._channels.setdefault(sink, {})[token] = channel

    def pop(self, sink: Ref[Any], token: str) -> Channel | None:
        """Strike a watch out; None if there is none."""
        tokens = self._channels.get(sink)
        channel = None if tokens is None else tokens.pop(token, None)
        if tokens is not None and not tokens:
            del self._channels[sink]
        return channel

    def has(self, sink: Ref[Any]) -> bool:
        """Whether the sink watches anything."""
        return sink in self._channels

    def tokens(self, sink: Ref[Any]) -> tuple[str, ...]:
        """The names of the sink's watches."""
        return tuple(self._channels.get(sink, ()))

    def close_all(self, error: ApiError) -> None:
        """Strike all watches out; their sinks are to be told."""
        for sink, tokens in self._channels.items():
            for token in tokens:
                self.closing[sink, token] = error
        self._channels.clear()

    def __len__(self) -> int:
        return sum(map(len, self._channels.values()))
