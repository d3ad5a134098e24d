"""When the objects of a workload come: arrival processes as iterators of times."""

import random
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from orchestrator.scenario.values import Draw

_ENDLESS: Final = float("inf")


class ArrivalPlan(Struct, frozen=True):
    """A checked arrival process; seconds. `size` draws how many come at a time."""

    process: str
    every: float
    size: Draw
    within: float
    start: float
    duration: float = _ENDLESS


def arrival_times(plan: ArrivalPlan, dice: random.Random) -> Iterator[float]:
    """Seconds since the workload began, ascending; endless if the plan is.

    The members of a burst that reach beyond the next burst come in the order of their times.
    """
    at, end = plan.start, plan.start + plan.duration
    late: list[float] = []  # members of a burst that come after the next one has begun
    if plan.process != "constant":
        at += dice.expovariate(1.0 / plan.every)
    while at < end:
        size = max(0, round(plan.size(dice)))
        step = plan.within / size if size else 0.0
        late = sorted([*late, *(at + number * step for number in range(size))])
        following = at + (
            plan.every if plan.process == "constant" else dice.expovariate(1.0 / plan.every)
        )
        until = min(following, end)
        due = [time for time in late if time < until]
        late = late[len(due) :]
        yield from due
        at = following
    yield from (time for time in late if time < end)
