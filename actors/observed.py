"""The cell of a system with a trace or with faults: its deliveries are looked at.

It takes the place of `Cell` for a whole system, so a system without either pays nothing. Every message
travels in an envelope with its id in the trace.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from actors.actor import Actor
from actors.causes import CAUSE, SENDER
from actors.cell import QUOTA, Cell
from actors.message import Asked, Call, Carried, Terminated


class ObservedCell(Cell):
    """A cell whose messages pass the system's faults and are noted in its trace.

    With a trace an actor handles one message a turn, so that what it does when its mailbox is
    drained has one cause, too.
    """

    __slots__ = ("_last",)

    _last: int  # the cause of what `drained` does

    def tell(self, message: Any) -> None:
        """As `Ref.tell`, but for what the faults have planned for the message."""
        carried = self._carry(message, message, "tell")
        self._pass(message, partial(super().tell, carried))

    def offer(self, message: Any) -> bool:
        """As `Ref.offer`; with faults it is a `tell` where there is room, and lost messages count as taken."""
        if self.system.faults is None:
            return super().offer(self._carry(message, message, "tell"))
        if self.capacity <= self.mailbox_depth:
            return False
        self.tell(message)
        return True

    def deliver_request(self, asked: Asked) -> None:
        # The asker's own is not answered before the reply has come: it may be lost on the way.
        sender = SENDER.get()
        asked_here = Asked(
            asked.request,
            partial(self._answer, sender, asked.reply),
            partial(self._answer, sender, asked.fail),
        )
        carried = self._carry(asked_here, asked.request, "ask")
        self._pass(asked.request, partial(self.accept, asked_here, carried))

    def _answer(self, sender: str, deliver: Any, value: Any) -> None:
        """The reply is a message of its own, the other way."""
        id_ = self._note(CAUSE.get(), self.path, sender, value, "reply")
        put = partial(_caused_by, id_, deliver, value)
        faults = self.system.faults
        if faults is None:
            put()
        else:
            faults.deliver(self.path, sender, value, put)

    def deliver_own(self, message: Any) -> None:
        cause = CAUSE.get()
        if type(message) is Call:
            if message.cause is not None:
                cause = message.cause
            if message.function == self.dispatch:  # a timer's message; other calls are no messages
                cause = self._note(cause, self.path, self.path, message.arguments[0], "timer")
        elif type(message) is Terminated:
            cause = self._note(cause, message.ref.path, self.path, message, "watch")
        super().deliver_own(Carried(cause, message))

    def _carry(self, carried: Any, message: Any, kind: str) -> Carried:
        return Carried(self._note(CAUSE.get(), SENDER.get(), self.path, message, kind), carried)

    def _note(self, cause: int, sender: str, target: str, message: Any, kind: str) -> int:
        """The message's id in the trace; without a trace 0."""
        system = self.system
        if system.trace is None:
            return 0
        return system.trace.note(cause, system.clock.monotonic(), sender, target, message, kind)

    def bare(self, message: Any) -> Any:
        return message.message if type(message) is Carried else message

    def _pass(self, message: Any, put: Any) -> None:
        faults = self.system.faults
        if faults is None:
            put()
        else:
            faults.deliver(SENDER.get(), self.path, message, put)

    def dispatch(self, message: Any) -> None:
        if type(message) is not Carried:
            super().dispatch(message)
            return
        self._last = message.id
        token = CAUSE.set(message.id)
        try:
            super().dispatch(message.message)
            if self.system.faults is not None:
                self.system.faults.handled(self)
        finally:
            CAUSE.reset(token)

    def bind(self, actor: Actor) -> None:
        super().bind(actor)
        self._last = CAUSE.get()
        if self.drained is not None:
            self.drained = partial(self._drain_because, self.drained)

    def _drain_because(self, drained: Callable[[], None]) -> None:
        token = CAUSE.set(self._last)
        try:
            drained()
        finally:
            CAUSE.reset(token)

    def turn(self, quota: int = QUOTA) -> int:
        token = SENDER.set(self.path)
        try:
            return super().turn(quota if self.system.trace is None else 1)
        finally:
            SENDER.reset(token)

    def start(self) -> None:
        token = SENDER.set(self.path)
        try:
            super().start()
        finally:
            SENDER.reset(token)


def _caused_by(id_: int, deliver: Callable[[Any], None], value: Any) -> None:
    """Hand over a reply, perhaps long after it was given: what follows is caused by it."""
    token = CAUSE.set(id_)
    try:
        deliver(value)
    finally:
        CAUSE.reset(token)
