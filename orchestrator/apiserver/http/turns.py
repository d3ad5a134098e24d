"""What is known of a request while it is answered, and its turn to be served.

A turn is a class and no generator: each generator of a coroutine is told to the event loop, and taken apart by it, which
costs a request as much as all that is decided here.
"""

from types import TracebackType

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.http.audit import Trail
from orchestrator.apiserver.http.fairness import Classified, Seat
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.metrics import labelled_by_method


class Record:
    """What is known of a request when it ends."""

    __slots__ = (
        "audit_id",
        "code",
        "executed",
        "fault",
        "labels",
        "resource",
        "seats",
        "trail",
        "waited",
        "warnings",
        "where",
    )

    def __init__(self, method: str, audit_id: str) -> None:
        self.audit_id = audit_id
        self.where: Classified | None = None
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
    """`async with Turn(front, record):` holds the request's seats; it waits for them, and tells the record of it.

    A request that nobody has classified (one that lasts), or that is part of another one, whose record is not its own
    (None), needs no seat. Raises Rejected.
    """

    __slots__ = ("_front", "_record", "_seat", "_seats", "_watch")

    def __init__(
        self, front: Front, record: Record | None, seats: int = 1, *, watch: bool = False
    ) -> None:
        self._front = front
        self._record = record
        self._seats = seats
        self._watch = watch
        self._seat: Seat | None = None

    async def __aenter__(self) -> None:
        front, record = self._front, self._record
        if record is None or record.where is None:
            return
        begun = front.clock.monotonic()
        seat = await front.fairness.take(record.where, self._seats, record.labels.kind)
        self._seat = seat
        record.waited, record.seats = max(seat.began - begun, 0.0), self._seats
        front.metrics.passed("priorityandfairness", record.waited)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        record, seat = self._record, self._seat
        if record is None or record.where is None or seat is None:
            return
        record.executed = self._front.fairness.give_back(record.where, seat, watch=self._watch)
