"""The seats of one priority level, and the queues of those who wait for some.

Fair queuing for server requests (KEP-1040): a flow is dealt a hand of queues by its hash and waits in the
shortest of them; the queue goes first whose next request would end first if all queues were served at once,
each at the same rate. Nobody knows how long a request will take, so it is supposed to take a moment, and
what it took is settled when it has ended.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from orchestrator.apiserver.http.fairness.loads import Load, Spent
from orchestrator.apiserver.http.fairness.work import Work
from orchestrator.machinery.memo import remembered

# What a request is supposed to take while nobody knows better.
_SUPPOSED_SECONDS: Final = 0.003


class Rejected(Exception):
    """There is no seat, and no place to wait for one. `reason`: queue-full, concurrency-limit or time-out."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Queuing(Struct, frozen=True):
    """How a level queues; without queues what finds no seat is rejected."""

    queues: int = 0
    hand: int = 1
    length: int = 0


class _Waiter:
    __slots__ = ("future", "seats", "who")

    def __init__(self, seats: int, future: "asyncio.Future[None]", who: Any) -> None:
        self.seats = seats
        self.future = future
        self.who = who


class _Queue:
    __slots__ = ("executing", "next", "seats", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Waiter] = deque()
        self.executing = 0
        self.seats = 0  # of those that are executing
        self.next = 0.0  # when, in virtual seat-seconds, its next request would begin

    @property
    def waiting_seats(self) -> int:
        """The seats that those who wait want."""
        return sum(each.seats for each in self.waiting)

    @property
    def work(self) -> float:
        """The seat-seconds that those who wait are supposed to take."""
        return _SUPPOSED_SECONDS * self.waiting_seats


class Seat(Struct, frozen=True, eq=False):
    """What a request holds while it is served."""

    seats: int
    queue: "_Queue"
    began: float


