"""The load of `apiserver`: connections that ask again after each answer, and watchers."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from benchmarks.apiserver_requests import REQUESTS, WATCHED, Request, config_map

EVENTS: Final = 20
PATIENCE: Final = 30.0
_PAGE: Final = 4096


class Connection(asyncio.Protocol):
    """A kept connection on which the next request follows each answer; what is heard is counted, and not read."""

    def __init__(self, requests: Iterator[bytes], heard: Callable[[bytes], None]) -> None:
        self._requests, self._heard = requests, heard
        self._held = b""

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        self._transport = transport
        transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        """Ask again, if the answer is whole."""
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._held = b""
        self._heard(head + found + body)
        self._transport.write(next(self._requests, b""))


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    raise ValueError(f"an answer without a length: {head!r}")


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


def client_context() -> ssl.SSLContext:
    """TLS with whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def expect_success(answer: bytes) -> None:
    """Raises SystemExit with an answer that is none of success."""
    if not answer.startswith(b"HTTP/1.1 20"):
        raise SystemExit(answer.decode())


async def load(port: int, name: str, connections: int, seconds: float) -> float:
    """Requests a second of one sort."""
    (request,) = (each for each in REQUESTS if each.name == name)
    requests = map(request.bytes_of, count(time.time_ns()))
    answered = 0

    def heard(answer: bytes) -> None:
        nonlocal answered
        expect_success(answer)
        answered += 1

    loop, context = asyncio.get_running_loop(), client_context()
    begun = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(
            lambda: Connection(requests, heard), "127.0.0.1", port, ssl=context
        )
    await asyncio.sleep(seconds)  # noqa: TID251 - the load's own seconds
    return answered / (time.perf_counter() - begun)


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

    def creation(word: int) -> Iterator[bytes]:
        nonlocal sent
        body = config_map("told-{}", key="value")
        request = Request("create", "POST", WATCHED, body=body).bytes_of(word)
        sent = time.perf_counter()
        yield request

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
        await loop.create_connection(
            partial(Connection, creation(word), expect_success), "127.0.0.1", port, ssl=context
        )
        async with asyncio.timeout(PATIENCE):
            await all_heard.wait()
        delays += heard
    return median(delays), quantiles(delays, n=100)[98], cost


def _resident(process: int) -> float:
    """MiB of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE / 2**20
