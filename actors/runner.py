"""Run a coroutine in real or in virtual time."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from actors.clock import EPOCH
from actors.errors import Misuse
from actors.turns import time_turns
from actors.virtual import VirtualLoop

T = TypeVar("T")

# The youngest generation is small, so that a pause is short (10 ms at 1,000 nodes). The next one, whose
# pause is long when much is young, is looked at each twelve million new objects: of as many, some
# thousands are garbage there, so less often costs little room.
GC_THRESHOLDS: Final = (50_000, 250, 100)


def run(
    main: Callable[..., Coroutine[Any, Any, T]],
    *args: Any,
    virtual: bool = True,
    start: float = EPOCH,
    on_turn: Callable[[float], None] | None = None,
) -> T:
    """The result of `main(*args)`. Virtual time begins at `start` (seconds since the epoch).

    `on_turn` is told of each turn of the event loop how many seconds of the wall's clock it took,
    during which nothing else could run.

    In a notebook, whose cells run inside a loop, it runs in a thread, and the cell waits for it.
    Raises Misuse inside any other running loop.

    Meanwhile the garbage collector runs more rarely: a system holds many objects that stay, and
    going over them again and again costs a fifth of the time.
    """
    if asyncio._get_running_loop() is not None:
        if not _in_notebook():
            raise Misuse(
                "actors.run makes a loop of its own, and this code runs in one: await the coroutine"
            )
        with ThreadPoolExecutor(1) as thread:
            options: dict[str, Any] = {"virtual": virtual, "start": start, "on_turn": on_turn}
            return thread.submit(lambda: run(main, *args, **options)).result()
    factory = (lambda: VirtualLoop(start)) if virtual else asyncio.new_event_loop
    thresholds = gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            if on_turn is not None:
                time_turns(runner.get_loop(), on_turn)
            return runner.run(main(*args))
    finally:
        gc.set_threshold(*thresholds)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def virtual_loop_factory() -> VirtualLoop:
    """A new loop in virtual time, for `asyncio.Runner` and for pytest-asyncio."""
    return VirtualLoop(EPOCH)
