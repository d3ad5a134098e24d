"""A mailbox for code that is not an actor: a ref to give away, and messages to iterate over."""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any

from actors.actor import Actor
from actors.context import System
from actors.life import Life
from actors.mailbox import MailboxSpec
from actors.ref import Ref


class _InboxActor(Actor):
    def __init__(self, inbox: "Inbox") -> None:
        self._inbox = inbox

    def on_any(self, message: object) -> None:
        """Whatever is told."""
        self._inbox._put(message)

    def stopped(self) -> None:
        """Whoever waits for a message waits in vain."""
        self._inbox._wake()


class Inbox:
    """`async with system.inbox() as inbox`: tell `inbox.ref`; `async for message in inbox`.

    At most `capacity` messages wait to be read; further ones are refused by the ref's `offer`. With `weigh`
    those that wait behind another are weighed, and none is taken either while they weigh more than `most`. The
    iteration ends when the inbox has been left, or its system has stopped, and all is read.
    """

    def __init__(
        self,
        system: System,
        capacity: int,
        weigh: Callable[[Any], int] | None = None,
        most: int = 0,
    ) -> None:
        self._system = system
        self._capacity = capacity
        self._weigh = weigh
        self._most = most
        self._weights: deque[int] = deque()
        self._weight = 0
        self._messages: deque[Any] = deque()
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.ref: Ref[Any]

    async def __aenter__(self) -> "Inbox":
        self.ref = self._system.spawn(
            lambda: _InboxActor(self),
            self._system.unique_name("inbox"),
            mailbox=MailboxSpec(capacity=self._capacity),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._system.stop_actor(self.ref)

    def __aiter__(self) -> "Inbox":
        return self

    async def __anext__(self) -> Any:
        """The next message; waits for one. Several may wait; each message goes to one of them."""
        while not self._messages:
            if self.ref.life >= Life.STOPPING:
                raise StopAsyncIteration
            waiter = self._system.loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                self._wake()  # it may have been woken for a message that another can take
                raise
        return self._taken()

    def get_nowait(self) -> Any | None:
        """The next message if one waits, else None."""
        if not self._messages:
            return None
        return self._taken()

    def _taken(self) -> Any:
        message = self._messages.popleft()
        if self._weigh is not None:
            self._weight -= self._weights.popleft()
        self._resize()
        return message

    def _put(self, message: Any) -> None:
        if self._weigh is not None:
            # Who keeps up is not weighed: it costs something, and the next reader takes the message.
            weight = self._weigh(message) if self._messages else 0
            self._weights.append(weight)
            self._weight += weight
        self._messages.append(message)
        self._resize()
        self._wake()

    def _wake(self) -> None:
        """Let all who wait look again: rarely more than one does."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def _resize(self) -> None:
        # What waits here counts against the ref's bound, so that senders feel a slow reader.
        if self.ref.life < Life.STOPPING:
            full = self._weigh is not None and self._weight > self._most
            self.ref.limit(0 if full else max(0, self._capacity - len(self._messages)))
