"""Says when a blocking call keeps a served cluster's event loop from answering.

A synchronous client on the loop's own thread waits for an answer that only the loop can give: such a
program hangs without a word. A thread beside the loop asks it for a sign of life, and when none comes
while a client's bytes wait to be read, logs where the loop's thread stands.
"""

import asyncio
import sys
import sysconfig
import threading
from collections.abc import Callable
from typing import Any, Final

BLOCKED_SECONDS: Final = 5.0
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Watchdog:
    """`with Watchdog(loop, waits, log):` watches the loop of the thread that enters.

    `waits` answers whether a client waits, and is called from another thread. Each blockage is
    logged once, after `seconds`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        waits: Callable[[], bool],
        log: Any,
        seconds: float = BLOCKED_SECONDS,
    ) -> None:
        self._loop = loop
        self._waits = waits
        self._log = log
        self._seconds = seconds
        self._ended = threading.Event()
        self._alive = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, name="orchestrator-watchdog", daemon=True
        )
        self._loop_thread = threading.get_ident()

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._alive.set()  # what the thread waits for, which holds all that `waits` does
        self._thread.join()

    def _watch(self) -> None:
        alive = self._alive
        while True:
            alive.clear()
            if self._ended.is_set():
                return
            try:
                self._loop.call_soon_threadsafe(alive.set)
            except RuntimeError:  # the loop is closed
                return
            if not alive.wait(self._seconds) and not self._ended.is_set() and self._waits():
                self._log.warning(
                    "the event loop is blocked while a request waits",
                    seconds=self._seconds,
                    at=self._place(),
                    advice="call synchronous clients in a thread (asyncio.to_thread), or host the "
                    "cluster in one (orchestrator.serving)",
                )
            alive.wait()  # one word for each blockage
            self._ended.wait(self._seconds / 5)

    def _place(self) -> str:
        """The innermost line of the loop's thread that is neither Python's own nor a library's."""
        frame = innermost = sys._current_frames().get(self._loop_thread)
        while frame is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
            frame = frame.f_back
        frame = frame or innermost
        return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "?"
