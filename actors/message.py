"""Messages: any object may be told; a `Request[R]` may also be asked and is answered by an R."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from actors.errors import AskTimeout

R = TypeVar("R", covariant=True)
OnAnswer: TypeAlias = Callable[[Any, float, bool], None]  # request, seconds, whether it failed


class Addressee(Protocol):
    """Whom messages reach: a ref."""

    path: str

    def deliver_own(self, message: Any) -> None:
        """Take what the actor itself has asked for: not subject to its mailbox's bound."""


class Request(Struct, Generic[R], frozen=True, gc=False):
    """Base of messages that expect a reply of type R."""


class Stopwatch:
    """Tells `on_answer` of each request how long its asker waited, in seconds of the clock `now`."""

    __slots__ = ("_now", "_on_answer")

    def __init__(self, now: Callable[[], float], on_answer: OnAnswer) -> None:
        self._now = now
        self._on_answer = on_answer

    def stop(self, asked: "Asked", failed: bool) -> None:
        """It has been answered."""
        self._on_answer(asked.request, self._now() - asked.asked_at, failed)


class Asked:
    """A request in a mailbox, with the two ways to end it. Only the first end counts."""

    __slots__ = (
        "_failed",
        "_replied",
        "asked_at",
        "asker",
        "ended",
        "request",
        "stopwatch",
        "target",
    )

    # Set when it is asked.
    asked_at: float  # the loop's time
    target: Addressee
    asker: str  # known where it costs nothing to know, or where no deadline will end the wait

    def __init__(
        self,
        request: Request[Any],
        replied: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.request = request
        self.stopwatch: Stopwatch | None = None
        self.ended = False
        self._replied = replied
        self._failed = failed

    def reply(self, value: Any) -> None:
        """Answer the request."""
        if not self.ended:
            self.ended = True
            if self.stopwatch is not None:
                self.stopwatch.stop(self, False)
            self._replied(value)

    def fail(self, error: BaseException) -> None:
        """End the request with an exception for the asker."""
        if not self.ended:
            self.ended = True
            if self.stopwatch is not None:
                self.stopwatch.stop(self, True)
            self._failed(error)


class Awaited(Asked):
    """A request whose end a future tells."""

    __slots__ = ("_future",)

    def __init__(self, request: Request[R], future: "asyncio.Future[R]") -> None:
        self.request = request
        self.stopwatch: Stopwatch | None = None
        self.ended = False
        self._future = future

    def reply(self, value: Any) -> None:
        """Answer the request, if somebody waits for it still."""
        if not self.ended:
            self.ended = True
            if self.stopwatch is not None:
                self.stopwatch.stop(self, False)
            if not self._future.done():
                self._future.set_result(value)

    def fail(self, error: BaseException) -> None:
        """End the request with an exception, if somebody waits for it still."""
        if not self.ended:
            self.ended = True
            if self.stopwatch is not None:
                self.stopwatch.stop(self, True)
            if not self._future.done():
                self._future.set_exception(error)


class Requested(Asked):
    """A request of an actor that does not await it: its end is a Call to the asker.

    Thousands may be under way at once, so it is one object, and not two closures over as many cells.
    """

    __slots__ = ("_asker", "_cause", "_incarnation", "_or_else", "_then")

    def __init__(
        self,
        request: Request[Any],
        asker: Addressee,
        incarnation: int,
        then: Callable[[Any], Any] | None,
        or_else: Callable[[BaseException], Any],
        cause: int,
    ) -> None:
        self.request = request
        self.stopwatch: Stopwatch | None = None
        self.ended = False
        self._asker = asker
        self._incarnation = incarnation
        self._then = then
        self._or_else = or_else
        self._cause = cause

    def reply(self, value: Any) -> None:
        """Have the asker call `then` with the value, in its own turn; what comes after the first is not heard."""
        if not self.ended:
            self.ended = True
            if self.stopwatch is not None:
                self.stopwatch.stop(self, False)
            if self._then is not None:
                self._asker.deliver_own(Call(self._then, (value,), self._incarnation))

    def fail(self, error: BaseException) -> None:
        """Have the asker call `or_else` with the error, in its own turn; what comes after the first is not heard."""
        if not self.ended:
            self.ended = True
            if self.stopwatch is not None:
                self.stopwatch.stop(self, True)
            call = Call(self._or_else, (error,), self._incarnation)
            if isinstance(error, AskTimeout):  # no message brought it
                call.cause = self._cause
            self._asker.deliver_own(call)


class Call:
    """A function to run in the actor's own turn: a timer, a reply, a task's end.

    It is dropped when the actor has restarted since it asked for it.
    """

    __slots__ = ("arguments", "cause", "function", "incarnation")

    def __init__(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], incarnation: int
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.incarnation = incarnation
        self.cause: int | None = (
            None  # in the trace: what set the timer or asked; None: what runs now
        )


class Carried:
    """The envelope of a message in a system that is observed: it has an id in the trace."""

    __slots__ = ("id", "message")

    def __init__(self, id_: int, message: Any) -> None:
        self.id = id_
        self.message = message


class Terminated:
    """Tells a watcher that the actor of `ref` has stopped for good; `reason` is its last error."""

    __slots__ = ("reason", "ref")

    def __init__(self, ref: Any, reason: BaseException | None) -> None:
        self.ref = ref
        self.reason = reason


class Deferred(Generic[R]):
    """The promise of a later reply; a handler returns it and calls `reply` or `fail` later."""

    __slots__ = ("_asked", "_promised")

    def __init__(self, asked: Asked | None, promised: dict[Asked, None]) -> None:
        self._asked = asked
        self._promised = promised  # the actor's, so that its end ends the request

    def reply(self, value: Any) -> None:
        """Answer the request; ignored if it was told rather than asked, or has ended."""
        if self._asked is not None:
            self._promised.pop(self._asked, None)
            self._asked.reply(value)

    def fail(self, error: BaseException) -> None:
        """End the request with an exception for the asker."""
        if self._asked is not None:
            self._promised.pop(self._asked, None)
            self._asked.fail(error)
