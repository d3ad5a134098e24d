"""The actor runtime; knows nothing of Kubernetes."""

from actors.actor import Actor, Terminated
from actors.clock import EPOCH, Clock
from actors.context import Context
from actors.errors import (
    ActorCrashed,
    ActorError,
    ActorStopped,
    AskTimeout,
    Deadlock,
    MailboxFull,
    Misuse,
    NoReply,
    Refusal,
)
from actors.inbox import Inbox
from actors.mailbox import MailboxSpec
from actors.message import Deferred, Request
from actors.ref import DEFAULT_TIMEOUT, Ref
from actors.runner import run, virtual_loop_factory
from actors.supervision import ALWAYS, NEVER, Restart
from actors.system import ActorSystem, DeadLetter
from actors.timers import Timer
from actors.virtual import VirtualLoop

__all__ = [
    "ALWAYS",
    "DEFAULT_TIMEOUT",
    "EPOCH",
    "NEVER",
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorStopped",
    "ActorSystem",
    "AskTimeout",
    "Clock",
    "Context",
    "DeadLetter",
    "Deadlock",
    "Deferred",
    "Inbox",
    "MailboxFull",
    "MailboxSpec",
    "Misuse",
    "NoReply",
    "Ref",
    "Refusal",
    "Request",
    "Restart",
    "Terminated",
    "Timer",
    "VirtualLoop",
    "run",
    "virtual_loop_factory",
]
