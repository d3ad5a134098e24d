"""How priority levels and their queues stand, in the tables that the original shows at `/debug`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.fairness.control import Classified, Fairness, Level
from orchestrator.apiserver.http.fairness.queues import Seat
from orchestrator.apiserver.http.fairness.work import Work
from orchestrator.machinery.times import format_duration

_LEVEL_COLUMNS: Final = (
    *("PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests"),
    *("ExecutingRequests", "DispatchedRequests", "RejectedRequests", "TimedoutRequests"),
    "CancelledRequests",
)
_QUEUE_COLUMNS: Final = (
    *("PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse"),
    *("NextDispatchR", "InitialSeatsSum", "MaxSeatsSum", "TotalWorkSum"),
)
_REQUEST_COLUMNS: Final = (
    *("PriorityLevelName", "FlowSchemaName", "QueueIndex", "RequestIndexInQueue"),
    *("FlowDistingsher", "ArriveTime", "InitialSeats", "FinalSeats", "AdditionalLatency"),
    "StartTime",
)
_DETAIL_COLUMNS: Final = (
    *("UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource"),
    "SubResource",
)
_NARROWEST: Final = 8
_NEVER: Final = "0001-01-01T00:00:00Z"


class Flight(Struct, frozen=True):
    """A request that waits for its seats or has them; `came` and `seat.began` are of the monotonic clock."""

    where: Classified
    work: Work
    seat: Seat | None
    came: float
    user: str
    asked: Attributes
    path: str
    key: Any = None  # by which its queue knows it


def levels_table(fairness: Fairness) -> str:
    """A line a level: what is under way there, and what has been."""
    rows = (_level_row(fairness, level) for level in _in_order(fairness))
    return _table(_LEVEL_COLUMNS, rows)


def queues_table(fairness: Fairness) -> str:
    """A line a queue, of the levels that have queues."""
    return _table(_QUEUE_COLUMNS, _queue_rows(fairness))


def requests_table(
    fairness: Fairness, flights: Iterable[Flight], at: Callable[[float], str], *, detailed: bool
) -> str:
    """A line a request, those that wait before those that are served. `at` writes a moment of the monotonic clock."""
    columns = (*_REQUEST_COLUMNS, *_DETAIL_COLUMNS) if detailed else _REQUEST_COLUMNS
    levels = [level.name for level in _in_order(fairness)]
    placed = sorted(
        ((_place_of(each), each) for each in flights),
        key=lambda pair: (levels.index(pair[0][0]), *pair[0][1:], pair[1].came),
    )
    rows = (_request_cells(each, place, at, detailed=detailed) for place, each in placed)
    return _table(columns, rows)


def _place_of(flight: Flight) -> tuple[str, int, bool, int]:
    """The level, the queue in it (-1: it has none), whether the request is served, and its place in the queue."""
    level = flight.where.level
    for index, queue in enumerate(level.queues.queues()):
        if flight.seat is not None and flight.seat.queue is queue:
            return level.name, index, True, -1
        for place, waiter in enumerate(queue.waiting):
            if flight.seat is None and waiter.who is flight.key:
                return level.name, index, False, place
    return level.name, -1, True, -1


def _request_cells(
    flight: Flight, place: tuple[str, int, bool, int], at: Callable[[float], str], *, detailed: bool
) -> tuple[str, ...]:
    level, queue, _, index = place
    work, seat, asked = flight.work, flight.seat, flight.asked
    cells = (
        *(level, flight.where.schema.metadata.name, queue, index, flight.where.flow),
        *(at(flight.came), work.seats, work.final, format_duration(work.seconds)),
        _NEVER if seat is None else at(seat.began),
    )
    if not detailed:
        return tuple(map(str, cells))
    version = f"{asked.group}/{asked.version}" if asked.group else asked.version
    details = (flight.user, asked.verb, flight.path, asked.namespace, asked.name, version)
    return tuple(map(str, (*cells, *details, asked.resource, asked.subresource)))


TABLES: Final[Mapping[str, Callable[[Fairness], str]]] = {
    "dump_priority_levels": levels_table,
    "dump_queues": queues_table,
}


def _in_order(fairness: Fairness) -> list[Level]:
    return [fairness.levels[name] for name in sorted(fairness.levels)]


def _level_row(fairness: Fairness, level: Level) -> Iterator[object]:
    queues = level.queues
    tallies = [tally for key, tally in fairness.tallies.items() if key[0] == level.name]
    rejected: dict[str, int] = {}
    for tally in tallies:
        for reason, count in tally.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + count
    yield from (level.name, 0 if level.is_exempt else queues.active)
    yield from (_truth(not (queues.waiting or queues.executing)), _truth(False))
    yield from (queues.waiting, queues.executing, sum(tally.dispatched for tally in tallies))
    late, gone = rejected.pop("time-out", 0), rejected.pop("cancelled", 0)
    yield from (sum(rejected.values()), late, gone)


def _queue_rows(fairness: Fairness) -> Iterator[Iterable[object]]:
    for level in _in_order(fairness):
        for index, queue in enumerate(level.queues.queues()):
            seats = f"{queue.next:.8f}ss", queue.waiting_seats, queue.waiting_seats
            counts = (index, len(queue.waiting), queue.executing, queue.seats)
            yield (level.name, *counts, *seats, f"{queue.work:.8f}ss")


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Columns that a comma ends, as wide as the widest of their cells."""
    lines = [columns, *(tuple(map(str, row)) for row in rows)]
    widths = [
        max(_NARROWEST, *(len(line[place]) + 2 for line in lines)) for place in range(len(columns))
    ]
    return "".join(
        "".join(f"{cell},".ljust(width) for cell, width in zip(line[:-1], widths, strict=False))
        + f"{line[-1]}\n"
        for line in lines
    )
