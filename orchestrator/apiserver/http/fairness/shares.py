"""How many seats each priority level has, and how levels lend seats to one another.

Follows KEP-1040: a level's nominal limit is its share of the server's; what it may lend bounds it from below,
what it may borrow from above; and the limits of now follow what the levels have asked for of late.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from msgspec import Struct

from orchestrator.api.flowcontrol.v1 import PriorityLevelConfiguration

_LEAST_TARGET: Final = 0.001
_STEPS: Final = 60  # halvings of an interval: finer than a seat by far


class Bounds(Struct, frozen=True):
    """A level's seats: what it has by right, keeps at least, and gets at most."""

    nominal: int
    least: int
    most: int


class Wanted(Struct, frozen=True):
    """What a level is given at least and at most, and what it would have."""

    least: float
    most: float
    target: float


def bounds_of(levels: Sequence[PriorityLevelConfiguration], seats: int) -> Mapping[str, Bounds]:
    """The bounds of all levels of a server with so many seats."""
    shares = {each.metadata.name: _shares(each) for each in levels}
    total = sum(shares.values())
    nominal = {name: ceil(seats * share / total) if total else 0 for name, share in shares.items()}
    everything = sum(nominal.values())
    return {
        each.metadata.name: _bounds(each, nominal[each.metadata.name], everything)
        for each in levels
    }


def _shares(level: PriorityLevelConfiguration) -> int:
    spec = level.spec
    assert spec is not None
    found = spec.limited if spec.type == "Limited" else spec.exempt
    return (found.nominal_concurrency_shares or 0) if found is not None else 0


def _bounds(level: PriorityLevelConfiguration, nominal: int, everything: int) -> Bounds:
    spec = level.spec
    assert spec is not None
    found = spec.limited if spec.type == "Limited" else spec.exempt
    lendable = (found.lendable_percent or 0) if found is not None else 0
    least = nominal - round(nominal * lendable / 100)
    borrows = spec.limited.borrowing_limit_percent if spec.limited is not None else None
    most = everything if borrows is None else nominal + round(nominal * borrows / 100)
    return Bounds(nominal, least, most)


def lend(
    left: float, everything: float, floors: Sequence[float], wanted: Sequence[Wanted]
) -> tuple[list[float], float]:
    """Seats for each of the levels that are not exempt, and the part of its target that each is given.

    `left`: seats that exempt requests leave; `everything`: the sum of what levels have by right. `floors`: what
    each keeps whatever happens. Where no more is left than they want at least, the part is 0.
    """
    floor, least = sum(floors), sum(each.least for each in wanted)
    if left <= floor:
        return list(floors), 0.0
    if left <= least:
        part = (left - floor) / (least - floor)
        return [
            low + (each.least - low) * part for low, each in zip(floors, wanted, strict=True)
        ], 0.0
    return allocate(everything, wanted)


def allocate(seats: float, wanted: Sequence[Wanted]) -> tuple[list[float], float]:
    """Seats for each: one proportion of its target for all of them, but within each one's bounds; and that."""
    targets = [max(each.target, each.least, _LEAST_TARGET) for each in wanted]

    def at(proportion: float) -> list[float]:
        return [
            max(each.least, min(each.most, proportion * target))
            for each, target in zip(wanted, targets, strict=True)
        ]

    low = 0.0
    high = max(
        (each.most / target for each, target in zip(wanted, targets, strict=True)), default=0
    )
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(at(middle)) < seats else (low, middle)
    return at(high), high
