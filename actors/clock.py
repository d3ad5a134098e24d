"""Time as actors see it: real, or virtual when the running loop is a `VirtualLoop`."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from actors.virtual import VirtualLoop

EPOCH: Final = 1_704_067_200.0  # 2024-01-01T00:00:00Z: where virtual time begins by default


class Clock:
    """The clock of one event loop. Times are seconds; `now()` counts from the Unix epoch."""

    __slots__ = ("_loop", "_offset", "monotonic")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.monotonic = monotonic_of(loop)
        # Wall time is read once: it may jump, and actors must never see time run backwards.
        self._offset = (
            loop.start if isinstance(loop, VirtualLoop) else time.time() - loop.time()  # noqa: TID251
        )

    @property
    def virtual(self) -> bool:
        """Whether time jumps whenever nothing is to do, so that nobody outside can keep up."""
        return isinstance(self._loop, VirtualLoop) and self._loop.jumps

    def now(self) -> float:
        """Seconds since the Unix epoch; never runs backwards."""
        return self._offset + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait so long by this clock; in virtual time it takes none."""
        await asyncio.sleep(seconds)  # noqa: TID251


def monotonic_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """The loop's clock, without the method around it where asyncio's loop reads the system's."""
    return time.monotonic if type(loop).time is asyncio.BaseEventLoop.time else loop.time  # noqa: TID251
