"""A ref: the address of an actor, and what others do with it.

One object is the address, the box in which messages wait (`box.py`) and the cell that gives the actor its turns
(`cell.py`), because a ref that wraps a cell costs a tenth of the throughput. What stands here under "for everybody"
is for users; the rest is the runtime's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from actors.box import Box, Host
from actors.errors import ActorStopped
from actors.life import Life
from actors.mailbox import MailboxSpec
from actors.message import Awaited, Request
from actors.supervision import Restart, RestartHistory

M = TypeVar("M", contravariant=True)
R = TypeVar("R")

DEFAULT_TIMEOUT: Final = 30.0  # seconds an ask waits for its reply


class Ref(Box, Generic[M]):
    """The address of an actor. It stays valid when the actor restarts."""

    __slots__ = ("__weakref__", "below", "history", "name", "parent", "policy", "watchers")

    def __init__(
        self,
        system: Host,
        parent: "Ref[Any] | None",
        name: str,
        spec: MailboxSpec,
        policy: Restart,
    ) -> None:
        super().__init__(system, f"{parent.path if parent is not None else ''}/{name}", spec)
        self.parent = parent
        self.name = name
        self.policy = policy
        self.history: RestartHistory | None = None
        self.below: dict[str, Ref[Any]] | None = None  # the children
        self.watchers: dict[Ref[Any], None] | None = None

    # --- for everybody ---------------------------------------------------------------------

    def tell(self, message: M) -> None:
        """Put a message into the mailbox; never waits. A full mailbox follows its policy."""
        if self.scheduled:
            mailbox = self.mailbox
            if mailbox is not None and len(mailbox) < self.bound:
                mailbox.append(message)
            else:
                self.tell_slowly(message)
            return
        self.slot = message
        self.scheduled = True
        system = self.system
        system.ready.append(self)
        if not system.awake:
            system.wake()

    def offer(self, message: M) -> bool:
        """As `tell`, but answers False when the mailbox is full or the actor has stopped."""
        if self.scheduled or self.capacity <= 0:
            if self.mailbox_depth >= self.capacity:
                return False
            self.put(message)
        else:
            self.slot = message
            self.schedule()
        return True

    async def send(self, message: M) -> None:
        """As `tell`, but waits for room. Raises ActorStopped."""
        while self.mailbox_depth >= self.capacity:
            if self.life >= Life.STOPPING:
                raise ActorStopped(self.path)
            waiter = self.system.loop.create_future()
            if self.waiters is None:
                self.waiters = deque()
                self.plain = False
            self.waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if not waiter.cancelled():
                    self.admit_waiters()  # the room that was meant for this one
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
        asked = Awaited(request, future)
        self.system.deadlines.add(timeout, asked, self)
        self.deliver_request(asked)
        return future

    @property
    def stopped(self) -> bool:
        """Whether the actor has stopped for good."""
        return self.life == Life.STOPPED

    @property
    def depths(self) -> Mapping[str, int]:
        """How many wait in the actor's own queues; nothing while it does not live."""
        return {} if self.actor is None else self.actor.depths()

    @property
    def restarts(self) -> int:
        """How many times the actor was restarted."""
        return self.history.count if self.history is not None else 0

    @property
    def children(self) -> "tuple[Ref[Any], ...]":
        """The actor's children, in the order in which they were spawned."""
        return tuple(self.below.values()) if self.below is not None else ()

    def __repr__(self) -> str:
        return f"<Ref {self.path}>"

    # --- what the cell does ----------------------------------------------------------------

    def dispatch(self, message: Any) -> None:
        """Handle a message now, whatever it is; the actor's own timers arrive this way."""
        raise NotImplementedError

    def handler_of(self, message_class: type) -> Callable[[Any, Any], Any]:
        """The handler of the message's class, or of its nearest base that has one."""
        raise NotImplementedError

    def start(self) -> None:
        """Make an incarnation and let it begin."""
        raise NotImplementedError

    def resume(self) -> None:
        """Take turns again after an async handler or hook."""
        raise NotImplementedError

    def failed(self, error: BaseException) -> None:
        """The incarnation is broken; the parent decides."""
        raise NotImplementedError
