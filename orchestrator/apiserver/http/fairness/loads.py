"""How long a priority level was how busy: moments for lending, histograms for the metrics.

A level's load changes with every request, so it only adds up the time that it spent in each load; what follows
from that is worked out when seats are lent anew, or when somebody reads the metrics.
"""

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Final, NamedTuple

from msgspec import Struct

from orchestrator.apiserver.telemetry.families import Histogram

_PREFIX: Final = "apiserver_flowcontrol_"
_DEMANDS: Final = (0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6)
_REQUESTS: Final = (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1)
_SEATS: Final = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
_NANOSECONDS: Final = 1_000_000_000


class Load(NamedTuple):
    """How many requests are served and wait, and how many seats these hold and wait for."""

    executing: int
    seats: int
    waiting: int
    waiting_seats: int

    @property
    def demand(self) -> int:
        """The seats that are asked for, had or not."""
        return self.seats + self.waiting_seats


Spent = Mapping[Load, float]
"""Seconds that a level was in each load."""


class Moments(Struct):
    """The integrals over time of 1, of the demanded seats, and of their square."""

    seconds: float = 0.0
    seats: float = 0.0
    squares: float = 0.0

    def add(self, spent: Spent) -> None:
        """More time has passed."""
        for load, seconds in spent.items():
            demand = load.demand
            self.seconds += seconds
            self.seats += demand * seconds
            self.squares += demand * demand * seconds

    def average(self) -> float:
        """The mean demand; 0 while no time has passed."""
        return self.seats / self.seconds if self.seconds else 0.0

    def deviation(self) -> float:
        """The standard deviation of the demand."""
        if not self.seconds:
            return 0.0
        return sqrt(max(self.squares / self.seconds - self.average() ** 2, 0.0))


class LoadHistograms:
    """Shares of what a level could do, one observation for each nanosecond."""

    def __init__(self) -> None:
        self._demand = Histogram(
            f"{_PREFIX}demand_seats",
            "Seats that a level could use, by those that it has, at the end of every nanosecond.",
            ("priority_level",),
            _DEMANDS,
        )
        self._seats = Histogram(
            f"{_PREFIX}priority_level_seat_utilization",
            "Seats of a level that are taken, by those that it has, at the end of every nanosecond.",
            ("phase", "priority_level"),
            _SEATS,
        )
        self._requests = Histogram(
            f"{_PREFIX}priority_level_request_utilization",
            "Requests of a level, by how many there may be, at the end of every nanosecond.",
            ("phase", "priority_level"),
            _REQUESTS,
        )

    def observe(self, level: str, spent: Spent, seats: int, places: int) -> None:
        """A level of so many seats, and so many places in its queues, has spent its time like this."""
        places = max(places, 1)
        for load, seconds in spent.items():
            weight = round(seconds * _NANOSECONDS)
            self._demand.weigh(load.demand / seats, weight, level)
            self._seats.weigh(load.seats / seats, weight, "executing", level)
            self._requests.weigh(load.executing / seats, weight, "executing", level)
            self._requests.weigh(load.waiting / places, weight, "waiting", level)

    def families(self) -> Iterator[Histogram]:
        """All of them."""
        yield from (self._demand, self._seats, self._requests)
