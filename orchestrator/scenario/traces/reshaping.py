"""A trace as an experiment: more tasks than there were, faster than they came, staying for good."""

from collections.abc import Iterator
from random import Random
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.machinery import quantities
from orchestrator.scenario.traces.interface import Task, Trace

_CPU: Final = "cpu"


class Shape(Struct, frozen=True):
    """How a trace's tasks come. `inflate` 0: as they are, or else sampled with replacement until they have
    asked for so many times what the nodes have of the trace's devices; they then come one by one, evenly over
    the trace's time. `speed` divides all times until arrival; without `departures` tasks stay.
    """

    inflate: float = 0.0
    speed: float = 1.0
    departures: bool = True


def reshaped(trace: Trace, tasks: tuple[Task, ...], shape: Shape, dice: Random) -> Iterator[Task]:
    """The tasks of an experiment, in the order of their arrival."""
    found = _inflated(trace, tasks, shape.inflate, dice) if shape.inflate else iter(tasks)
    for task in found:
        yield replace(
            task,
            arrival_seconds=task.arrival_seconds / shape.speed,
            duration_seconds=task.duration_seconds if shape.departures else None,
        )


def device_of(trace: Trace) -> str:
    """The resource that an inflated trace is measured by: its devices, or CPU if it has none."""
    devices = (name for task in trace.tasks for name in task.requests if "/" in name)
    return next(devices, _CPU)


def _inflated(trace: Trace, tasks: tuple[Task, ...], factor: float, dice: Random) -> Iterator[Task]:
    resource = device_of(trace)
    wanted = factor * sum(_amount(node.capacity.get(resource)) for node in trace.nodes)
    amounts = [_amount(task.requests.get(resource)) for task in tasks]
    if not wanted or not any(amounts):
        return
    mean = sum(amounts) / len(amounts)
    gap = (tasks[-1].arrival_seconds - tasks[0].arrival_seconds) / max(1.0, wanted / mean)
    asked, number = 0.0, 0
    while asked < wanted:
        place = dice.randrange(len(tasks))
        asked += amounts[place]
        task = tasks[place]
        yield replace(task, name=f"{task.name}-{number}", arrival_seconds=number * gap)
        number += 1


def _amount(quantity: str | None) -> float:
    return 0.0 if quantity is None else quantities.nano(quantity) / quantities.NANO
