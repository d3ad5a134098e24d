"""What an actor may use: its place in the tree, time, chance, identifiers, timers, requests."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from actors.box import Host
from actors.causes import CAUSE
from actors.clock import Clock
from actors.errors import Misuse
from actors.faults import Faults
from actors.mailbox import DEFAULT_MAILBOX, MailboxSpec
from actors.message import Call, Deferred, Request, Requested
from actors.ref import DEFAULT_TIMEOUT, Ref
from actors.serial import own_task
from actors.statistics import ActorStatistics
from actors.supervision import Restart
from actors.timers import Timer, TimerQueue
from actors.trace import Trace

R = TypeVar("R")

# A UUID of version 4: which of its bits chance says, and what the others are.
_CHANCE: Final = ~(0xF << 76 | 0x3 << 62)
_VERSION_4: Final = 4 << 76 | 2 << 62

Factory: TypeAlias = Callable[[], Any]  # of an Actor, which this file lies below


class System(Host, Protocol):
    """The system as its actors see it, and as those who look after them do; `ActorSystem` is one."""

    name: str
    seed: int
    clock: Clock
    timers: TimerQueue
    log: Any
    observed: bool
    trace: Trace | None
    dead_letter_count: int
    faults: Faults | None

    def spawn(
        self,
        factory: Factory,
        name: str,
        *,
        parent: Ref[Any] | None = None,
        mailbox: MailboxSpec = DEFAULT_MAILBOX,
        restart: Restart | None = None,
    ) -> Ref[Any]:
        """Start an actor at the top of the tree, or below `parent`."""

    def unique_name(self, prefix: str) -> str:
        """`prefix-1`, `prefix-2`, ..."""

    def find(self, path: str) -> Ref[Any] | None:
        """The living actor at a path, or None."""

    def ref(self, path: str) -> Ref[Any]:
        """The living actor at a path."""

    def refs(self) -> list[Ref[Any]]:
        """All living actors."""

    def stop_actor(self, ref: Ref[Any]) -> "asyncio.Task[None]":
        """Begin to stop an actor and all below it."""

    def crash(self, ref: Ref[Any], error: BaseException | None = None) -> None:
        """Make an actor's incarnation fail now."""

    def watch(self, ref: Ref[Any], watcher: Ref[Any]) -> None:
        """Tell `watcher` when `ref` stops."""

    def unwatch(self, ref: Ref[Any], watcher: Ref[Any]) -> None:
        """Take `watch` back."""

    def take_watchers(self, ref: Ref[Any]) -> tuple[Ref[Any], ...]:
        """Who watches an actor; from now on they do not."""

    def join(self, group: str, ref: Ref[Any]) -> None:
        """Make an actor a member of a group."""

    def leave(self, group: str, ref: Ref[Any]) -> None:
        """Take `join` back."""

    def members(self, group: str) -> tuple[Ref[Any], ...]:
        """The members of a group."""

    def make_context(self, ref: Ref[Any]) -> "Context":
        """The context of a new incarnation."""

    def failed(self, ref: Ref[Any], error: BaseException) -> None:
        """An incarnation raised `error`."""

    def forget(self, ref: Ref[Any]) -> None:
        """Take a stopped actor out of the tree."""

    def fatal(self, error: BaseException | None) -> None:
        """A failure that nobody handles."""

    def stats(self) -> list[ActorStatistics]:
        """Every living actor."""

    def tree(self) -> str:
        """The tree of actors as indented text."""


