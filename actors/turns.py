"""How long an event loop's turns take: from one look at its selector to the next."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any


def time_turns(loop: asyncio.AbstractEventLoop, on_turn: Callable[[float], None]) -> None:
    """Tell `on_turn` the seconds of the wall's clock that each turn takes from now on.

    The loop is asyncio's own or a `VirtualLoop`; both look at `_selector` once a turn, and what
    happens between two looks is the turn.
    """
    selector: Any = loop._selector  # type: ignore[attr-defined]
    select = selector.select
    begun = perf_counter()

    def timed(timeout: float | None = None) -> Any:
        nonlocal begun
        on_turn(perf_counter() - begun)
        events = select(timeout)
        begun = perf_counter()
        return events

    selector.select = timed
