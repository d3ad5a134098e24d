"""The box of an actor: where its messages wait, its bound, and what becomes of those for which there is no room.

Requests that are being handled, or whose replies are still owed, belong to it, too: who asked hears of every end.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

from actors.deadlines import Deadlines
from actors.errors import ActorCrashed, ActorStopped, MailboxFull
from actors.life import Life
from actors.mailbox import MailboxSpec
from actors.message import Asked, Call, Deferred, Terminated

# What an actor asked for itself: never dropped, never a dead letter.
_OWN: Final = (Call, Terminated)


class _Nothing:
    """An empty slot: None could be a message."""


NOTHING: Final = _Nothing()
_STOPPING: Final = Life.STOPPING


class Host(Protocol):
    """What a ref needs of the system in which its actor lives."""

    loop: asyncio.AbstractEventLoop
    deadlines: Deadlines
    awake: bool
    ready: deque[Any]
    spare_mailboxes: deque[deque[Any]]

    def wake(self) -> None:
        """The run-queue has become non-empty."""

    def dead_letter(self, target: Any, message: Any, reason: str) -> None:
        """Count and keep a message that reached nobody."""

    def unhandled(self, target: Any, message: Any) -> None:
        """Count a message that the actor has no handler for."""


class _Hot:
    """What every message touches, side by side in memory."""

    __slots__ = (
        "actor",
        "handled",
        "handlers",
        "life",
        "mailbox",
        "plain",
        "scheduled",
        "slot",
        "system",
    )


class Box(_Hot):
    """The box at the address `path`. Who puts something into an empty one has its actor take a turn."""

    __slots__ = (
        "asked",
        "bound",
        "capacity",
        "incarnation",
        "path",
        "paused",
        "promised",
        "spec",
        "tasks",
        "waiters",
    )

    actor: Any
    system: Any

    def __init__(self, system: Host, path: str, spec: MailboxSpec) -> None:
        self.system = system
        self.path = path
        self.handled = 0
        self.spec = spec
        self.limit(spec.capacity)
        # An actor that waits has no deque, and most get one message at a time: the first one has a
        # slot, and only the next ones need a deque, which an emptied mailbox hands on.
        self.slot: Any = NOTHING
        self.mailbox: deque[Any] | None = None
        self.scheduled = False
        self.paused = False
        self.life = Life.STARTING
        self.incarnation = 0
        self.tasks: dict[asyncio.Task[Any], Callable[[], None] | None] | None = None
        self.waiters: deque[asyncio.Future[None]] | None = None
        self.asked: Asked | None = None  # the request that is being handled
        self.promised: dict[Asked, None] | None = None  # deferred replies that are still owed
        self.actor = None
        self.handlers: dict[type, Callable[[Any, Any], Any]] = {}
        self.plain = True  # no `drained` and no waiters: nothing to do at a turn's end

    @property
    def mailbox_depth(self) -> int:
        """How many messages wait."""
        waiting = len(self.mailbox) if self.mailbox is not None else 0
        return waiting if self.slot is NOTHING else waiting + 1

    # --- delivery --------------------------------------------------------------------------

    def deliver_request(self, asked: Asked) -> None:
        if self.scheduled:
            mailbox = self.mailbox
            if mailbox is not None and len(mailbox) < self.bound:
                mailbox.append(asked)
            else:
                self.accept(asked, asked)
        elif self.capacity <= 0:
            self.accept(asked, asked)
        else:
            self.slot = asked
            self.schedule()

    def accept(self, asked: Asked, carried: Any) -> None:
        """Take a request, in its envelope if it has one, or end it at once."""
        if self.mailbox_depth < self.capacity:
            self.put(carried)
        elif self.life >= Life.STOPPING:
            asked.fail(ActorStopped(self.path))
        elif self.spec.overflow == "drop_oldest":
            self.put(carried)
            self.drop_oldest()
        else:
            self.bury(asked, "mailbox full")

    def deliver_own(self, message: Any) -> None:
        """What the actor itself asked for: not subject to the bound."""
        if self.scheduled:
            if self.life < _STOPPING:
                mailbox = self.mailbox
                if mailbox is not None:
                    mailbox.append(message)
                else:
                    self.put(message)
        else:  # so it neither stops nor has stopped
            self.slot = message
            self.schedule()

    def put(self, message: Any) -> None:
        if self.scheduled:
            mailbox = self.mailbox
            if mailbox is None:
                spare = self.system.spare_mailboxes
                mailbox = self.mailbox = spare.pop() if spare else deque()
            mailbox.append(message)
        else:
            self.slot = message
            self.schedule()

    def schedule(self) -> None:
        self.scheduled = True
        system = self.system
        system.ready.append(self)
        if not system.awake:
            system.wake()

    def tell_slowly(self, message: Any) -> None:
        if self.mailbox_depth < self.capacity:
            self.put(message)
        elif self.life >= Life.STOPPING:
            self.bury(message, "stopped")
        elif self.spec.overflow == "drop_oldest":
            self.put(message)
            self.drop_oldest()
        elif self.spec.overflow == "reject":
            self.bury(message, "mailbox full")
        else:
            raise MailboxFull(self.path, self.spec.capacity)

    def drop_oldest(self) -> None:
        """Bury the oldest message that others told; the actor's own keep their places."""
        own: list[Any] = []
        while self.mailbox_depth:
            message = self.take()
            if type(self.bare(message)) not in _OWN:
                self.bury(message, "mailbox full")
                break
            own.append(message)
        if own:
            assert self.mailbox is not None
            self.mailbox.extendleft(reversed(own))

    def bury(self, message: Any, reason: Literal["mailbox full", "stopped"]) -> None:
        """End a message that will not be handled: who asked hears of it, and what was told is counted."""
        message = self.bare(message)
        if isinstance(message, Asked):
            if reason == "stopped":
                message.fail(ActorStopped(self.path))
                return
            message.fail(MailboxFull(self.path, self.spec.capacity))
            message = message.request
        if type(message) not in _OWN:
            self.system.dead_letter(self, message, reason)

    def bare(self, message: Any) -> Any:
        """What was told, without the envelope of a system that is observed."""
        return message

    def take(self) -> Any:
        """The oldest message; there must be one."""
        message, self.slot = self.slot, NOTHING
        if message is NOTHING:
            assert self.mailbox is not None
            return self.mailbox.popleft()
        return message

    def limit(self, capacity: int) -> None:
        """How many messages may wait; below zero every one takes the slow path."""
        self.capacity = capacity
        self.bound = capacity - 1  # in the deque, beside the slot

    def admit_waiters(self) -> None:
        waiters = self.waiters
        room = self.capacity - self.mailbox_depth
        while waiters and room > 0:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                room -= 1

    # --- requests under way ----------------------------------------------------------------

    def defer(self) -> Deferred[Any]:
        asked = self.asked
        if asked is None:
            return Deferred(None, {})
        if self.promised is None:
            self.promised = {}
        self.promised[asked] = None
        return Deferred(asked, self.promised)

    def break_promises(self, error: BaseException | None) -> None:
        """The incarnation has ended: what it has not answered it never will."""
        self.asked = None
        promised, self.promised = self.promised, None
        for asked in promised or ():
            if error is None:
                asked.fail(ActorStopped(self.path))
            else:
                asked.fail(ActorCrashed(self.path, error))

    # --- rest ------------------------------------------------------------------------------

    def pause(self) -> None:
        self.paused = True
        if self.life is Life.RUNNING:
            self.life = Life.PAUSED

    def unpause(self) -> None:
        self.paused = False
        if self.life is Life.PAUSED:
            self.life = Life.RUNNING
            if self.scheduled:
                self.schedule()

    def stuck(self) -> list[str]:
        """What keeps the actor's messages and senders waiting, for a deadlock's report."""
        lines = []
        waiting = self.mailbox_depth
        if waiting and self.paused:
            lines.append(f"{self.path} is paused, and {waiting} messages wait")
        elif waiting:
            lines.append(f"{self.path} is {self.life.name.lower()}, and {waiting} messages wait")
        senders = sum(not waiter.done() for waiter in self.waiters or ())
        if senders:
            lines.append(f"{senders} senders wait for room in the mailbox of {self.path}")
        return lines
