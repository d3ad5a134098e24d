"""Async handlers, one at a time, and the tasks that belong to an actor.

While an async handler runs its actor is suspended and the mailbox rests; what stops or restarts the
actor cancels the task, and whoever asked hears of it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from actors.errors import ActorCrashed, ActorError, ActorStopped, Refusal
from actors.life import Life
from actors.message import Asked, Deferred
from actors.ref import Ref


class _Later:
    """The reply comes when the async handler ends."""


LATER: Final = _Later()


def run_async(ref: Ref[Any], coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run an async handler serially: the mailbox rests until it is done."""
    suspend_for(ref, coroutine, ref.asked)
    return LATER


def suspend_for(ref: Ref[Any], coroutine: Coroutine[Any, Any, Any], asked: Asked | None) -> None:
    """Suspend the actor until the coroutine, a handler's or a hook's, has ended."""
    ref.life = Life.SUSPENDED
    task = ref.system.loop.create_task(
        _run_serially(ref, coroutine, asked, ref.incarnation), name=f"{ref.path} handler"
    )
    own_task(ref, task, partial(_abandoned, ref, coroutine, asked))


def _abandoned(ref: Ref[Any], coroutine: Coroutine[Any, Any, Any], asked: Asked | None) -> None:
    """The handler was cancelled, perhaps before its first step."""
    coroutine.close()
    if asked is not None:
        asked.fail(ActorStopped(ref.path))


async def _run_serially(
    ref: Ref[Any], coroutine: Coroutine[Any, Any, Any], asked: Asked | None, incarnation: int
) -> None:
    error: Exception | None = None
    ref.asked = asked  # for `defer`: nothing else is handled meanwhile
    try:
        reply = await coroutine
    except Refusal as refusal:
        if asked is None:
            error = refusal
        else:
            asked.fail(refusal)
    except asyncio.CancelledError as cancelled:
        task = asyncio.current_task()
        if task is None or task.cancelling():  # by the supervisor, or by the loop's end
            raise
        error = as_failure(cancelled)
        if asked is not None:
            asked.fail(ActorCrashed(ref.path, error))
    except Exception as failure:
        if asked is not None:
            asked.fail(ActorCrashed(ref.path, failure))
        error = failure
    else:
        if asked is not None and type(reply) is not Deferred:
            asked.reply(reply)
    if incarnation != ref.incarnation or ref.life != Life.SUSPENDED:
        return
    ref.asked = None
    if error is not None:
        ref.failed(error)
        return
    ref.resume()


def own_task(
    ref: Ref[Any], task: asyncio.Task[Any], abandoned: Callable[[], None] | None = None
) -> None:
    """Let a task end with its actor; `abandoned` is called if it was cancelled."""
    if ref.tasks is None:
        ref.tasks = {}
    ref.tasks[task] = abandoned
    task.add_done_callback(partial(_disown, ref.tasks))


def _disown(
    tasks: dict[asyncio.Task[Any], Callable[[], None] | None], task: asyncio.Task[Any]
) -> None:
    abandoned = tasks.pop(task, None)
    if abandoned is not None and task.cancelled():
        abandoned()


def as_failure(error: BaseException) -> Exception:
    """A CancelledError that nobody meant for the handler must not look as if it were cancelled."""
    if isinstance(error, Exception):
        return error
    failure = ActorError("a future that the handler looked at was cancelled")
    failure.__cause__ = error
    return failure
