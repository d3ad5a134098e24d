"""A watch as an async iterator, for code that is not an actor."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final

from actors import Clock, Inbox
from orchestrator.api.scheme import Resource
from orchestrator.protocol import (
    ApiRef,
    Event,
    Expired,
    Identity,
    Unwatch,
    Watch,
    WatchClosed,
    WatchEvents,
)

CAPACITY: Final = 10_000  # messages that may wait for the reader before the watch is cut off


class WatchStream:
    """Events of one watch; enter it, then iterate. Ends only by an error or by leaving it."""

    def __init__(
        self,
        api: ApiRef,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        since: int | None = None,
        identity: Identity,
    ) -> None:
        self._api = api
        self._request = {
            "resource": resource,
            "namespace": namespace,
            "label_selector": label_selector,
            "field_selector": field_selector,
            "since": since,
            "identity": identity,
        }
        self._inbox: Inbox
        self._ready: deque[Event] = deque()
        self._channel = -1
        self._sequence = 0
        self.revision = 0
        self.initial: tuple[Any, ...] = ()  # the objects that were there when the watch began

    async def __aenter__(self) -> "WatchStream":
        self._inbox = self._api.system.inbox(CAPACITY)
        await self._inbox.__aenter__()
        try:
            request = Watch(sink=self._inbox.ref, token="stream", **self._request)  # type: ignore[arg-type]
            answer = await self._api.ask(request)
        except BaseException:
            await self._inbox.__aexit__(None, None, None)
            raise
        self._channel, self._sequence = answer.channel, answer.sequence
        self.revision = answer.revision
        self.initial = answer.items
        for obj in answer.items:
            self._ready.append(Event("ADDED", obj, None, answer.revision))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._api.tell(Unwatch(sink=self._inbox.ref, token="stream"))
        await self._inbox.__aexit__(None, None, None)

    def __aiter__(self) -> "WatchStream":
        return self

    async def __anext__(self) -> Event:
        """The next event; waits for one. Raises Expired when some were lost."""
        while not self._ready:
            message = await anext(self._inbox)
            if isinstance(message, WatchClosed):
                raise message.error
            if not isinstance(message, WatchEvents) or message.channel != self._channel:
                continue
            if message.sequence <= self._sequence:
                continue
            if message.sequence != self._sequence + 1:
                raise Expired("a message of the watch was lost")
            self._sequence = message.sequence
            self.revision = message.revision
            self._ready.extend(message.events)
        return self._ready.popleft()

    @asynccontextmanager
    async def until(self, clock: Clock, seconds: float) -> AsyncIterator["WatchStream"]:
        """The stream, open for so long at the most. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self:
            yield self
