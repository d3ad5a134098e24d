"""What the process says of itself to people who look into it: its actors, at `/debug/actors`.

Kubernetes has `/debug/pprof`; a process of actors has their tree instead. Figures are counts since an
actor's start, so that each reader makes rates of its own from two looks.
"""

from collections.abc import Mapping

from msgspec import Struct

from actors import System


class ActorFigures(Struct, frozen=True, rename="camel"):
    """One actor: where it is, what waits for it, what it has done. `queues` are those of its own."""

    path: str
    mailbox_depth: int
    handled: int
    restarts: int
    queues: Mapping[str, int] = {}


class ActorsPage(Struct, frozen=True, rename="camel"):
    """All living actors in spawn order. `now` is the cluster's time in seconds since the epoch."""

    now: float
    dead_letters: int
    actors: tuple[ActorFigures, ...]


def actors_page(system: System) -> ActorsPage:
    """The actors of a system as they are at this moment."""
    return ActorsPage(
        now=system.clock.now(),
        dead_letters=system.dead_letter_count,
        actors=tuple(
            ActorFigures(
                path=each.path,
                mailbox_depth=each.mailbox_depth,
                handled=each.handled,
                restarts=each.restarts,
                queues=each.queues,
            )
            for each in system.stats()
        ),
    )
