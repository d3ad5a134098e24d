"""The actor runtime; knows nothing of Kubernetes. What it promises:

- **Order.** Between one sender and one target, messages arrive in the order in which they were sent;
  between more than two actors nothing is promised. An actor handles one message at a time, async
  handlers included.
- **At most once.** A message is handled once or not at all, and nobody sends it again. What reaches
  nobody is a dead letter; what nobody handles is counted (`dead_letters`, `unhandled_counts`).
- **Asks end.** With the reply, or with an error that says why there is none: Refusal, AskTimeout
  (after 30 s unless told otherwise), ActorStopped, ActorCrashed, MailboxFull. After a NoReply the
  request may have had its effect.
- **A crash loses** the actor's state, the message being handled, its timers, its tasks and the
  replies that it awaited or owed. It keeps its address, mailbox, watchers and groups. Its children
  stop. The next incarnation begins when the last one has ended, and never beside it.
- **Restarts** follow the parent's strategy and the child's intensity, with a log line each; a child
  that fails too often stops, and its parent fails in its turn. A failure that nobody is left to
  handle is raised at the end of the system's block.
- **Mailboxes are bounded.** `tell` follows the mailbox's overflow policy, `send` waits, `offer`
  answers False. What an actor asked for itself (timers, replies, notifications) always gets through.
- **Shutdown is ordered.** Children stop before their parent, the last spawned first; then watchers
  are told.
- **Determinism.** In virtual time a run is a function of program and seed: ids, jitter, and with
  `order="seeded"` who of the ready actors is next, in any process and on any supported Python. A
  system in which nobody can ever run again raises Deadlock.
- **Not paid for unless used.** Trace and faults change the class of a system's refs; without them
  there is no check on the message path.
"""

from typing import TYPE_CHECKING

from actors.late import late

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.clock import EPOCH, Clock
    from actors.context import Context, System
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
    from actors.faults import FOREVER, Crash, Fault, FaultPlan, MessageFault, Partition, Pause
    from actors.inbox import Inbox
    from actors.mailbox import MailboxSpec
    from actors.message import Deferred, Request, Terminated
    from actors.ref import DEFAULT_TIMEOUT, Ref
    from actors.runner import run, virtual_loop_factory
    from actors.statistics import ActorStatistics
    from actors.supervision import ALWAYS, NEVER, Restart
    from actors.system import ActorSystem, DeadLetter
    from actors.timers import Timer
    from actors.trace import Trace, TraceEntry
    from actors.virtual import VirtualLoop

__all__ = [
    "ALWAYS",
    "DEFAULT_TIMEOUT",
    "EPOCH",
    "FOREVER",
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
    "System",
    "Terminated",
    "Timer",
    "Trace",
    "TraceEntry",
    "VirtualLoop",
    "run",
    "virtual_loop_factory",
]

__getattr__, __dir__ = late(
    __name__,
    {
        "actors.actor": ["Actor"],
        "actors.clock": ["EPOCH", "Clock"],
        "actors.context": ["Context", "System"],
        "actors.errors": [
            "ActorCrashed",
            "ActorError",
            "ActorStopped",
            "AskTimeout",
            "Deadlock",
            "MailboxFull",
            "Misuse",
            "NoReply",
            "Refusal",
        ],
        "actors.faults": [
            "FOREVER",
            "Crash",
            "Fault",
            "FaultPlan",
            "MessageFault",
            "Partition",
            "Pause",
        ],
        "actors.inbox": ["Inbox"],
        "actors.mailbox": ["MailboxSpec"],
        "actors.message": ["Deferred", "Request", "Terminated"],
        "actors.ref": ["DEFAULT_TIMEOUT", "Ref"],
        "actors.runner": ["run", "virtual_loop_factory"],
        "actors.supervision": ["ALWAYS", "NEVER", "Restart"],
        "actors.statistics": ["ActorStatistics"],
        "actors.system": ["ActorSystem", "DeadLetter"],
        "actors.timers": ["Timer"],
        "actors.trace": ["Trace", "TraceEntry"],
        "actors.virtual": ["VirtualLoop"],
    },
)
