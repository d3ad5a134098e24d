"""A watch that mends itself: the part that every watcher needs, cached or not.

List and watch are one request. What can go wrong, and what is done:
- a message is lost: the channel's sequence shows a gap; list again;
- the last message is lost: silence; the server sends bookmarks each minute, so after three minutes
  without any message the watch is asked for again;
- the server restarts, or cuts the watch off: `WatchClosed`, or silence; list again;
- the request fails, or its answer is lost: again after a back-off with jitter. What somebody has to mend (rights, a
  kind that is not defined, a server that cannot be reached) is logged, at the first, second, fourth ... attempt.
"""

from collections.abc import Callable
from typing import Any, Final

from actors import Context, Timer
from orchestrator.api.scheme import Resource
from orchestrator.protocol import (
    ADMIN,
    ApiRef,
    CanWait,
    Forbidden,
    Identity,
    NotFound,
    ServiceUnavailable,
    Unauthorized,
    Unwatch,
    Watch,
    WatchClosed,
    WatchEvents,
    Watching,
)

SILENT_BOOKMARKS: Final = 3  # a watch that misses so many is cut off: it lists again
RETRY_SECONDS: Final = 0.8  # client-go's reflector begins there ...
MAX_RETRY_SECONDS: Final = 30.0  # ... and ends there
_TO_BE_MENDED: Final = (Forbidden, NotFound, ServiceUnavailable, Unauthorized)


class Subscription:
    """One watch of one actor. `on_items(items, revision)` gets the whole state each time that it was
    listed; `on_events(message)` gets each message after it, in order and without a gap.
    """

    __slots__ = (
        "_api",
        "_attempt",
        "_channel",
        "_ctx",
        "_early",
        "_generation",
        "_heard_at",
        "_on_events",
        "_on_items",
        "_patience_seconds",
        "_request",
        "_sequence",
        "_silent",
        "_timer",
        "lists",
        "token",
    )

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        resource: Resource,
        *,
        token: str,
        on_items: Callable[[tuple[Any, ...], int], None],
        on_events: Callable[[WatchEvents], None],
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        batch_seconds: float = 0.0,
        can_wait: CanWait | None = None,
        identity: Identity = ADMIN,
    ) -> None:
        self._ctx = ctx
        self._api = api
        self.token = token
        self._on_items = on_items
        self._on_events = on_events
        self._request = Watch(
            resource=resource,
            sink=ctx.me,
            token=token,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            batch_seconds=batch_seconds,
            can_wait=can_wait,
            identity=identity,
        )
        self._channel = -1
        self._sequence = 0
        self._generation = 0  # counts requests, so that only the last one's answer counts
        self._attempt = 0
        self._heard_at = 0.0
        self._patience_seconds = 0.0
        self._early: list[WatchEvents] = []
        self._timer: Timer | None = None  # looks now and then whether anything was heard
        self._silent: Timer | None = None  # while nothing is: the end of our patience
        self.lists = 0

    @property
    def channel(self) -> int:
        """The channel whose messages are this subscription's; -1 while there is none."""
        return self._channel

    def start(self) -> None:
        """Ask for the state and for what follows."""
        self._generation += 1
        generation = self._generation
        self._channel = -1
        self._ctx.request(
            self._api,
            self._request,
            then=lambda answer: self._watching(generation, answer),
            failed=lambda error: self._failed(generation, error),
        )

    def stop(self) -> None:
        """End the watch."""
        self._generation += 1
        self._channel = -1
        for timer in (self._timer, self._silent):
            if timer is not None:
                timer.cancel()
        self._timer = self._silent = None
        self._api.tell(Unwatch(sink=self._ctx.me, token=self.token))

    def deliver(self, message: WatchEvents) -> bool:
        """Take a message if it is this subscription's; False when it is another's."""
        if self._channel == -1:
            # The answer to the request may be under way still.
            self._early.append(message)
            del self._early[:-64]
            return False
        if message.channel != self._channel:
            return False
        self._heard_at = self._ctx.clock.monotonic()
        if message.sequence <= self._sequence:
            return True  # came twice, or before the state that was listed
        if message.sequence != self._sequence + 1:
            self.start()
            return True
        self._sequence = message.sequence
        self._on_events(message)
        return True

    def closed(self, message: WatchClosed) -> bool:
        """The server ended the watch `message.token`; answers whether it is this one."""
        if message.token != self.token:
            return False
        self._failed(self._generation)
        return True

    def _watching(self, generation: int, answer: Watching) -> None:
        if generation != self._generation:
            return
        self._attempt = 0
        self._channel, self._sequence = answer.channel, answer.sequence
        self._heard_at = self._ctx.clock.monotonic()
        self._patience_seconds = SILENT_BOOKMARKS * answer.bookmark_seconds
        self.lists += 1
        self._on_items(answer.items, answer.revision)
        early, self._early = self._early, []
        for message in early:
            if message.channel == self._channel:
                self.deliver(message)
        if self._timer is None:
            # Twice in our patience: what one look finds just early enough, the other finds in time.
            self._timer = self._ctx.call_every(
                self._patience_seconds / 2, self._listen, unless=self._hears
            )

    def _failed(self, generation: int, error: object = None) -> None:
        if generation != self._generation:
            return
        self._generation += 1
        self._channel = -1
        delay = min(RETRY_SECONDS * 2.0**self._attempt, MAX_RETRY_SECONDS)
        self._attempt = min(self._attempt + 1, 10)
        if isinstance(error, _TO_BE_MENDED) and self._attempt in (1, 2, 4, 8):
            self._ctx.log.warning(
                "cannot watch",
                resource=self._request.resource.key,
                error=f"{type(error).__name__}: {error}",
                times=self._attempt,
            )
        self._ctx.call_after(
            delay * (1.0 + self._ctx.random.random()), self._retry, self._generation
        )

    def _retry(self, generation: int) -> None:
        if generation == self._generation:
            self.start()

    def _quiet_seconds(self) -> float:
        return self._ctx.clock.monotonic() - self._heard_at

    def _hears(self) -> bool:
        """Whether a bookmark came in time, or something else: so it is nearly always."""
        return self._quiet_seconds() < self._patience_seconds / 2

    def _listen(self) -> None:
        """A bookmark is missing: set a timer for the end of our patience."""
        if self._silent is None or not self._silent.active:
            left = self._patience_seconds - self._quiet_seconds()
            self._silent = self._ctx.call_after(left, self._lose_patience, self._heard_at)

    def _lose_patience(self, heard_at: float) -> None:
        if self._heard_at == heard_at and self._channel != -1:
            self.start()
