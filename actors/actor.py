"""The base of all actors, and how its handlers are found.

Every method named `on_*` whose first parameter is annotated with a message class, or a union of
them, handles those messages. The table is made once per class. A message of a subclass goes to its
nearest base's handler.
"""

import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from actors.errors import Misuse
from actors.supervision import Strategy

if TYPE_CHECKING:
    from actors.context import Context


class Actor:
    """State that one handler at a time may touch. Subclasses add handlers named `on_*`.

    An instance is one incarnation: after a failure the factory makes a new one.
    """

    ctx: "Context"
    supervision: ClassVar[Strategy] = "one_for_one"  # who restarts when one child fails
    _handler_names: ClassVar[dict[type, tuple[str, bool]]]
    _handler_table: ClassVar[dict[type, Callable[[Any, Any], Any]]]

    def started(self) -> Awaitable[None] | None:
        """Called before the first message of every incarnation; may be `async`."""
        return None

    def stopped(self) -> Awaitable[None] | None:
        """Called after the last message, when the actor stops or restarts; may be `async`."""
        return None

    def drained(self) -> None:
        """Called once after each slice of messages that was handled: a place for batching."""

    def depths(self) -> Mapping[str, int]:
        """How many wait in queues of its own, beside the mailbox; measured often, so it is cheap."""
        return {}


def handler_names(actor_class: type[Actor]) -> dict[type, tuple[str, bool]]:
    """For each message class: the handler's method name, and whether it is async.

    Raises Misuse for a handler whose parameter is not annotated, or two for one message.
    """
    known = actor_class.__dict__.get("_handler_names")
    if known is not None:
        return typing.cast("dict[type, tuple[str, bool]]", known)
    table: dict[type, tuple[str, bool]] = {}
    for name in sorted(n for n in dir(actor_class) if n.startswith("on_")):
        function = getattr(actor_class, name)
        if not callable(function):
            continue
        for message_class in _message_classes(actor_class, name, function):
            if message_class in table:
                raise Misuse(
                    f"{actor_class.__qualname__}: {table[message_class][0]} and {name} both "
                    f"handle {message_class.__qualname__}"
                )
            table[message_class] = (name, inspect.iscoroutinefunction(function))
    actor_class._handler_names = table
    return table


def _message_classes(
    actor_class: type[Actor], name: str, function: Callable[..., Any]
) -> list[type]:
    parameters = list(inspect.signature(function).parameters)[1:]
    if len(parameters) != 1:
        raise Misuse(f"{actor_class.__qualname__}.{name}: a handler takes one message")
    hint = typing.get_type_hints(function).get(parameters[0])
    if hint is None:
        raise Misuse(f"{actor_class.__qualname__}.{name}: annotate the message's class")
    return _classes_of(hint)


def _classes_of(hint: Any) -> list[type]:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return [c for part in typing.get_args(hint) for c in _classes_of(part)]
    return [origin or hint]
