"""The load of `apiserver`: two servers take turns in short rounds, on connections that are kept from round to round.

A server's processor time is read between rounds, when nothing is under way: so neither what else the machine does nor
what this process costs is in it. The wall's seconds are those of a whole round, with this process's work.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from benchmarks.apiserver.requests import Request

PATIENCE: Final = 30.0
_WARM_UP_SECONDS: Final = 0.5
_SCHEDULED: Final = 2  # Linux's word for a process's clock that counts what it ran


class Connection(asyncio.Protocol):
    """A kept connection: tells `heard` of each answer, and sends what `ask` gives; nothing (b"") if it has no more."""

    def __init__(self, ask: Callable[[], bytes], heard: Callable[[bytes], None]) -> None:
        self._ask, self._heard = ask, heard
        self._held = b""

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        self._transport = transport
        self.go_on()

    def go_on(self) -> None:
        """Send the next request."""
        self._transport.write(self._ask())

    def data_received(self, data: bytes) -> None:
        """Ask again, if the answer is whole."""
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        answer, self._held = self._held, b""
        self._heard(answer)
        self.go_on()


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    if not found:
        raise ValueError(f"an answer without a length: {head!r}")
    return int(rest.partition(b"\r\n")[0])


def client_context() -> ssl.SSLContext:
    """TLS with whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def expect_success(answer: bytes) -> None:
    """Raises SystemExit with an answer that is none of success."""
    if not answer.startswith(b"HTTP/1.1 20"):
        raise SystemExit(answer.decode())


class Cost(NamedTuple):
    """What an answer cost in a round: microseconds of the wall's clock, and of the server's processor."""

    wall: float
    processor: float


class Load:
    """Connections to the server that is `process`, which all ask the same for as long as a round lasts."""

    def __init__(self, request: Request, process: int) -> None:
        self._clock = (~process << 3) | _SCHEDULED
        self._requests = map(request.bytes_of, count(time.time_ns()))
        self._connections: list[Connection] = []
        self._lasts = False
        self._answered = self._under_way = 0
        self._quiet = asyncio.Event()

    async def connect(self, port: int, connections: int) -> None:
        """Open the connections, which are silent until a round begins."""
        loop, context = asyncio.get_running_loop(), client_context()
        for _ in range(connections):
            _, connection = await loop.create_connection(
                lambda: Connection(self._ask, self._heard), "127.0.0.1", port, ssl=context
            )
            self._connections.append(connection)

    async def round(self, seconds: float) -> Cost:
        """Ask for so long, then wait for the last answers."""
        self._answered, self._lasts = 0, True
        self._quiet.clear()
        wall, processor = time.perf_counter(), time.clock_gettime(self._clock)
        for each in self._connections:
            each.go_on()
        await asyncio.sleep(seconds)  # noqa: TID251 - the load's own seconds
        self._lasts = False
        async with asyncio.timeout(PATIENCE):
            await self._quiet.wait()
        wall, processor = time.perf_counter() - wall, time.clock_gettime(self._clock) - processor
        return Cost(1e6 * wall / self._answered, 1e6 * processor / self._answered)

    def _ask(self) -> bytes:
        if not self._lasts:
            return b""
        self._under_way += 1
        return next(self._requests)

    def _heard(self, answer: bytes) -> None:
        expect_success(answer)
        self._answered += 1
        self._under_way -= 1
        if not self._lasts and not self._under_way:
            self._quiet.set()


async def take_turns(
    request: Request,
    servers: Sequence[tuple[int, int]],
    connections: int,
    rounds: int,
    seconds: float,
) -> list[list[Cost]]:
    """What an answer of each server (port and process) cost, a row a round; the first one is not counted."""
    loads = [Load(request, process) for _, process in servers]
    for load, (port, _) in zip(loads, servers, strict=True):
        await load.connect(port, connections)
        await load.round(_WARM_UP_SECONDS)
    return [[await load.round(seconds) for load in loads] for _ in range(rounds)]
