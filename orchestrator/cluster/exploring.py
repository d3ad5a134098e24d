"""One test body under many seeded schedules and faults: the first that breaks it, made small.

Each seed decides in which order ready actors run and which faults befall the cluster, so a seed that
breaks the body breaks it again. What broke it is then shrunk: faults that are not needed go, and so
does the seeded order. Nothing here knows what is right; the body says it, and must allow for time (a
crashed component needs some seconds to come back).
"""

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec.structs import replace

import actors
from actors import Crash, Fault, FaultPlan, MessageFault, Pause
from orchestrator.cluster.cluster import Cluster

Body: TypeAlias = Callable[[Cluster], Awaitable[object]]
Order: TypeAlias = Literal["fifo", "seeded"]
Trouble: TypeAlias = Literal["crash", "pause", "drop", "delay", "duplicate", "reorder"]

TROUBLES: Final[tuple[Trouble, ...]] = ("crash", "pause", "drop", "delay", "duplicate", "reorder")
# The actors that trouble befalls; their messages go to and come from the API server.
COMPONENTS: Final = (
    "/apiserver",
    "/controllers",
    "/controllers/*",
    "/scheduler",
    "/nodes/*/kubelet",
    "/nodes/*/proxy",
)
_WITHIN_SECONDS: Final = 30.0  # faults begin within so many seconds of the cluster's start


class Broken(AssertionError):
    """A seed breaks the body: `faults` and `order` are what is left of its trouble after shrinking.

    The error of the smallest history is the cause (`__cause__`); `replay` brings that history back.
    """

    def __init__(
        self,
        seed: int,
        faults: tuple[Fault, ...],
        order: Order,
        error: Exception,
        tried: int,
    ) -> None:
        listed = "".join(f"\n  {fault}" for fault in faults) or " none: the body fails by itself"
        super().__init__(
            f"seed {seed} breaks it ({tried} tried), {_named(error)}\n"
            f"order: {order}; faults:{listed}\n"
            f"to see it again: replay(body, seed={seed}, order={order!r}, faults={faults!r})"
        )
        self.seed = seed
        self.faults = faults
        self.order = order


def explore(
    body: Body,
    *,
    seeds: int | Iterable[int] = 50,
    trouble: Sequence[Trouble] = TROUBLES,
    most_faults: int = 3,
    **options: Any,
) -> int:
    """Run `body(cluster)` in virtual time once for each seed; answers how many were tried.

    `seeds` is how many, or which. `trouble` are the kinds of faults, of which each seed draws up to
    `most_faults`; the other options are those of `Cluster`. Raises Broken for the first seed that
    makes the body raise, and ValueError for an unknown trouble.
    """
    unknown = [each for each in trouble if each not in TROUBLES]
    if unknown:
        raise ValueError(f"there is no trouble {unknown[0]!r}; there are {', '.join(TROUBLES)}")
    tried = 0
    for seed in range(seeds) if isinstance(seeds, int) else seeds:
        tried += 1
        faults = drawn(seed, trouble, most_faults)
        error = _error_of(body, seed, "seeded", faults, options)
        if error is not None:
            order, faults, error = _shrunk(body, seed, faults, error, options)
            raise Broken(seed, faults, order, error, tried) from error
    return tried


def replay(
    body: Body, *, seed: int, faults: Sequence[Fault] = (), order: Order = "seeded", **options: Any
) -> None:
    """Run `body` in one history, as `Broken` tells it. Raises what the body raises."""
    actors.run(_live, body, seed, order, tuple(faults), options)


def drawn(seed: int, trouble: Sequence[Trouble], most: int) -> tuple[Fault, ...]:
    """The faults of a seed: none to `most` of them."""
    chance = random.Random(f"{seed}:trouble")
    if not trouble:
        return ()
    return tuple(_fault(chance, chance.choice(trouble)) for _ in range(chance.randint(0, most)))


def _fault(chance: random.Random, trouble: Trouble) -> Fault:
    actor = chance.choice(COMPONENTS)
    at = round(chance.uniform(0, _WITHIN_SECONDS), 3)
    if trouble == "crash":
        return Crash(actor=actor, at=at, after_messages=chance.randint(1, 20))
    if trouble == "pause":
        return Pause(actor=actor, at=at, seconds=round(chance.uniform(0.1, 20), 3))
    sender, target = (actor, "/apiserver") if chance.random() < 0.5 else ("/apiserver", actor)
    return MessageFault(
        action=trouble,
        sender=sender,
        target=target,
        start=at,
        probability=chance.choice((0.05, 0.2, 1.0)),
        count=chance.randint(1, 10),
        seconds=round(chance.uniform(0.01, 5), 3),
    )


def _shrunk(
    body: Body,
    seed: int,
    faults: tuple[Fault, ...],
    error: Exception,
    options: dict[str, Any],
) -> tuple[Order, tuple[Fault, ...], Exception]:
    """The order, the faults and the error of the smallest history that still breaks the body."""
    order: Order = "seeded"
    plain = _error_of(body, seed, "fifo", faults, options)
    if plain is not None:
        order, error = "fifo", plain
    position = 0
    while position < len(faults):
        fewer = faults[:position] + faults[position + 1 :]
        still = _error_of(body, seed, order, fewer, options)
        if still is None:
            faults, error = _milder(body, seed, order, faults, position, error, options)
            position += 1
        else:
            faults, error = fewer, still
    return order, faults, error


def _milder(
    body: Body,
    seed: int,
    order: Order,
    faults: tuple[Fault, ...],
    position: int,
    error: Exception,
    options: dict[str, Any],
) -> tuple[tuple[Fault, ...], Exception]:
    """A needed fault that befalls one message instead of several, if that breaks the body, too."""
    fault = faults[position]
    if not isinstance(fault, MessageFault) or fault.count == 1:
        return faults, error
    once = (*faults[:position], replace(fault, count=1), *faults[position + 1 :])
    still = _error_of(body, seed, order, once, options)
    return (faults, error) if still is None else (once, still)


def _error_of(
    body: Body, seed: int, order: Order, faults: tuple[Fault, ...], options: dict[str, Any]
) -> Exception | None:
    try:
        actors.run(_live, body, seed, order, faults, options)
    except Exception as error:
        return error
    return None


async def _live(
    body: Body, seed: int, order: Order, faults: tuple[Fault, ...], options: dict[str, Any]
) -> None:
    plan = FaultPlan(faults)
    async with Cluster(**{"nodes": 3, **options}, seed=seed, order=order, faults=plan) as cluster:
        await body(cluster)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
