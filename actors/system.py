"""The actor system: the run-queue, the tree of actors, and what they share."""

import asyncio
import contextvars
import random
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Literal

from actors.actor import Actor
from actors.cell import Cell
from actors.clock import Clock
from actors.context import Context
from actors.deadlines import Deadlines
from actors.errors import Misuse
from actors.faults import FaultPlan, Faults
from actors.inbox import Inbox
from actors.life import Life
from actors.log import new_log
from actors.mailbox import DEFAULT_MAILBOX, MailboxSpec
from actors.message import Terminated
from actors.observed import ObservedCell
from actors.ref import Ref
from actors.statistics import ActorStatistics
from actors.supervision import Restart
from actors.supervisor import Supervisor
from actors.timers import TimerQueue
from actors.trace import Trace
from actors.virtual import VirtualLoop

BUDGET: Final = 400  # messages in one tick of the event loop, before I/O has its turn
SPARE_MAILBOXES: Final = 1024  # empty deques that are kept for the next actor that needs one
_DEFAULT_RESTART: Final = Restart()


class DeadLetter:
    """A message that reached nobody: for whom, what, and why."""

    __slots__ = ("message", "reason", "target")

    def __init__(self, target: str, message: Any, reason: str) -> None:
        self.target = target
        self.message = message
        self.reason = reason


