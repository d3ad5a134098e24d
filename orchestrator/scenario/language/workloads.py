"""Workloads in a scenario file: objects, and when they come and go."""

from typing import Any, Literal

from orchestrator.scenario.language.base import Strict


class Arrivals(Strict, frozen=True):
    """When the objects of a workload come.

    `constant`: `size` of them every `every`. `poisson`: `size` at a time, at intervals that are
    exponentially distributed with the mean `every`. `bursts`: as Poisson, and of each `size` (which
    may be a distribution) the members come evenly spread over `within`. They begin at `start` after
    the workload's own beginning, and end after `duration`, or with the workload's `count`.
    """

    process: Literal["constant", "poisson", "bursts"]
    every: str
    size: str | float = 1
    within: str = "0s"
    start: str = "0s"
    duration: str = ""


class Workload(Strict, frozen=True):
    """Objects to apply: inline, from a manifest file or folder beside the scenario, or the tasks of
    a trace as pods.

    They are applied `count` times, at once or as `arrivals` says. In any text of theirs `{{index}}`
    is the number, from 0; parameters of the scenario and `values`, which are drawn for each, may
    stand in expressions: `{{index % 3}}`, `{{round(cpu)}}m`. A value is a number, a distribution
    (`uniform(1, 3)`, `exponential(5)`, `normal(3, 1)`, `lognormal(60, 1.5)`, `pareto(10, 1.2)`), or
    `choice(a, b: 2, c)` with weights. With `lifetime` (seconds, or a distribution of them) each is
    deleted that long after it was applied.

    Of a trace: `inflate: 1.3` samples its tasks with replacement until they have asked for 130 % of the nodes'
    devices; `speed: 100` lets them come a hundred times as fast; without `departures` they stay.
    """

    objects: tuple[dict[str, Any], ...] = ()
    file: str = ""
    trace: str = ""
    inflate: float = 0.0
    speed: float = 1.0
    departures: bool = True
    namespace: str = ""
    count: int | None = None
    arrivals: Arrivals | None = None
    values: dict[str, str | int | float] = {}
    lifetime: str | float = ""
