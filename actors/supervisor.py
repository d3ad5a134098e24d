"""Carries out supervision: restarts, escalation, and stopping in order.

A parent's strategy (`Actor.supervision`) says who restarts when one child fails; the child's
`Restart` says how often. Children stop before their parent and in the reverse order of their
spawning; so do the children of an actor that restarts.
"""

import asyncio
import inspect
from typing import Any

from actors.context import System
from actors.life import Life
from actors.message import Terminated
from actors.ref import Ref
from actors.supervision import RestartHistory


class Supervisor:
    """The supervision of one system's actors."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._under_way: dict[asyncio.Task[None], None] = {}
        self._resting: dict[asyncio.Task[None], None] = {}  # those that wait out a backoff
        self._ending: dict[Ref[Any], asyncio.Future[None]] = {}

    def failed(self, ref: Ref[Any], error: BaseException) -> None:
        """An incarnation raised `error`: restart it and those that its parent's strategy says."""
        history = ref.history
        if history is None:
            history = ref.history = RestartHistory()
        delay = history.next_delay(ref.policy, self._system.clock.monotonic())
        if delay is None:
            self._system.log.error("actor stopped", actor=ref.path, exc_info=error)
            self._begin(self._give_up(ref, error))
            return
        self._system.log.warning(
            "actor restarted",
            actor=ref.path,
            restarts=history.count,
            delay=delay,
            exc_info=error,
        )
        self._begin(self._restart(ref, ref.incarnation, error, delay))

    def stop(self, ref: Ref[Any]) -> "asyncio.Task[None]":
        """Stop an actor and all below it."""
        return self._begin(self.stop_tree(ref, None))

    async def settle(self) -> None:
        """Wait for what is under way, except for restarts that wait for their time."""
        for task in list(self._resting):
            task.cancel()
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
        parent, escalate = ref.parent, ref.policy.escalate
        await self.stop_tree(ref, error)
        if not escalate:
            return
        if parent is None:
            self._system.fatal(error)
        else:
            parent.failed(error)

    async def _restart(
        self, ref: Ref[Any], incarnation: int, error: BaseException, delay: float
    ) -> None:
        if ref.incarnation != incarnation or ref.life != Life.FAILED:
            return  # stopped since, or restarted together with another that failed
        together = self._together(ref)
        # All are marked before anything is awaited, so that failures that overlap have one restart,
        # and a later one of a larger group takes over.
        for other in together:
            other.life = Life.FAILED
            other.incarnation += 1
            other.scheduled = True
        marks = [other.incarnation for other in together]
        for other in reversed(together):
            await self._end(other, error if other is ref else None)
        if delay > 0:
            await self._rest(delay)
        for other, mark in zip(together, marks, strict=True):
            if other.life == Life.FAILED and other.incarnation == mark:
                other.start()

    async def _rest(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._resting[task] = None
        try:
            await self._system.clock.sleep(seconds)
        finally:
            del self._resting[task]

    def _together(self, ref: Ref[Any]) -> list[Ref[Any]]:
        parent = ref.parent
        strategy = "one_for_one"
        if parent is not None and parent.actor is not None:
            strategy = parent.actor.supervision
        if parent is None or strategy == "one_for_one":
            return [ref]
        siblings = [c for c in parent.children if c.life < Life.STOPPING]
        return siblings if strategy == "one_for_all" else siblings[siblings.index(ref) :]

    async def _end(self, ref: Ref[Any], error: BaseException | None) -> None:
        """Stop what belongs to the incarnation; mailbox and address stay. One at a time does it."""
        ending = self._ending.get(ref)
        while ending is not None:
            await asyncio.shield(ending)
            ending = self._ending.get(ref)
        ended = self._ending[ref] = self._system.loop.create_future()
        try:
            for child in reversed(ref.children):
                await self.stop_tree(child, None)
            await self._cancel_tasks(ref)
            await self._call_stopped(ref)
            ref.break_promises(error)
        finally:
            del self._ending[ref]
            ended.set_result(None)

    async def _call_stopped(self, ref: Ref[Any]) -> None:
        actor, ref.actor = ref.actor, None
        if actor is None:
            return
        try:
            waiting = actor.stopped()
            if inspect.isawaitable(waiting):
                await waiting
        except Exception as error:
            self._system.log.warning("stopped() failed", actor=ref.path, exc_info=error)

    async def _cancel_tasks(self, ref: Ref[Any]) -> None:
        """Cancel in the order of their making: asyncio's own order varies between processes."""
        for task in list(ref.tasks or ()):
            if task is asyncio.current_task() or task.done():
                continue
            task.cancel()
            await asyncio.wait([task])

    async def stop_tree(self, ref: Ref[Any], reason: BaseException | None) -> None:
        """Children first, last spawned first; then the actor; then its watchers hear of it.

        Who calls it a second time waits, too, until the actor has stopped.
        """
        if ref.life >= Life.STOPPING:
            while ref.life != Life.STOPPED and ref in self._ending:
                await asyncio.shield(self._ending[ref])
            return
        ref.life = Life.STOPPING
        ref.incarnation += 1
        ref.limit(-1)  # from here on no message is taken
        ref.scheduled = True
        await self._end(ref, reason)
        ref.life = Life.STOPPED
        self._empty_mailbox(ref)
        self._system.forget(ref)
        for watcher in self._system.take_watchers(ref):
            watcher.deliver_own(Terminated(ref, reason))

    def _empty_mailbox(self, ref: Ref[Any]) -> None:
        while ref.mailbox_depth:
            ref.bury(ref.take(), "stopped")
        for waiter in ref.waiters or ():
            if not waiter.done():
                waiter.set_result(None)
