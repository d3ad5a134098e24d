"""The bound of a mailbox and what happens to a message that finds it full."""

from typing import Literal, TypeAlias

from msgspec import Struct

Overflow: TypeAlias = Literal["reject", "drop_oldest", "fail"]


class MailboxSpec(Struct, frozen=True):
    """At most `capacity` waiting messages; then, by `overflow`: `reject` the new one to the dead
    letters, `drop_oldest` (also a dead letter), or `fail` the sender with MailboxFull.

    The bound holds for messages that others tell. An actor's own timers, replies and
    notifications always get through: it asked for each of them.
    """

    capacity: int = 100_000
    overflow: Overflow = "reject"


DEFAULT_MAILBOX = MailboxSpec()