class Context:
    """The context of one incarnation of one actor."""

    __slots__ = ("_incarnation", "_log", "_random", "clock", "me", "path", "system")

    def __init__(self, me: Ref[Any], incarnation: int) -> None:
        self.me = me
        self.path = me.path
        self.system: System = me.system
        self.clock: Clock = me.system.clock
        self._incarnation = incarnation
        self._random: random.Random | None = None
        self._log: Any = None

    # --- chance, identity, log -------------------------------------------------------------

    @property
    def random(self) -> random.Random:
        """This incarnation's own source, seeded from the system's seed and the path."""
        if self._random is None:
            seed = f"{self.system.seed}:{self.path}:{self._incarnation}"
            digest = hashlib.blake2b(seed.encode(), digest_size=16).digest()
            self._random = random.Random(int.from_bytes(digest))
        return self._random

    def uid(self) -> str:
        """A version 4 UUID (RFC 9562) from `random`."""
        number = (self._random or self.random).getrandbits(128) & _CHANCE | _VERSION_4
        text = number.to_bytes(16).hex(
            "-", -2
        )  # every two bytes apart: some of them belong together
        return f"{text[:4]}{text[5:29]}{text[30:34]}{text[35:]}"

    @property
    def log(self) -> Any:
        """A structlog logger bound to the actor's path."""
        if self._log is None:
            self._log = self.system.log.bind(actor=self.path)
        return self._log

    # --- the tree --------------------------------------------------------------------------

    def spawn(
        self,
        factory: Factory,
        name: str,
        *,
        mailbox: MailboxSpec = DEFAULT_MAILBOX,
        restart: Restart | None = None,
    ) -> Ref[Any]:
        """Start a child. Raises Misuse when the name is taken."""
        return self.system.spawn(factory, name, parent=self.me, mailbox=mailbox, restart=restart)

    def stop(self, ref: Ref[Any] | None = None) -> None:
        """Stop an actor (this one when None) with all below it, in the background."""
        self.system.stop_actor(self.me if ref is None else ref)

    def watch(self, ref: Ref[Any]) -> None:
        """Be told `Terminated(ref, reason)` when the actor stops for good."""
        self.system.watch(ref, self.me)

    def unwatch(self, ref: Ref[Any]) -> None:
        """Take `watch` back."""
        self.system.unwatch(ref, self.me)

    def join(self, group: str) -> None:
        """Become a member of a named group, until `leave` or the end."""
        self.system.join(group, self.me)

    def leave(self, group: str) -> None:
        """Leave a group; nothing happens when not a member."""
        self.system.leave(group, self.me)

    def members(self, group: str) -> tuple[Ref[Any], ...]:
        """The members of a group, in the order in which they joined."""
        return self.system.members(group)

    # --- time ------------------------------------------------------------------------------

    def after(self, seconds: float, message: object) -> Timer:
        """Tell this actor `message` after `seconds`; dropped when it restarts before."""
        return self.call_after(seconds, self.me.dispatch, message)

    def call_after(self, seconds: float, function: Callable[..., Any], *args: Any) -> Timer:
        """Run a function in this actor's own turn after `seconds`."""
        call = Call(function, args, self._incarnation)
        if self.system.observed:
            call.cause = CAUSE.get()
        at = self.clock.monotonic() + max(0.0, seconds)
        return self.system.timers.at(at, partial(self.me.deliver_own, call))

    def every(self, seconds: float, message: object) -> Timer:
        """Tell this actor `message` every `seconds`, until the timer is cancelled.

        Raises Misuse when `seconds` is not above zero.
        """
        return self.call_every(seconds, self.me.dispatch, message)

    def call_every(
        self,
        seconds: float,
        function: Callable[..., Any],
        *args: Any,
        first: float | None = None,
        unless: Callable[[], bool] | None = None,
    ) -> Timer:
        """Run a function in this actor's own turn every `seconds`, until the timer is cancelled; the
        first time after `first` seconds, if that is given. Raises Misuse when `seconds` is not above zero.

        `unless` spares the turn when it holds; it is asked outside of the actor's turns, and must change
        nothing.
        """
        if not seconds > 0:
            raise Misuse(f"a timer cannot repeat every {seconds:g} s")
        call = Call(function, args, self._incarnation)
        call.cause = CAUSE.get() if self.system.observed else 0
        again = _Again(self.me, call, unless)
        at = self.clock.monotonic() + (seconds if first is None else max(0.0, first))
        again.timer = self.system.timers.at(at, again, seconds)
        return again.timer

    # --- requests --------------------------------------------------------------------------

    def request(
        self,
        ref: Ref[Any],
        request: Request[R],
        then: Callable[[R], Any] | None,
        failed: Callable[[BaseException], Any] | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> None:
        """Ask without awaiting: `then(reply)` runs in this actor's own turn (None: no matter).

        `failed(error)` gets Refusal, AskTimeout, ActorStopped or ActorCrashed; without it the
        error is raised in this actor's turn, which its supervisor then hears of.
        """
        system = self.system
        cause = CAUSE.get() if system.observed else 0
        asked = Requested(request, self.me, self._incarnation, then, failed or _raise, cause)
        system.deadlines.add(timeout, asked, ref, self.path)
        ref.deliver_request(asked)

    def defer(self) -> Deferred[Any]:
        """The later reply to the request being handled; return it from the handler."""
        return self.me.defer()

    def task(self, coroutine: Coroutine[Any, Any, R], name: str = "task") -> "asyncio.Task[R]":
        """Run a coroutine that belongs to this actor: cancelled when it stops or restarts.

        An exception that escapes it fails the actor.
        """
        task = self.system.loop.create_task(coroutine, name=f"{self.path} {name}")
        own_task(self.me, task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: "asyncio.Task[Any]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.me.deliver_own(Call(_raise, (error,), self._incarnation))


class _Again:
    """Delivers the same call each time, as long as the incarnation lives that asked for it."""

    __slots__ = ("_call", "_me", "_unless", "timer")

    timer: Timer

    def __init__(self, me: Ref[Any], call: Call, unless: Callable[[], bool] | None) -> None:
        self._me = me
        self._call = call
        self._unless = unless

    def __call__(self) -> None:
        if self._call.incarnation != self._me.incarnation:
            self.timer.cancel()
        elif self._unless is None or not self._unless():
            self._me.deliver_own(self._call)


def _raise(error: BaseException) -> None:
    raise error
