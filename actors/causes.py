"""Who is sending, and which message is being handled: context variables, so that the tasks of an actor know them, too."""

from contextvars import ContextVar
from typing import Final

SENDER: Final[ContextVar[str]] = ContextVar("sender", default="")
"""The path of the actor that is having its turn; "" outside of all."""
CAUSE: Final[ContextVar[int]] = ContextVar("cause", default=0)
"""The id in the trace of the message that is being handled; 0 outside of all."""
