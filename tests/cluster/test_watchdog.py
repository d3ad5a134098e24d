"""The thread that says when a blocking call keeps a served cluster from answering."""

import asyncio
import threading
from typing import Any

from orchestrator.cluster.watchdog import Watchdog


class _Log:
    def __init__(self) -> None:
        self.said = threading.Event()
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def warning(self, event: str, **keys: Any) -> None:
        self.lines.append((event, keys))
        self.said.set()


async def test_a_blocked_loop_is_reported_once_with_its_place() -> None:
    """The report names the line of the program that blocks, and comes once for each blockage."""
    log = _Log()
    with Watchdog(asyncio.get_running_loop(), lambda: True, log, seconds=0.05):
        log.said.wait(10)  # blocks the loop until the watchdog has spoken
        threading.Event().wait(0.2)
    assert [event for event, _ in log.lines] == ["the event loop is blocked while a request waits"]
    assert "test_watchdog.py" in log.lines[0][1]["at"]


async def test_a_loop_that_blocks_nobody_is_not_reported() -> None:
    """Blocking is the program's own business while no client waits."""
    log = _Log()
    asked = threading.Event()

    def waits() -> bool:
        asked.set()
        return False

    with Watchdog(asyncio.get_running_loop(), waits, log, seconds=0.05):
        asked.wait(10)
    assert not log.lines
