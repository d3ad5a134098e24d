"""The watchers of `apiserver`: when each hears of an event, and what they cost the server while they hear nothing."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from benchmarks.apiserver.load import PATIENCE, Connection, client_context, expect_success
from benchmarks.apiserver.requests import WATCHED, Request, config_map

EVENTS: Final = 20
_PAGE: Final = 4096


class Listener(asyncio.Protocol):
    """A watch: notes when each event has come."""

    def __init__(self, path: str, came: Callable[[bytes], None]) -> None:
        self._path, self._came = path, came

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        transport.write(Request("watch", "GET", self._path).bytes_of(0))

    def data_received(self, data: bytes) -> None:
        """An event, or the beginning of the answer."""
        self._came(data)


async def fan_out(port: int, watchers: int, process: int) -> tuple[float, float, float]:
    """The median and p99 of the milliseconds until watchers hear, and the MiB that they cost while they hear nothing."""
    loop, context = asyncio.get_running_loop(), client_context()
    delays: list[float] = []
    heard: list[float] = []
    all_heard = asyncio.Event()
    name, sent = b"nobody", 0.0

    def came(data: bytes) -> None:
        if name in data:
            heard.append(1e3 * (time.perf_counter() - sent))
            if len(heard) == watchers:
                all_heard.set()

    def creation(words: list[int]) -> bytes:
        nonlocal sent
        if not words:
            return b""
        body = config_map("told-{}", key="value")
        request = Request("create", "POST", WATCHED, body=body).bytes_of(words.pop())
        sent = time.perf_counter()
        return request

    before = _resident(process)
    for _ in range(watchers):
        await loop.create_connection(
            lambda: Listener(f"{WATCHED}?watch=1", came), "127.0.0.1", port, ssl=context
        )
    await asyncio.sleep(1)  # noqa: TID251 - until all are quiet
    cost = _resident(process) - before
    for _ in range(EVENTS):
        word = time.time_ns()
        heard, all_heard, name = [], asyncio.Event(), f'"told-{word}"'.encode()
        ask = partial(creation, [word])
        await loop.create_connection(
            partial(Connection, ask, expect_success), "127.0.0.1", port, ssl=context
        )
        async with asyncio.timeout(PATIENCE):
            await all_heard.wait()
        delays += heard
    return median(delays), quantiles(delays, n=100)[98], cost


def _resident(process: int) -> float:
    """MiB of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE / 2**20
