"""How an actor's class handles messages: one table for all actors of the class."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, cast

from actors.actor import Actor, handler_names
from actors.errors import ActorCrashed, Misuse, Refusal
from actors.message import Asked, Awaited, Call, Carried, Deferred, Requested
from actors.serial import LATER, run_async

Handler: TypeAlias = Callable[[Any, Any], Any]  # of an actor and a message


def handlers_of(actor_class: Any) -> dict[type, Handler]:
    """Message class -> handler; one table for all actors of a class.

    The class itself keeps the table: a class that was made in a function may hold all that the
    function saw, and goes with it.
    """
    known = actor_class.__dict__.get("_handler_table")
    if known is not None:
        return cast("dict[type, Handler]", known)
    table: dict[type, Handler] = {
        **dict.fromkeys((Asked, Awaited, Requested), _asked),
        Call: _call,
        Carried: special,
    }
    for message_class, (name, is_async) in handler_names(actor_class).items():
        function = getattr(actor_class, name)
        table[message_class] = _asynchronous(function) if is_async else function
    actor_class._handler_table = table
    return table


def _asynchronous(function: Callable[[Any, Any], Coroutine[Any, Any, Any]]) -> Handler:
    return lambda actor, message: run_async(actor.ctx.me, function(actor, message))


def _asked(actor: Actor, asked: Asked) -> None:
    """A request: it is replied to, unless the reply comes later."""
    me, request = actor.ctx.me, asked.request
    me.asked = asked
    try:
        handler = me.handlers.get(type(request)) or me.handler_of(type(request))
        reply = handler(actor, request)
    except Refusal as refusal:
        asked.fail(refusal)
    except Unhandled as error:
        asked.fail(Misuse(str(error)))
    except (Exception, asyncio.CancelledError) as error:
        asked.fail(ActorCrashed(me.path, error))
        raise
    else:
        if reply is not LATER and type(reply) is not Deferred:
            asked.reply(reply)
    finally:
        me.asked = None


def _call(actor: Actor, call: Call) -> None:
    """A timer, a reply, a task's end: of this incarnation, or of one that is no more."""
    if call.incarnation == actor.ctx.me.incarnation:
        call.function(*call.arguments)


def special(actor: Actor, message: Any) -> None:
    """A message in an envelope, or of a class not met before."""
    actor.ctx.me.dispatch(message)


def unhandled(actor: Actor, message: Any) -> None:
    """A message that the class has no handler for: counted, and an error for who asked."""
    ref = actor.ctx.me
    ref.system.unhandled(ref, message)
    if ref.asked is not None:
        raise Unhandled(f"{ref.path} has no handler for {type(message).__qualname__}")


class Unhandled(Exception):
    """An asked message without a handler."""
