"""The ref of a system with a trace or with faults: its deliveries are looked at.

It takes the place of `Ref` for a whole system, so a system without either pays nothing. Every message
travels in an envelope with its id in the trace; who is sending, and which message is being handled,
are context variables, so that the tasks of an actor know them, too.
"""

from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from actors.message import Asked, Call
from actors.ref import QUOTA, Ref

SENDER: Final[ContextVar[str]] = ContextVar("sender", default="")
CAUSE: Final[ContextVar[int]] = ContextVar("cause", default=0)


class _Carried:
    """A message on its way, with its id in the trace."""

    __slots__ = ("id", "message")

    def __init__(self, id_: int, message: Any) -> None:
        self.id = id_
        self.message = message


class ObservedRef(Ref[Any]):
    """A ref whose messages pass the system's faults and are noted in its trace."""

    __slots__ = ()

    def tell(self, message: Any) -> None:
        carried = self._carry(message, message, "tell")
        self._pass(message, partial(super().tell, carried))

    def offer(self, message: Any) -> bool:
        if self.system.faults is None:
            return super().offer(self._carry(message, message, "tell"))
        if self._capacity <= self.mailbox_depth:
            return False
        self.tell(message)
        return True

    def _deliver_request(self, asked: Asked) -> None:
        # The asker's own is not answered before the reply has come: it may be lost on the way.
        sender = SENDER.get()
        asked_here = Asked(
            asked.request,
            partial(self._answer, sender, asked.reply),
            partial(self._answer, sender, asked.fail),
        )
        carried = self._carry(asked_here, asked.request, "ask")
        self._pass(asked.request, partial(super()._deliver_request, carried))  # type: ignore[arg-type]

    def _answer(self, sender: str, deliver: Any, value: Any) -> None:
        """The reply is a message of its own, the other way."""
        system = self.system
        if system.trace is not None:
            name = type(value).__name__
            id_ = system.trace.note(
                CAUSE.get(), system.clock.monotonic(), self.path, sender, name, "reply"
            )
            token = CAUSE.set(id_)
            try:
                self._reply(sender, deliver, value)
            finally:
                CAUSE.reset(token)
        else:
            self._reply(sender, deliver, value)

    def _reply(self, sender: str, deliver: Any, value: Any) -> None:
        faults = self.system.faults
        if faults is None:
            deliver(value)
        else:
            faults.deliver(self.path, sender, value, partial(deliver, value))

    def _deliver_own(self, message: Any) -> None:
        if type(message) is Call and message.cause == 0:
            message.cause = CAUSE.get()
        super()._deliver_own(_Carried(message.cause if type(message) is Call else 0, message))

    def _carry(self, carried: Any, message: Any, kind: str) -> _Carried:
        system = self.system
        id_ = 0
        if system.trace is not None:
            id_ = system.trace.note(
                CAUSE.get(),
                system.clock.monotonic(),
                SENDER.get(),
                self.path,
                type(message).__name__,
                kind,
            )
        return _Carried(id_, carried)

    def _pass(self, message: Any, put: Any) -> None:
        faults = self.system.faults
        if faults is None:
            put()
        else:
            faults.deliver(SENDER.get(), self.path, message, put)

    def _dispatch(self, message: Any) -> None:
        if type(message) is not _Carried:
            super()._dispatch(message)
            return
        token = CAUSE.set(message.id)
        try:
            super()._dispatch(message.message)
            if self.system.faults is not None:
                self.system.faults.handled(self)
        finally:
            CAUSE.reset(token)

    def _turn(self, quota: int = QUOTA) -> int:
        token = SENDER.set(self.path)
        try:
            return super()._turn(quota)
        finally:
            SENDER.reset(token)

    def _start(self) -> None:
        token = SENDER.set(self.path)
        try:
            super()._start()
        finally:
            SENDER.reset(token)
