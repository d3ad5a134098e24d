"""An event loop in virtual time: when nobody can run, time jumps to the next timer.

The loop is asyncio's own; only its selector and its clock differ. `select(timeout)` first looks at
real file descriptors without waiting. If nothing is ready and no thread is at work, it sets the
clock to the next timer and returns. `select(None)` then means that nobody can ever run again.

While nobody has opened a descriptor, only signals can be seen there (the loop's own pipe tells of
them, and of calls from other threads, which are in the loop's queue by then anyway). A look costs a
system call, as much as several messages; so it is taken at each 64th turn only.

Such a loop can stop jumping, so that somebody outside of the process can look at what lives in it:
its clock then stands still, or flows with the wall's from where it is. Timers keep their deadlines
and their order.
"""

import asyncio
import contextvars
import heapq
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, TypeVarTuple

from actors.errors import Deadlock, Misuse

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_REAL_WAIT_SECONDS: Final = 0.05  # how long to wait for threads and sockets before looking again
_LOOK_EVERY: Final = 64  # turns of a loop that has no descriptors but its own


class _JumpingSelector(selectors.DefaultSelector):
    loop: "VirtualLoop"
    _unseen = 0  # turns since the last look

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self.loop
        if not loop.jumps:
            # While the clock stands, no timer comes nearer: only what is due keeps it from waiting.
            return super().select(timeout if loop.flows or timeout == 0 else None)
        alone = not loop.outside_work and len(self.get_map()) <= loop.own_descriptors
        self._unseen += 1
        if alone and timeout is not None and self._unseen < _LOOK_EVERY:
            if timeout > 0:
                loop.jump()
            return []
        self._unseen = 0
        events = super().select(0)
        if events or timeout == 0:
            return events
        if loop.outside_work:
            return super().select(_REAL_WAIT_SECONDS)
        if timeout is None:
            if not alone:
                return super().select(None)  # sockets or pipes are open: somebody real may come
            loop.deadlocked()
            return events
        loop.jump()
        return events


class _Timer(asyncio.TimerHandle):
    """One of asyncio's timers that knows when it was set. asyncio orders its timers by their deadlines
    alone, so equal ones fire as the shape of its heap has it: another timer, of somebody who only
    looks on, would make it another run.
    """

    __slots__ = ("number",)

    number: int

    def __lt__(self, other: Any) -> bool:
        return (self._when, self.number) < (other._when, other.number)  # type: ignore[attr-defined]


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's loop with a clock that jumps. `start` is what `Clock.now()` shows at first."""

    def __init__(self, start: float) -> None:
        self._virtual_now = 0.0
        self._wall_offset = 0.0  # from the wall's clock to this one, once it flows
        self.jumps = True
        self.flows = False
        self.start = start
        self._timers = 0  # set so far
        self.outside_work = 0  # executor calls under way: only real time can finish them
        self.own_descriptors = 0
        self.explain: list[Callable[[], str]] = []  # who waits for what, for a deadlock's report
        self.selector = _JumpingSelector()
        super().__init__(self.selector)
        self.selector.loop = self
        self.own_descriptors = len(self.selector.get_map())
        # Coarser than floats are in a few hundred years, or a timer could be due and yet not now.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Seconds of this clock since the loop was made."""
        if not self.flows:
            return self._virtual_now
        return max(self._virtual_now, super().time() + self._wall_offset)  # sums are rounded

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """As asyncio; timers with equal deadlines fire in the order in which they were set."""
        timer = _Timer(when, callback, args, self, context)
        self._timers += 1
        timer.number = self._timers
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def become_real(self) -> None:
        """Let the clock flow with the wall's, from where it is, for good. What is due by then fires
        when it is; threads and sockets take the time that they take.
        """
        if not self.flows:
            self._wall_offset = self._virtual_now - super().time()
            self.jumps, self.flows = False, True

    def stand_still(self) -> None:
        """Stop the clock where it is until `become_real`. Sockets are served; no timer fires but those
        that are due, so a connection's deadlines do not pass either. Raises Misuse when it flows.
        """
        if self.flows:
            raise Misuse("a clock that flows with the wall's does not stand still again")
        self.jumps = False

    def jump(self) -> None:
        """Set the clock to the next timer."""
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if scheduled:
            self._virtual_now = max(self._virtual_now, scheduled[0]._when)

    @property
    def idle(self) -> bool:
        """Whether no callback waits: what is done now is done as if the loop had called it next."""
        return not self._ready and not self._stopping  # type: ignore[attr-defined]

    @property
    def due(self) -> bool:
        """Whether anything is left to do at this moment."""
        scheduled = self._scheduled  # type: ignore[attr-defined]
        return not self.idle or bool(scheduled and scheduled[0]._when <= self._virtual_now)

    def skip_to(self, when: float) -> bool:
        """Set the clock to `when` without a turn of the loop; answers False, and does nothing, if
        the loop has anything to do until then.
        """
        if (
            not self.jumps
            or not self.idle
            or self.outside_work
            or len(self.selector.get_map()) > self.own_descriptors
        ):
            return False
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if scheduled and scheduled[0]._when <= when + self._clock_resolution:
            return False
        self._virtual_now = max(self._virtual_now, when)
        return True

    def deadlocked(self) -> None:
        """Raise Deadlock out of the loop, saying who waits for what."""
        lines = [line for explain in self.explain for line in explain().splitlines()]
        for task in asyncio.all_tasks(self):
            stack = task.get_stack(limit=1)
            where = f"{stack[-1].f_code.co_filename}:{stack[-1].f_lineno}" if stack else "?"
            lines.append(f"task {task.get_name()} waits at {where}")
        raise Deadlock("nobody can ever run again:\n  " + "\n  ".join(sorted(lines)))

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """As asyncio; while the thread works, time stands still."""
        self.outside_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._returned)
        return future

    async def shutdown_default_executor(self, *timeout: float | None) -> None:
        """As asyncio: waits for a thread that waits for the others."""
        self.outside_work += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self.outside_work -= 1

    def _returned(self, _future: object) -> None:
        self.outside_work -= 1
