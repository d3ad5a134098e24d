"""Run a coroutine in real or in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from actors.clock import EPOCH
from actors.virtual import VirtualLoop

T = TypeVar("T")


def run(
    main: Callable[..., Coroutine[Any, Any, T]],
    *args: Any,
    virtual: bool = True,
    start: float = EPOCH,
) -> T:
    """The result of `main(*args)`. Virtual time begins at `start` (seconds since the epoch)."""
    factory = (lambda: VirtualLoop(start)) if virtual else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main(*args))


def virtual_loop_factory() -> VirtualLoop:
    """A new loop in virtual time, for `asyncio.Runner` and for pytest-asyncio."""
    return VirtualLoop(EPOCH)
