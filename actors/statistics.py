"""What an actor system tells of each of its actors."""

from collections.abc import Mapping

from msgspec import Struct


class ActorStatistics(Struct, frozen=True):
    """One actor's figures. `rate` is in messages a second since the look before (or the start);
    `queues` are the actor's own, by name.
    """

    path: str
    mailbox_depth: int
    handled: int
    restarts: int
    rate: float
    queues: Mapping[str, int]
