"""How priority levels and their queues stand, in the tables that the original shows at `/debug`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from orchestrator.apiserver.http.fairness.control import Fairness, Level

_LEVEL_COLUMNS: Final = (
    *("PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests"),
    *("ExecutingRequests", "DispatchedRequests", "RejectedRequests", "TimedoutRequests"),
    "CancelledRequests",
)
_QUEUE_COLUMNS: Final = (
    *("PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse"),
    *("NextDispatchR", "InitialSeatsSum", "MaxSeatsSum", "TotalWorkSum"),
)
_NARROWEST: Final = 8


def levels_table(fairness: Fairness) -> str:
    """A line a level: what is under way there, and what has been."""
    rows = (_level_row(fairness, level) for level in _in_order(fairness))
    return _table(_LEVEL_COLUMNS, rows)


def queues_table(fairness: Fairness) -> str:
    """A line a queue, of the levels that have queues."""
    return _table(_QUEUE_COLUMNS, _queue_rows(fairness))


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
