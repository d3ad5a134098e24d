"""A ref: the address of an actor, and at once its cell (mailbox, state, place in the tree).

One object serves as both because a ref that wraps a cell costs a tenth of the throughput. Only the
methods without an underscore are for users; the rest is the runtime's.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from actors.actor import Actor, Terminated
from actors.errors import ActorCrashed, ActorStopped, MailboxFull, Misuse, Refusal
from actors.handlers import Handler, Unhandled, handlers_of, special, unhandled
from actors.life import Life
from actors.mailbox import MailboxSpec
from actors.message import Asked, Call, Deferred, Request
from actors.serial import LATER, as_failure, suspend_for
from actors.supervision import Restart, RestartHistory

if TYPE_CHECKING:
    from actors.context import Context
    from actors.system import ActorSystem

M = TypeVar("M", contravariant=True)
R = TypeVar("R")

QUOTA: Final = 128  # messages of one actor before others have their turn
DEFAULT_TIMEOUT: Final = 30.0  # seconds an ask waits for its reply

# What an actor asked for itself: never dropped, never a dead letter.
_OWN: Final = (Call, Terminated)


class _Nothing:
    """An empty slot: None could be a message."""


_NOTHING: Final = _Nothing()
_RUNNING: Final = Life.RUNNING
_STOPPING: Final = Life.STOPPING


class _Hot:
    """What every message touches, side by side in memory."""

    __slots__ = (
        "_actor",
        "_handlers",
        "_life",
        "_mailbox",
        "_plain",
        "_scheduled",
        "_slot",
        "handled",
        "system",
    )


class Ref(_Hot, Generic[M]):
    """The address of an actor. It stays valid when the actor restarts."""

    __slots__ = (
        "__weakref__",
        "_asked",
        "_bound",
        "_capacity",
        "_children",
        "_context",
        "_drained",
        "_factory",
        "_history",
        "_incarnation",
        "_paused",
        "_policy",
        "_promised",
        "_spec",
        "_tasks",
        "_waiters",
        "_watchers",
        "name",
        "parent",
        "path",
    )

    def __init__(
        self,
        system: "ActorSystem",
        parent: "Ref[Any] | None",
        name: str,
        factory: Callable[[], Actor],
        spec: MailboxSpec,
        policy: Restart,
    ) -> None:
        self.system = system
        self.parent = parent
        self.name = name
        self.path: str = f"{parent.path if parent is not None else ''}/{name}"
        self.handled = 0
        self._factory = factory
        self._spec = spec
        self._limit(spec.capacity)
        self._policy = policy
        self._history: RestartHistory | None = None
        # An actor that waits has no deque, and most get one message at a time: the first one has a
        # slot, and only the next ones need a deque, which an emptied mailbox hands on.
        self._slot: Any = _NOTHING
        self._mailbox: deque[Any] | None = None
        self._scheduled = False
        self._paused = False
        self._life = Life.STARTING
        self._incarnation = 0
        self._children: dict[str, Ref[Any]] | None = None
        self._watchers: dict[Ref[Any], None] | None = None
        self._tasks: dict[asyncio.Task[Any], Callable[[], None] | None] | None = None
        self._waiters: deque[asyncio.Future[None]] | None = None
        self._asked: Asked | None = None
        self._promised: dict[Asked, None] | None = None  # deferred replies that are still owed
        self._actor: Actor | None = None
        self._context: Context
        self._handlers: dict[type, Handler] = {}
        self._drained: Callable[[], None] | None = None
        self._plain = True  # no `drained` and no waiters: nothing to do at a turn's end

    # --- for everybody ---------------------------------------------------------------------

    def tell(self, message: M) -> None:
        """Put a message into the mailbox; never waits. A full mailbox follows its policy."""
        if self._scheduled:
            mailbox = self._mailbox
            if mailbox is not None and len(mailbox) < self._bound:
                mailbox.append(message)
            else:
                self._tell_slowly(message)
            return
        self._slot = message
        self._scheduled = True
        system = self.system
        system.ready.append(self)
        if not system.awake:
            system.wake()

    def offer(self, message: M) -> bool:
        """As `tell`, but answers False when the mailbox is full or the actor has stopped."""
        if self._scheduled or self._capacity <= 0:
            if self.mailbox_depth >= self._capacity:
                return False
            self._put(message)
        else:
            self._slot = message
            self._schedule()
        return True

    async def send(self, message: M) -> None:
        """As `tell`, but waits for room. Raises ActorStopped."""
        while self.mailbox_depth >= self._capacity:
            if self._life >= Life.STOPPING:
                raise ActorStopped(self.path)
            waiter = self.system.loop.create_future()
            if self._waiters is None:
                self._waiters = deque()
                self._plain = False
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if not waiter.cancelled():
                    self._admit_waiters()  # the room that was meant for this one
                raise
        self.tell(message)

    def ask(
        self, request: Request[R], timeout: float | None = DEFAULT_TIMEOUT
    ) -> "asyncio.Future[R]":
        """The reply to a request.

        Raises Refusal, AskTimeout, ActorStopped, ActorCrashed; MailboxFull when the request found
        no room or was dropped for another; Misuse when the actor has no handler for it.
        """
        future: asyncio.Future[R] = self.system.loop.create_future()
        asked = Asked(request, partial(_resolve, future), partial(_reject, future))
        self.system.deadlines.add(timeout, asked, self)
        self._deliver_request(asked)
        return future

    @property
    def stopped(self) -> bool:
        """Whether the actor has stopped for good."""
        return self._life == Life.STOPPED

    @property
    def mailbox_depth(self) -> int:
        """How many messages wait."""
        waiting = len(self._mailbox) if self._mailbox is not None else 0
        return waiting if self._slot is _NOTHING else waiting + 1

    @property
    def depths(self) -> Mapping[str, int]:
        """How many wait in the actor's own queues; nothing while it does not live."""
        return {} if self._actor is None else self._actor.depths()

    @property
    def restarts(self) -> int:
        """How many times the actor was restarted."""
        return self._history.count if self._history is not None else 0

    @property
    def children(self) -> "tuple[Ref[Any], ...]":
        """The actor's children, in the order in which they were spawned."""
        return tuple(self._children.values()) if self._children is not None else ()

    def __repr__(self) -> str:
        return f"<Ref {self.path}>"

    # --- delivery --------------------------------------------------------------------------

    def _deliver_request(self, asked: Asked) -> None:
        if self._scheduled or self._capacity <= 0:
            self._accept(asked, asked)
        else:
            self._slot = asked
            self._schedule()

    def _accept(self, asked: Asked, carried: Any) -> None:
        """Take a request, in its envelope if it has one, or end it at once."""
        if self.mailbox_depth < self._capacity:
            self._put(carried)
        elif self._life >= Life.STOPPING:
            asked.fail(ActorStopped(self.path))
        elif self._spec.overflow == "drop_oldest":
            self._put(carried)
            self._drop_oldest()
        else:
            self._bury(asked, "mailbox full")

    def _deliver_own(self, message: Any) -> None:
        """What the actor itself asked for: not subject to the bound."""
        if self._scheduled:
            if self._life < _STOPPING:
                self._put(message)
        else:  # so it neither stops nor has stopped
            self._slot = message
            self._schedule()

    def _put(self, message: Any) -> None:
        if self._scheduled:
            mailbox = self._mailbox
            if mailbox is None:
                spare = self.system.spare_mailboxes
                mailbox = self._mailbox = spare.pop() if spare else deque()
            mailbox.append(message)
        else:
            self._slot = message
            self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        system = self.system
        system.ready.append(self)
        if not system.awake:
            system.wake()

    def _tell_slowly(self, message: Any) -> None:
        if self.mailbox_depth < self._capacity:
            self._put(message)
        elif self._life >= Life.STOPPING:
            self._bury(message, "stopped")
        elif self._spec.overflow == "drop_oldest":
            self._put(message)
            self._drop_oldest()
        elif self._spec.overflow == "reject":
            self._bury(message, "mailbox full")
        else:
            raise MailboxFull(self.path, self._spec.capacity)

    def _drop_oldest(self) -> None:
        """Bury the oldest message that others told; the actor's own keep their places."""
        own: list[Any] = []
        while self.mailbox_depth:
            message = self._take()
            if type(self._bare(message)) not in _OWN:
                self._bury(message, "mailbox full")
                break
            own.append(message)
        if own:
            assert self._mailbox is not None
            self._mailbox.extendleft(reversed(own))

    def _bury(self, message: Any, reason: Literal["mailbox full", "stopped"]) -> None:
        """End a message that will not be handled: who asked hears of it, and what was told is counted."""
        message = self._bare(message)
        if isinstance(message, Asked):
            if reason == "stopped":
                message.fail(ActorStopped(self.path))
                return
            message.fail(MailboxFull(self.path, self._spec.capacity))
            message = message.request
        if type(message) not in _OWN:
            self.system.dead_letter(self, message, reason)

    def _bare(self, message: Any) -> Any:
        """What was told, without the envelope of a system that is observed."""
        return message

    def _take(self) -> Any:
        """The oldest message; there must be one."""
        message, self._slot = self._slot, _NOTHING
        if message is _NOTHING:
            assert self._mailbox is not None
            return self._mailbox.popleft()
        return message

    def _limit(self, capacity: int) -> None:
        """How many messages may wait; below zero every one takes the slow path."""
        self._capacity = capacity
        self._bound = capacity - 1  # in the deque, beside the slot

    # --- one turn --------------------------------------------------------------------------

    def _turn(self, quota: int = QUOTA) -> int:
        """Handle up to `quota` messages; answers how many."""
        cell: Any = self  # what a handler may change, so that nothing is taken for granted
        running = _RUNNING
        if cell._life is not running:
            return 1  # parked, and still marked as scheduled: whoever resumes it queues it again
        actor, handlers = cell._actor, self._handlers
        handler: Handler
        count = 0
        try:
            message = self._slot
            if message is not _NOTHING:
                self._slot = _NOTHING
                count = 1
                try:
                    handler = handlers[type(message)]
                except KeyError:
                    handler = special  # once for each class
                handler(actor, message)
                if cell._life is not running:
                    self.handled += 1
                    return 1
                if cell._mailbox is None and self._plain:  # most turns end here
                    self.handled += 1
                    self._scheduled = False
                    return 1
            mailbox = self._mailbox
            if mailbox is not None:
                take, kind, handler = mailbox.popleft, type(None), special
                last = min(count + len(mailbox), quota)
                for count in range(count + 1, last + 1):  # noqa: B020 - where it ends is the count
                    message = take()
                    if type(message) is not kind:
                        kind = type(message)
                        handler = handlers.get(kind, special)
                    handler(actor, message)
                    if cell._life is not running:
                        self.handled += count
                        return count
            if self._drained is not None:
                self._drained()
        except (Exception, asyncio.CancelledError) as error:
            self.handled += count
            self._failed(as_failure(error))
            return count
        self.handled += count
        if self._waiters is not None:
            self._admit_waiters()
        mailbox = self._mailbox
        if mailbox is None:
            self._scheduled = False
        elif mailbox:
            self.system.ready.append(self)
        else:
            self._scheduled = False
            self._mailbox = None
            self.system.spare_mailboxes.append(mailbox)
        return count

    def _admit_waiters(self) -> None:
        waiters = self._waiters
        room = self._capacity - self.mailbox_depth
        while waiters and room > 0:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                room -= 1

    def _dispatch(self, message: Any) -> None:
        """Handle a message now, whatever it is; the actor's own timers arrive this way."""
        self._handler_of(type(message))(self._actor, message)

    def _handler_of(self, message_class: type) -> Handler:
        """The handler of the message's class, or of its nearest base that has one."""
        handler = self._handlers.get(message_class)
        if handler is None:
            for base in message_class.__mro__[1:]:
                if base in self._handlers:
                    handler = self._handlers[base]
                    break
            else:
                handler = unhandled
            self._handlers[message_class] = handler
        return handler

    def _handle_asked(self, asked: Asked) -> None:
        request = asked.request
        self._asked = asked
        try:
            handler = self._handlers.get(type(request)) or self._handler_of(type(request))
            reply = handler(self._actor, request)
        except Refusal as refusal:
            asked.fail(refusal)
        except Unhandled as error:
            asked.fail(Misuse(str(error)))
        except (Exception, asyncio.CancelledError) as error:
            asked.fail(ActorCrashed(self.path, error))
            raise
        else:
            if reply is not LATER and type(reply) is not Deferred:
                asked.reply(reply)
        finally:
            self._asked = None

    # --- async handlers --------------------------------------------------------------------

    def _defer(self) -> Deferred[Any]:
        asked = self._asked
        if asked is None:
            return Deferred(None, {})
        if self._promised is None:
            self._promised = {}
        self._promised[asked] = None
        return Deferred(asked, self._promised)

    def _break_promises(self, error: BaseException | None) -> None:
        """The incarnation has ended: what it has not answered it never will."""
        self._asked = None
        promised, self._promised = self._promised, None
        for asked in promised or ():
            if error is None:
                asked.fail(ActorStopped(self.path))
            else:
                asked.fail(ActorCrashed(self.path, error))

    def _pause(self) -> None:
        self._paused = True
        if self._life is Life.RUNNING:
            self._life = Life.PAUSED

    def _unpause(self) -> None:
        self._paused = False
        if self._life is Life.PAUSED:
            self._life = Life.RUNNING
            if self._scheduled:
                self._schedule()

    def _stuck(self) -> list[str]:
        """What keeps the actor's messages and senders waiting, for a deadlock's report."""
        lines = []
        waiting = self.mailbox_depth
        if waiting and self._paused:
            lines.append(f"{self.path} is paused, and {waiting} messages wait")
        elif waiting:
            lines.append(f"{self.path} is {self._life.name.lower()}, and {waiting} messages wait")
        senders = sum(not waiter.done() for waiter in self._waiters or ())
        if senders:
            lines.append(f"{senders} senders wait for room in the mailbox of {self.path}")
        return lines

    def _resume(self) -> None:
        self._life = Life.PAUSED if self._paused else Life.RUNNING
        try:
            if self._drained is not None:
                self._drained()
        except Exception as failure:
            self._failed(failure)
            return
        self._scheduled = True
        self.system.ready.append(self)
        if not self.system.awake:
            self.system.wake()

    # --- life ------------------------------------------------------------------------------

    def _start(self) -> None:
        """Make an incarnation and let it begin."""
        self._incarnation += 1
        self._life = Life.STARTING
        self._scheduled = True
        try:
            actor = self._factory()
            actor.ctx = self._context = self.system.make_context(self)
            self._actor = actor
            self._bind(actor)
            waiting = actor.started()
        except Exception as error:
            self._failed(error)
            return
        if waiting is None:
            if self._life == Life.STARTING:
                self._resume()
        else:
            suspend_for(self, _as_coroutine(waiting), None)

    def _bind(self, actor: Actor) -> None:
        actor_class: Any = type(actor)
        self._handlers = handlers_of(actor_class)
        overridden = type(actor).drained is not Actor.drained
        self._drained = actor.drained if overridden else None
        self._plain = not overridden and self._waiters is None

    def _failed(self, error: BaseException) -> None:
        """The incarnation is broken; the parent decides."""
        if self._life >= Life.FAILED:
            return  # a failure is known already, or the actor is about to end
        self._life = Life.FAILED
        self._scheduled = True
        self.system.supervisor.failed(self, error)


async def _as_coroutine(awaitable: Awaitable[R]) -> R:
    return await awaitable


def _resolve(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _reject(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
