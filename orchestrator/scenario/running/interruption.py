"""Ctrl-C where something is to be finished: the first one asks, only the second one interrupts."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def at_first_ctrl_c(act: Callable[[], None]) -> Iterator[None]:
    """Within the block the first Ctrl-C calls `act`, and any other is a KeyboardInterrupt.

    Nothing changes where Ctrl-C is somebody else's: in a thread, in a job in the background.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        act()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
