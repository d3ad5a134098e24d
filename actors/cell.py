"""A cell: a ref that gives an actor its turns, makes its incarnations, and tells the supervisor when one fails."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from actors.actor import Actor
from actors.box import NOTHING
from actors.context import Context, System
from actors.handlers import Handler, handlers_of, special, unhandled
from actors.life import Life
from actors.mailbox import MailboxSpec
from actors.ref import Ref
from actors.serial import as_failure, suspend_for
from actors.supervision import Restart

R = TypeVar("R")

QUOTA: Final = 128  # messages of one actor before others have their turn
_RUNNING: Final = Life.RUNNING


class Cell(Ref[Any]):
    """One place in the tree of actors, whatever incarnation lives there. `factory` makes each."""

    __slots__ = ("context", "drained", "factory")

    system: System
    context: Context

    def __init__(
        self,
        system: System,
        parent: Ref[Any] | None,
        name: str,
        factory: Callable[[], Actor],
        spec: MailboxSpec,
        policy: Restart,
    ) -> None:
        super().__init__(system, parent, name, spec, policy)
        self.factory = factory
        self.drained: Callable[[], None] | None = None

    # --- one turn --------------------------------------------------------------------------

    def turn(self, quota: int = QUOTA) -> int:
        """Handle up to `quota` messages; answers how many."""
        cell: Any = self  # what a handler may change, so that nothing is taken for granted
        running = _RUNNING
        if cell.life is not running:
            return 1  # parked, and still marked as scheduled: whoever resumes it queues it again
        actor, handlers = cell.actor, self.handlers
        handler: Handler
        count = 0
        try:
            message = self.slot
            if message is not NOTHING:
                self.slot = NOTHING
                count = 1
                try:
                    handler = handlers[type(message)]
                except KeyError:
                    handler = special  # once for each class
                handler(actor, message)
                if cell.life is not running:
                    self.handled += 1
                    return 1
                if cell.mailbox is None and self.plain:  # most turns end here
                    self.handled += 1
                    self.scheduled = False
                    return 1
            mailbox = self.mailbox
            if mailbox is not None:
                take, kind, handler = mailbox.popleft, type(None), special
                last = min(count + len(mailbox), quota)
                for count in range(count + 1, last + 1):  # noqa: B020 - where it ends is the count
                    message = take()
                    if type(message) is not kind:
                        kind = type(message)
                        handler = handlers.get(kind, special)
                    handler(actor, message)
                    if cell.life is not running:
                        self.handled += count
                        return count
            if self.drained is not None:
                self.drained()
        except (Exception, asyncio.CancelledError) as error:
            self.handled += count
            self.failed(as_failure(error))
            return count
        self.handled += count
        if self.waiters is not None:
            self.admit_waiters()
        mailbox = self.mailbox
        if mailbox is None:
            self.scheduled = False
        elif mailbox:
            self.system.ready.append(self)
        else:
            self.scheduled = False
            self.mailbox = None
            self.system.spare_mailboxes.append(mailbox)
        return count

    def dispatch(self, message: Any) -> None:
        """Handle a message now, whatever it is; the actor's own timers arrive this way."""
        self.handler_of(type(message))(self.actor, message)

    def handler_of(self, message_class: type) -> Handler:
        """The handler of the message's class, or of its nearest base that has one."""
        handler = self.handlers.get(message_class)
        if handler is None:
            for base in message_class.__mro__[1:]:
                if base in self.handlers:
                    handler = self.handlers[base]
                    break
            else:
                handler = unhandled
            self.handlers[message_class] = handler
        return handler

    # --- incarnations ----------------------------------------------------------------------

    def start(self) -> None:
        """Make an incarnation and let it begin."""
        self.incarnation += 1
        self.life = Life.STARTING
        self.scheduled = True
        try:
            actor = self.factory()
            actor.ctx = self.context = self.system.make_context(self)
            self.actor = actor
            self.bind(actor)
            waiting = actor.started()
        except Exception as error:
            self.failed(error)
            return
        if waiting is None:
            if self.life == Life.STARTING:
                self.resume()
        else:
            suspend_for(self, _as_coroutine(waiting), None)

    def bind(self, actor: Actor) -> None:
        actor_class: Any = type(actor)
        self.handlers = handlers_of(actor_class)
        overridden = type(actor).drained is not Actor.drained
        self.drained = actor.drained if overridden else None
        self.plain = not overridden and self.waiters is None

    def failed(self, error: BaseException) -> None:
        """The incarnation is broken; the parent decides."""
        if self.life >= Life.FAILED:
            return  # a failure is known already, or the actor is about to end
        self.life = Life.FAILED
        self.scheduled = True
        self.system.failed(self, error)

    def resume(self) -> None:
        self.life = Life.PAUSED if self.paused else Life.RUNNING
        try:
            if self.drained is not None:
                self.drained()
        except Exception as failure:
            self.failed(failure)
            return
        self.scheduled = True
        self.system.ready.append(self)
        if not self.system.awake:
            self.system.wake()


async def _as_coroutine(awaitable: Awaitable[R]) -> R:
    return await awaitable
