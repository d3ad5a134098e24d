"""What is known of a request while it is answered, and its turn to be served.

Nearly all requests find their seats at once, and wait for nothing: so only who waits is a coroutine.
"""

from typing import Any

from aiohttp.web import BaseRequest

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.audit import Trail
from orchestrator.apiserver.http.fairness import Classified, Seat
from orchestrator.apiserver.http.fairness.dumps import Flight, requests_table
from orchestrator.apiserver.http.fairness.work import ONE, Work
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.metrics import labelled_by_method
from orchestrator.machinery.times import format_micro_time


class Record:
    """What is known of a request when it ends."""

    __slots__ = (
        "asked",
        "audit_id",
        "code",
        "executed",
        "fault",
        "labels",
        "resource",
        "seats",
        "trail",
        "user",
        "waited",
        "warnings",
        "where",
    )

    def __init__(self, method: str, audit_id: str) -> None:
        self.audit_id = audit_id
        self.where: Classified | None = None
        self.asked: Attributes | None = None
        self.user = ""
        self.trail: Trail | None = None
        self.labels = labelled_by_method(method)
        self.waited = 0.0
        self.seats = 0
        self.executed = 0.0
        self.fault: Exception | None = None
        self.code = 500
        self.resource: Resource | None = None
        self.warnings: list[str] = []


class Turn:
    """Holds the request's seats from `begin` to `end`, and tells the record of it.

        if not turn.begin():
            await turn.wait()
        try: ...
        finally: turn.end()

    A request that nobody has classified (one that lasts), or that is part of another one, whose record is not its own
    (None), needs no seat.
    """

    __slots__ = ("_front", "_record", "_request", "_watch", "came", "seat", "work")

    def __init__(
        self,
        front: Front,
        record: Record | None,
        request: BaseRequest,
        work: Work = ONE,
        *,
        watch: bool = False,
    ) -> None:
        self._front = front
        self._record = record
        self._watch = watch
        self._request = request
        self.work = work
        self.came = 0.0
        self.seat: Seat | None = None

    @property
    def path(self) -> str:
        """Of what was asked for."""
        return self._request.path

    @property
    def record(self) -> Record:
        """What is known of a request that has come to this."""
        assert self._record is not None
        return self._record

    def begin(self) -> bool:
        """Whether it has its seats, or needs none; otherwise it has to wait."""
        record = self._record
        if record is None or record.where is None:
            return True
        seat = self._front.fairness.at_once(record.where, self.work, record.labels.kind)
        if seat is None:
            return False
        self.came, self.seat = seat.began, seat
        record.seats = self.work.seats
        self._front.turns.add(self)
        self._front.metrics.passed_fairness()
        return True

    async def wait(self) -> None:
        """Wait for the seats. Raises Rejected."""
        record = self.record
        assert record.where is not None
        self.came = self._front.clock.monotonic()
        front, kind = self._front, record.labels.kind
        seat = self.seat = await front.fairness.wait(record.where, self.work, kind, self)
        record.seats, record.waited = self.work.seats, seat.began - self.came
        front.turns.add(self)
        front.metrics.passed_fairness(record.waited)

    def end(self) -> None:
        """The request has been served."""
        record, seat, front = self._record, self.seat, self._front
        if record is None or record.where is None or seat is None:
            return
        front.turns.discard(self)
        record.executed = front.fairness.give_back(
            record.where, seat, self.work, record.labels.kind, watch=self._watch
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
