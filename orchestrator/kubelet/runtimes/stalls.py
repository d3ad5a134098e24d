"""How long tasks have waited for CPU, memory and I/O, as the kernel counts it: pressure stall information.

A control group of version 2 has a file for each resource, and so has the machine as a whole. Groups of version 1 have
none, and a kernel may count nothing at all.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from orchestrator.protocol import Stall, Waited

_RESOURCES: Final = ("cpu", "memory", "io")
_MACHINE: Final = "/proc/pressure"


def stalls_of_groups(groups: Iterable[str]) -> Mapping[str, Stall]:
    """By resource, for the tasks of a container that is in these control groups."""
    for directory in groups:
        if found := _stalls(f"{directory}/{{}}.pressure"):
            return found
    return {}


def stalls_of_machine(directory: str = _MACHINE) -> Mapping[str, Stall]:
    """By resource, for all tasks."""
    return _stalls(f"{directory}/{{}}")


def _stalls(place: str) -> dict[str, Stall]:
    found = {}
    for resource in _RESOURCES:
        try:
            with open(place.format(resource)) as file:
                lines = dict(line.split(maxsplit=1) for line in file)
        except OSError:
            continue  # not there, or switched off
        found[resource] = Stall(_waited(lines.get("some", "")), _waited(lines.get("full", "")))
    return found


def _waited(text: str) -> Waited:
    told = dict(word.partition("=")[::2] for word in text.split())
    return Waited(
        int(told.get("total", 0)),
        *(float(told.get(f"avg{seconds}", 0)) for seconds in (10, 60, 300)),
    )
