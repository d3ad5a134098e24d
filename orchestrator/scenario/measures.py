"""What a scenario measures: each measure by the name that `expect` uses, and what is asked of it."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from orchestrator.scenario.model import Bounds


class Measured(Struct, frozen=True, kw_only=True):
    """What a run has measured. Seconds and bytes.

    `pods_per_second` is the number of pods that came to Running for each wall second from the first
    step to the last pod that did.
    """

    nodes: int
    pods: int
    pods_running: int
    pods_ready: int
    pods_failed: int
    pods_succeeded: int
    pods_pending: int
    restarts: int
    deployments: int
    deployments_available: int
    pods_per_second: float
    wall_seconds: float
    virtual_seconds: float
    revisions: int
    peak_rss_bytes: int


class Outcome(Struct, frozen=True, rename="camel"):
    """One expectation, and whether it holds."""

    measure: str
    expected: str
    measured: float
    holds: bool


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


MEASURES: Final[Mapping[str, str]] = {_camel(n): n for n in Measured.__struct_fields__}
"""From the name in a file to the field of `Measured`."""

_COMPARISONS: Final[Mapping[str, tuple[str, Callable[[float, float], bool]]]] = {
    "equals": ("=", float.__eq__),
    "at_least": ("≥", float.__ge__),
    "at_most": ("≤", float.__le__),
}


def outcomes(expect: Mapping[str, Bounds], measured: Measured) -> tuple[Outcome, ...]:
    """Every bound of every expectation, in the file's order."""
    found = []
    for measure, bounds in expect.items():
        value = float(getattr(measured, MEASURES[measure]))
        for name, (sign, holds) in _COMPARISONS.items():
            bound = getattr(bounds, name)
            if bound is not None:
                text = f"{sign} {bound:,.10g}"
                found.append(Outcome(measure, text, value, holds(value, float(bound))))
    return tuple(found)
