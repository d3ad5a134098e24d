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
from actors.faults import Crash, Fault, FaultPlan, MessageFault, Partition, Pause
from actors.inbox import Inbox
from actors.mailbox import MailboxSpec
from actors.message import Deferred, Request
from actors.ref import DEFAULT_TIMEOUT, Ref
from actors.runner import run, virtual_loop_factory
from actors.supervision import ALWAYS, NEVER, Restart
from actors.system import ActorStatistics, ActorSystem, DeadLetter
from actors.timers import Timer
from actors.trace import Trace, TraceEntry
from actors.virtual import VirtualLoop

__all__ = [
    "ALWAYS",
    "DEFAULT_TIMEOUT",
    "EPOCH",
    "NEVER",
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorStatistics",
    "ActorStopped",
    "ActorSystem",
    "AskTimeout",
    "Clock",
    "Context",
    "Crash",
    "DeadLetter",
    "Deadlock",
    "Deferred",
    "Fault",
    "FaultPlan",
    "Inbox",
    "MailboxFull",
    "MailboxSpec",
    "MessageFault",
    "Misuse",
    "NoReply",
    "Partition",
    "Pause",
    "Ref",
    "Refusal",
    "Request",
    "Restart",
    "Terminated",
    "Timer",
    "Trace",
    "TraceEntry",
    "VirtualLoop",
    "run",
    "virtual_loop_factory",
]