class ActorSystem:
    """`async with ActorSystem() as system`: actors live inside the block and stop at its end.

    `on_answer` is told of every request that was answered: the request, how many seconds of the
    system's clock the asker waited, and whether it failed. `logger` names the logger of the standard
    `logging` tree that hears of what goes wrong (see `actors.log`).
    """

    def __init__(
        self,
        name: str = "system",
        *,
        seed: int = 0,
        order: Literal["fifo", "seeded"] = "fifo",
        faults: FaultPlan | None = None,
        trace: bool = False,
        logger: str = "actors",
        on_answer: Callable[[Any, float, bool], None] | None = None,
    ) -> None:
        self.name = name
        self.seed = seed
        self.order = order
        self.awake = False
        self.ready: deque[Cell] = deque()
        self.spare_mailboxes: deque[deque[Any]] = deque(maxlen=SPARE_MAILBOXES)
        self._groups: dict[str, dict[Ref[Any], None]] = {}
        self._joined: dict[Ref[Any], dict[str, None]] = {}  # what groups each member is in
        self.dead_letters: deque[DeadLetter] = deque(maxlen=1000)
        self.dead_letter_count = 0
        self.unhandled_counts: Counter[str] = Counter()
        self.supervisor = Supervisor(self)
        self._roots: dict[str, Ref[Any]] = {}
        self._paths: dict[str, Ref[Any]] = {}
        self._watched: dict[Ref[Any], dict[Ref[Any], None]] = {}  # whom each watcher watches
        self._numbers: Counter[str] = Counter()
        self.log = new_log(logger)
        self._fatal: BaseException | None = None
        self._plan = faults
        self.faults: Faults | None = None
        self.trace = Trace() if trace else None
        self.on_answer = on_answer
        self.observed = trace or faults is not None
        self._cell: type[Cell] = ObservedCell if self.observed else Cell
        self._order = random.Random(f"{seed}:order")

    async def __aenter__(self) -> "ActorSystem":
        self.loop = asyncio.get_running_loop()
        # What runs in the run-queue was caused by many: it must not inherit whoever woke it.
        self._context = contextvars.copy_context()
        self.clock = Clock(self.loop)
        self.timers = TimerQueue(self.loop, self._run)
        self._looked: tuple[dict[str, int], float] = ({}, self.clock.monotonic())
        self.deadlines = Deadlines(self.loop, self.timers, self.on_answer)
        if isinstance(self.loop, VirtualLoop):
            self.loop.explain.append(self._explain)
        if self._plan is not None:
            self.faults = Faults(self, self._plan)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        if self._fatal is not None and error is None:
            raise self._fatal

    async def stop(self) -> None:
        """Stop all actors, the last spawned first."""
        for ref in reversed(list(self._roots.values())):
            await self.supervisor.stop_tree(ref, None)
        await self.supervisor.settle()
        self.timers.close()
        self.deadlines.close()
        if isinstance(self.loop, VirtualLoop) and self._explain in self.loop.explain:
            self.loop.explain.remove(self._explain)

    # --- the tree --------------------------------------------------------------------------

    def spawn(
        self,
        factory: Callable[[], Actor],
        name: str,
        *,
        parent: Ref[Any] | None = None,
        mailbox: MailboxSpec = DEFAULT_MAILBOX,
        restart: Restart | None = None,
    ) -> Ref[Any]:
        """Start an actor at the top of the tree, or below `parent`. Raises Misuse."""
        if parent is not None and parent.life >= Life.STOPPING:
            raise Misuse(f"{parent.path} is stopping: it can have no more children")
        siblings = self._roots if parent is None else parent.below
        if siblings is None:
            assert parent is not None
            siblings = parent.below = {}
        if name in siblings:
            raise Misuse(f"{siblings[name].path} exists already")
        if not name or "/" in name:
            raise Misuse(f"{name!r} is no actor's name: it must not be empty or hold a slash")
        ref = self._cell(self, parent, name, factory, mailbox, restart or _DEFAULT_RESTART)
        siblings[name] = self._paths[ref.path] = ref
        ref.start()
        return ref

    def find(self, path: str) -> Ref[Any] | None:
        """The living actor at a path, or None."""
        return self._paths.get(path)

    def ref(self, path: str) -> Ref[Any]:
        """The living actor at a path. Raises Misuse."""
        found = self._paths.get(path)
        if found is None:
            raise Misuse(f"there is no actor at {path}")
        return found

    def refs(self) -> list[Ref[Any]]:
        """All living actors, in the order in which they were spawned."""
        return list(self._paths.values())

    def stop_actor(self, ref: Ref[Any]) -> "asyncio.Task[None]":
        """Begin to stop an actor and all below it; await the task to see it done."""
        return self.supervisor.stop(ref)

    def crash(self, ref: Ref[Any], error: BaseException | None = None) -> None:
        """Make an actor's incarnation fail now, as if a handler had raised `error`."""
        if ref.life < Life.FAILED:
            ref.failed(error or RuntimeError("crashed on purpose"))

    def failed(self, ref: Ref[Any], error: BaseException) -> None:
        """An incarnation raised `error`: the supervisor decides."""
        self.supervisor.failed(ref, error)

    def forget(self, ref: Ref[Any]) -> None:
        """Take a stopped actor out of the tree."""
        self._paths.pop(ref.path, None)
        siblings = self._roots if ref.parent is None else ref.parent.below
        if siblings is not None:
            siblings.pop(ref.name, None)
        for group in self._joined.pop(ref, ()):
            self._take_out(group, ref)
        for watched in self._watched.pop(ref, ()):
            self.unwatch(watched, ref)

    def join(self, group: str, ref: Ref[Any]) -> None:
        """Make an actor a member of a named group."""
        self._groups.setdefault(group, {})[ref] = None
        self._joined.setdefault(ref, {})[group] = None

    def leave(self, group: str, ref: Ref[Any]) -> None:
        """Take `join` back; nothing happens when it is no member."""
        if self._joined.get(ref, {}).pop(group, "") is None:
            self._take_out(group, ref)

    def members(self, group: str) -> tuple[Ref[Any], ...]:
        """The members of a group, in the order in which they joined."""
        return tuple(self._groups.get(group, ()))

    def _take_out(self, group: str, ref: Ref[Any]) -> None:
        members = self._groups[group]
        del members[ref]
        if not members:
            del self._groups[group]

    def watch(self, ref: Ref[Any], watcher: Ref[Any]) -> None:
        """Tell `watcher` Terminated when `ref` stops; at once if it has stopped."""
        if ref.life == Life.STOPPED:
            watcher.deliver_own(Terminated(ref, None))
            return
        if ref.watchers is None:
            ref.watchers = {}
        ref.watchers[watcher] = None
        self._watched.setdefault(watcher, {})[ref] = None

    def unwatch(self, ref: Ref[Any], watcher: Ref[Any]) -> None:
        """Take `watch` back."""
        if ref.watchers is not None:
            ref.watchers.pop(watcher, None)
        if watcher in self._watched:
            self._watched[watcher].pop(ref, None)

    def take_watchers(self, ref: Ref[Any]) -> tuple[Ref[Any], ...]:
        """Who watches an actor, in order; from now on they do not."""
        watchers, ref.watchers = ref.watchers or {}, None
        for watcher in watchers:
            self._watched[watcher].pop(ref, None)
        return tuple(watchers)

    def inbox(
        self, capacity: int = 1024, *, weigh: Callable[[Any], int] | None = None, most: int = 0
    ) -> Inbox:
        """A mailbox for code that is not an actor. `weigh` and `most` bound it by what its messages weigh."""
        return Inbox(self, capacity, weigh, most)

    def unique_name(self, prefix: str) -> str:
        """`prefix-1`, `prefix-2`, ..."""
        self._numbers[prefix] += 1
        return f"{prefix}-{self._numbers[prefix]}"

    def make_context(self, ref: Ref[Any]) -> Context:
        """The context of a new incarnation."""
        return Context(ref, ref.incarnation)

    # --- the run-queue ---------------------------------------------------------------------

    def wake(self) -> None:
        """The run-queue has become non-empty: one event-loop callback for all of it."""
        self.awake = True
        if not self.timers.wake():
            self.loop.call_soon(self._run, context=self._context)

    def _run(self) -> int:
        """Let the ready actors have their turns; answers how many messages were handled."""
        ready, budget = self.ready, BUDGET
        if self.order == "seeded":
            budget = self._run_in_seeded_order()
        else:
            take = ready.popleft
            while ready and budget > 0:
                budget -= take().turn()
        if ready:
            self.loop.call_soon(self._run, context=self._context)
        else:
            self.awake = False
        return BUDGET - budget

    def _run_in_seeded_order(self) -> int:
        """Any ready actor may be next, one message at a time; its own messages stay in order.

        Answers what is left of the budget.
        """
        ready, budget = self.ready, BUDGET
        while ready and budget > 0:
            ready.rotate(self._order.randrange(len(ready)))
            budget -= ready.popleft().turn(1)
        return budget

    def pause(self, ref: Ref[Any]) -> None:
        """Let an actor handle nothing until `resume`; its messages wait."""
        ref.pause()

    def resume(self, ref: Ref[Any]) -> None:
        """End a pause."""
        ref.unpause()

    # --- looking in ------------------------------------------------------------------------

    def stats(self) -> list[ActorStatistics]:
        """Every living actor: its mailbox, messages handled, restarts, in spawn order."""
        now = self.clock.monotonic()
        before, since = self._looked
        seconds = now - since
        self._looked = ({r.path: r.handled for r in self._paths.values()}, now)
        return [
            ActorStatistics(
                path=r.path,
                mailbox_depth=r.mailbox_depth,
                handled=r.handled,
                restarts=r.restarts,
                rate=(r.handled - before.get(r.path, 0)) / seconds if seconds > 0 else 0.0,
                queues=r.depths,
            )
            for r in self._paths.values()
        ]

    def tree(self) -> str:
        """The tree of actors as indented text, with mailbox depths and restarts."""
        lines: list[str] = []

        def draw(ref: Ref[Any], depth: int) -> None:
            notes = [f"{ref.mailbox_depth} waiting"] if ref.mailbox_depth else []
            notes += [f"{ref.restarts} restarts"] if ref.restarts else []
            note = f" ({', '.join(notes)})" if notes else ""
            lines.append("  " * depth + ref.name + note)
            for child in ref.children:
                draw(child, depth + 1)

        for root in self._roots.values():
            draw(root, 0)
        return "\n".join(lines)

    # --- what goes wrong -------------------------------------------------------------------

    def dead_letter(self, target: Ref[Any], message: Any, reason: str) -> None:
        """Count and keep a message that reached nobody."""
        self.dead_letter_count += 1
        self.dead_letters.append(DeadLetter(target.path, message, reason))

    def unhandled(self, target: Ref[Any], message: Any) -> None:
        """Count a message that the actor has no handler for."""
        self.unhandled_counts[f"{target.path} {type(message).__qualname__}"] += 1
        self.log.warning("unhandled message", actor=target.path, message=type(message).__name__)

    def fatal(self, error: BaseException | None) -> None:
        """A failure that nobody handles: raised at the end of the system's block."""
        if self._fatal is None and error is not None:
            self._fatal = error

    def _explain(self) -> str:
        lines = self.deadlines.waiting()
        for ref in self._paths.values():
            lines += ref.stuck()
        if self._fatal is not None:
            lines.append(f"an actor that nobody restarts has failed: {self._fatal!r}")
        return "\n".join(lines)
