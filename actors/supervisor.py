"""Carries out supervision: restarts, escalation, and stopping in order.

A parent's strategy (`Actor.supervision`) says who restarts when one child fails; the child's
`Restart` says how often. Children stop before their parent and in the reverse order of their
spawning; so do the children of an actor that restarts.
"""

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import structlog

from actors.actor import Terminated
from actors.errors import ActorStopped
from actors.message import Asked, Call
from actors.ref import Life, Ref
from actors.supervision import RestartHistory

if TYPE_CHECKING:
    from actors.system import ActorSystem

_log = structlog.get_logger("actors")


class Supervisor:
    """The supervision of one system's actors."""

    def __init__(self, system: "ActorSystem") -> None:
        self._system = system
        self._under_way: dict[asyncio.Task[None], None] = {}

    def failed(self, ref: Ref[Any], error: BaseException) -> None:
        """An incarnation raised `error`: restart it and those that its parent's strategy says."""
        history = ref._history
        if history is None:
            history = ref._history = RestartHistory()
        delay = history.next_delay(ref._policy, self._system.clock.monotonic())
        if delay is None:
            _log.error("actor stopped", actor=ref.path, error=repr(error), exc_info=error)
            self._begin(self._give_up(ref, error))
            return
        _log.warning(
            "actor restarted",
            actor=ref.path,
            error=repr(error),
            restarts=history.count,
            delay=delay,
            exc_info=error,
        )
        self._begin(self._restart(ref, delay))

    def stop(self, ref: Ref[Any]) -> "asyncio.Task[None]":
        """Stop an actor and all below it."""
        return self._begin(self.stop_tree(ref, None))

    async def settle(self) -> None:
        """Wait for what is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    def _begin(self, coroutine: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = self._system.loop.create_task(coroutine, name="supervision")
        self._under_way[task] = None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self._system.fatal(task.exception())

    async def _give_up(self, ref: Ref[Any], error: BaseException) -> None:
        parent, escalate = ref.parent, ref._policy.escalate
        await self.stop_tree(ref, error)
        if not escalate:
            return
        if parent is None:
            self._system.fatal(error)
        elif parent._life in (Life.RUNNING, Life.SUSPENDED):
            parent._failed(error)

    async def _restart(self, ref: Ref[Any], delay: float) -> None:
        together = self._together(ref)
        for other in reversed(together):
            await self._end_incarnation(other)
        if delay > 0:
            await self._system.clock.sleep(delay)
        for other in together:
            if other._life < Life.STOPPING:
                other._start()

    def _together(self, ref: Ref[Any]) -> list[Ref[Any]]:
        parent = ref.parent
        strategy = "one_for_one"
        if parent is not None and parent._actor is not None:
            strategy = parent._actor.supervision
        if parent is None or strategy == "one_for_one":
            return [ref]
        siblings = [c for c in parent.children if c._life < Life.STOPPING]
        return siblings if strategy == "one_for_all" else siblings[siblings.index(ref) :]

    async def _end_incarnation(self, ref: Ref[Any]) -> None:
        """Stop what belongs to the incarnation; mailbox and address stay."""
        if ref._life >= Life.STOPPING:
            return
        ref._life = Life.SUSPENDED
        ref._incarnation += 1
        ref._scheduled = True
        await self._end(ref)

    async def _end(self, ref: Ref[Any]) -> None:
        for child in reversed(ref.children):
            await self.stop_tree(child, None)
        await self._cancel_tasks(ref)
        actor, ref._actor = ref._actor, None
        if actor is not None:
            try:
                waiting = actor.stopped()
                if inspect.isawaitable(waiting):
                    await waiting
            except Exception as error:
                _log.warning("stopped() failed", actor=ref.path, exc_info=error)

    async def _cancel_tasks(self, ref: Ref[Any]) -> None:
        """Cancel in the order of their making: asyncio's own order varies between processes."""
        for task in list(ref._tasks or ()):
            if task is asyncio.current_task() or task.done():
                continue
            task.cancel()
            await asyncio.wait([task])

    async def stop_tree(self, ref: Ref[Any], reason: BaseException | None) -> None:
        """Children first, last spawned first; then the actor; then its watchers hear of it."""
        if ref._life >= Life.STOPPING:
            return
        ref._life = Life.STOPPING
        ref._incarnation += 1
        ref._limit(-1)  # from here on no message is taken
        ref._scheduled = True
        await self._end(ref)
        ref._life = Life.STOPPED
        self._empty_mailbox(ref)
        self._system.forget(ref)
        watchers, ref._watchers = ref._watchers, None
        for watcher in watchers or ():
            watcher._deliver_own(Terminated(ref, reason))

    def _empty_mailbox(self, ref: Ref[Any]) -> None:
        while ref.mailbox_depth:
            message = ref._take()
            if type(message) is Asked:
                message.fail(ActorStopped(ref.path))
            elif type(message) is not Call:
                self._system.dead_letter(ref, message, "stopped")
        for waiter in ref._waiters or ():
            if not waiter.done():
                waiter.set_result(None)
