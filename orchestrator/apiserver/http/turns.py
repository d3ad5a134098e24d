"""What is known of a request while it is answered, and its turn to be served.

Nearly all requests find their seats at once, and wait for nothing: so only who waits is a coroutine.
"""

from typing import Any

from aiohttp.web import BaseRequest
from msgspec import Struct

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.audit import Trail
from orchestrator.apiserver.http.fairness import Classified, Seat
from orchestrator.apiserver.http.fairness.dumps import Flight, requests_table
from orchestrator.apiserver.http.fairness.work import ONE, Work
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.heads import Head
from orchestrator.apiserver.http.metrics import Labels
from orchestrator.machinery.times import format_micro_time


class Record(Struct, eq=False):
    """What is known of a request when it ends."""

    head: Head
    labels: Labels
    audit_id: str
    where: Classified | None = None
    asked: Attributes | None = None
    user: str = ""
    trail: Trail | None = None
    waited: float = 0.0
    seats: int = 0
    executed: float = 0.0
    fault: Exception | None = None
    code: int = 500
    resource: Resource | None = None
    warnings: list[str] = []


class Turn(Struct, eq=False):
    """Holds the request's seats from `begin` to `end`, and tells the record of it.

        if not turn.begin():
            await turn.wait()
        try: ...
        finally: turn.end()

    A request that nobody has classified (one that lasts), or that is part of another one, whose record is not its own
    (None), needs no seat.
    """

    front: Front
    own_record: Record | None
    request: BaseRequest
    work: Work = ONE
    is_watch: bool = False
    came: float = 0.0
    seat: Seat | None = None

    @property
    def path(self) -> str:
        """Of what was asked for."""
        return self.request.path

    @property
    def record(self) -> Record:
        """What is known of a request that has come to this."""
        assert self.own_record is not None
        return self.own_record

    def begin(self) -> bool:
        """Whether it has its seats, or needs none; otherwise it has to wait."""
        record = self.own_record
        if record is None or record.where is None:
            return True
        seat = self.front.fairness.at_once(record.where, self.work, record.labels.kind)
        if seat is None:
            return False
        self.came, self.seat = seat.began, seat
        record.seats = self.work.seats
        self.front.turns.add(self)
        self.front.metrics.passed_fairness()
        return True

    async def wait(self) -> None:
        """Wait for the seats. Raises Rejected."""
        record = self.record
        assert record.where is not None
        self.came = self.front.clock.monotonic()
        front, kind = self.front, record.labels.kind
        seat = self.seat = await front.fairness.wait(record.where, self.work, kind, self)
        record.seats, record.waited = self.work.seats, seat.began - self.came
        front.turns.add(self)
        front.metrics.passed_fairness(record.waited)

    def end(self) -> None:
        """The request has been served."""
        record, seat, front = self.own_record, self.seat, self.front
        if record is None or record.where is None or seat is None:
            return
        front.turns.discard(self)
        record.executed = front.fairness.give_back(
            record.where, seat, self.work, record.labels.kind, watch=self.is_watch
        )


def dumped_requests(front: Front, *, detailed: bool) -> str:
    """The page that shows all requests which have a turn, or wait for one."""
    offset = front.clock.now() - front.clock.monotonic()
    waiting = [
        waiter.who
        for level in front.fairness.levels.values()
        for queue in level.queues.queues()
        for waiter in queue.waiting
    ]
    flights = (_flight(turn) for turn in (*front.turns, *waiting))
    found = [each for each in flights if each is not None]

    def at(moment: float) -> str:
        return format_micro_time(moment + offset)

    return requests_table(front.fairness, found, at, detailed=detailed)


def _flight(turn: Any) -> Flight | None:
    if not isinstance(turn, Turn):
        return None
    record = turn.record
    if record.where is None or record.asked is None:
        return None
    return Flight(
        record.where,
        turn.work,
        turn.seat,
        turn.came,
        record.user,
        record.asked,
        turn.path,
        turn,
    )