class SeatQueues:
    """The seats of a level. `monotonic` answers seconds; `limit` None: the level is exempt."""

    def __init__(self, limit: int | None, queuing: Queuing, monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self._queuing = queuing
        self._monotonic = monotonic
        self._queues = [_Queue() for _ in range(max(queuing.queues, 1))]
        self._active = 0  # of the queues: how many are
        self._virtual = 0.0
        self._turned_at = monotonic()
        self._spent: defaultdict[tuple[int, int, int, int], float] = defaultdict(float)
        self.latest: float | None = None  # when the last request that got seats would have begun
        self.dispatched_at = 0.0  # when that was; both are virtual seat-seconds
        self.seats_in_use = 0
        self.executing = 0
        self.waiting = 0
        self.waiting_seats = 0

    # --- for requests ----------------------------------------------------------------------

    async def take(self, flow: str, seats: int, patience: float) -> Seat:
        """Seats for a request of a flow, after its turn has come. Raises Rejected."""
        return self.at_once(flow, seats) or await self.wait(flow, seats, patience)

    def at_once(self, flow: str, seats: int) -> Seat | None:
        """Seats for a request of a flow, if it need not wait for anybody."""
        if self.waiting:
            return None
        in_use, limit = self.seats_in_use, self.limit
        if in_use and limit is not None and in_use + seats > limit:
            return None
        queues = self._queues
        # Where nobody waits all queues are as short, and the first of a hand is as good as the others.
        first = 0 if len(queues) == 1 else dealt(flow, len(queues), self._queuing.hand)[0]
        self._advance()
        return self._begun(queues[first], seats)

    async def wait(self, flow: str, seats: int, patience: float, who: Any = None) -> Seat:
        """Seats for a request that has to wait, for at most so many seconds. Raises Rejected.

        `who`: what `queues` shows of it meanwhile.
        """
        if not self._queuing.queues:
            raise Rejected("concurrency-limit")
        queue = self._queue_of(flow)
        if len(queue.waiting) >= self._queuing.length:
            raise Rejected("queue-full")
        return await self._turn(queue, seats, patience, who)

    async def _turn(self, queue: _Queue, seats: int, patience: float, who: Any) -> Seat:
        waiter = _Waiter(seats, asyncio.get_running_loop().create_future(), who)
        self._advance()
        self._rouse(queue)
        queue.waiting.append(waiter)
        self._count(waiter, 1)
        self._dispatch()
        try:
            async with asyncio.timeout(patience):
                await waiter.future
        except BaseException as error:
            self._give_up(queue, waiter)
            if isinstance(error, TimeoutError):
                raise Rejected("time-out") from None
            raise
        return Seat(seats, queue, self._monotonic())

    def give_back(self, seat: Seat, work: Work) -> float:
        """A request has ended, after so many seconds: what it took is settled, and its seats are free unless its work goes on."""
        self._advance()
        took, queue, seats = self._turned_at - seat.began, seat.queue, seat.seats
        queue.next += took * work.seats - _SUPPOSED_SECONDS * seats
        if work.seconds:
            queue.next += work.seconds * work.final
        else:
            self._end(queue, seats)
            if self.waiting:
                self._dispatch()
        return took

    def free(self, seat: Seat) -> None:
        """The work of a request has ended, too: others have their turn."""
        self._advance()
        self._end(seat.queue, seat.seats)
        self._dispatch()

    def limit_to(self, limit: int) -> None:
        """The level has got other seats, as others borrow or give back."""
        self._advance()
        self.limit = limit
        self._dispatch()

    @property
    def places(self) -> int:
        """How many requests may wait."""
        return self._queuing.queues * self._queuing.length

    def spent(self) -> Spent:
        """Seconds that the level was in each load, since this was asked the last time."""
        self._advance()
        spent, self._spent = self._spent, defaultdict(float)
        return {Load(*load): seconds for load, seconds in spent.items()}

    @property
    def virtual(self) -> float:
        """The virtual time of now, in seat-seconds."""
        self._advance()
        return self._virtual

    @property
    def demand(self) -> int:
        """The seats that are asked for now, whether they are had or waited for."""
        return self.seats_in_use + self.waiting_seats

    @property
    def active(self) -> int:
        """How many of the queues have something to do."""
        return self._active

    def queues(self) -> "Sequence[_Queue]":
        """Each as it stands; none of a level that does not queue."""
        return self._queues if self._queuing.queues else ()

    # --- inside ----------------------------------------------------------------------------

    def _fits(self, seats: int) -> bool:
        """Whether there is room; a request that is wider than all seats waits until none is taken."""
        limit = self.limit
        return limit is None or not self.seats_in_use or self.seats_in_use + seats <= limit

    def _rouse(self, queue: _Queue) -> None:
        """A queue gets something to do: from now on it is served, with those that are."""
        if not (queue.executing or queue.waiting):
            if queue.next < self._virtual:
                queue.next = self._virtual
            self._active += 1

    def _rest(self, queue: _Queue) -> None:
        """A queue has lost something to do, perhaps its last."""
        if not (queue.executing or queue.waiting):
            self._active -= 1

    def _begun(self, queue: _Queue, seats: int) -> Seat:
        if not queue.executing:
            self._rouse(queue)
        self.seats_in_use += seats
        self.executing += 1
        queue.executing += 1
        queue.seats += seats
        self.latest, self.dispatched_at = queue.next, self._virtual
        queue.next += _SUPPOSED_SECONDS * seats
        return Seat(seats, queue, self._turned_at)

    def _end(self, queue: _Queue, seats: int) -> None:
        self.seats_in_use -= seats
        self.executing -= 1
        queue.executing -= 1
        queue.seats -= seats
        if not (queue.executing or queue.waiting):
            self._active -= 1

    def _count(self, waiter: _Waiter, sign: int) -> None:
        self.waiting += sign
        self.waiting_seats += sign * waiter.seats

    def _give_up(self, queue: _Queue, waiter: _Waiter) -> None:
        """Whoever waited has gone; it may have got its seats in the same moment."""
        self._advance()
        if waiter in queue.waiting:
            queue.waiting.remove(waiter)
            self._count(waiter, -1)
            self._rest(queue)
        else:
            self._end(queue, waiter.seats)
        self._dispatch()

    def _dispatch(self) -> None:
        while self.waiting:
            queue = min((each for each in self._queues if each.waiting), key=_ends)
            seats = queue.waiting[0].seats
            if not self._fits(seats):
                return
            waiter = queue.waiting[0]
            self._count(waiter, -1)
            self._begun(queue, seats)
            queue.waiting.popleft()
            if not waiter.future.done():
                waiter.future.set_result(None)

    def _advance(self) -> None:
        """Virtual time goes as fast as each of the active queues is served."""
        now = self._monotonic()
        passed = now - self._turned_at
        self._turned_at = now
        seats, wanted, active = self.seats_in_use, self.waiting_seats, self._active
        self._spent[self.executing, seats, self.waiting, wanted] += passed
        if active:
            served, limit = seats + wanted, self.limit
            if limit is not None and served > limit:
                served = limit
            self._virtual += passed * served / active

    def _queue_of(self, flow: str) -> _Queue:
        hand = (self._queues[index] for index in dealt(flow, len(self._queues), self._queuing.hand))
        return min(hand, key=lambda queue: queue.waiting_seats)


def _ends(queue: _Queue) -> float:
    return queue.next + _SUPPOSED_SECONDS * queue.waiting[0].seats


@remembered(4096)
def dealt(flow: str, deck: int, hand: int) -> Sequence[int]:
    """The cards of a hand, different ones, by the flow's hash alone: shuffle sharding."""
    number = int.from_bytes(sha256(flow.encode()).digest()[:8])
    cards = list(range(deck))
    found = []
    for _ in range(min(hand, deck)):
        number, card = divmod(number, len(cards))
        found.append(cards.pop(card))
    return found
