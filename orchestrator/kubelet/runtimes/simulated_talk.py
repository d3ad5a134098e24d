"""What simulated containers say: logs by template and rate, a tiny shell, ports that answer.

Nothing is kept for what nobody asks: a log is worked out when it is read, from when the run began.
"""

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.live import Line
from orchestrator.kubelet.runtimes.services import HttpRequest, HttpResponse, encoded, taken
from orchestrator.kubelet.runtimes.shell import Err, Out, Run, Sleep
from orchestrator.sessions import ERRORS, OUTPUT, LogOptions, Session

Answer: TypeAlias = Callable[[HttpRequest], HttpResponse]
_REMOTE: Final = "127.0.0.1:40000"  # whoever comes through the API server
_HTTP: Final = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"PATCH ", b"OPTIONS ")
_LOOK_SECONDS: Final = 1.0  # between two looks at whether a run that is followed has ended


class Sleeper(Protocol):
    """The clock, for who waits."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class Logged(Struct, frozen=True):
    """A run whose log is read: `ended` answers when it ended, None while it runs."""

    began: float
    ended: Callable[[], float | None]
    line: str
    every: float  # seconds between lines; 0: only at the start
    own: Callable[[float], list[Line]]  # what its command has written up to a moment


async def drive(
    command: Run, world: World, session: Session, clock: Sleeper, *, stdin: bool = True
) -> int:
    """Run a command of the tiny shell with the session's input and output."""
    answer: bytes | None = None
    world.now = clock.now()
    while True:
        try:
            step = command.send(answer)
        except StopIteration as end:
            return int(end.value)
        answer = None
        if isinstance(step, Out):
            await session.write(step.data, OUTPUT)
        elif isinstance(step, Err):
            await session.write(step.data, ERRORS)
        elif isinstance(step, Sleep):
            await clock.sleep(step.seconds)
            world.now = clock.now()
        elif stdin:
            answer = await session.read()


async def write_log(
    logged: Logged, host: str, options: LogOptions, session: Session, clock: Sleeper
) -> int:
    """Write the part of a log that is asked for; with `follow` until the run has ended."""
    written = 0
    async for at, line in _lines(logged, host, options, clock):
        stamp = f"{_stamp(at)} ".encode() if options.timestamps else b""
        data = stamp + line + b"\n"
        if options.limit_bytes is not None:
            data = data[: options.limit_bytes - written]
            if not data:
                break
        written += len(data)
        await session.write(data)
    return 0


async def _lines(
    logged: Logged, host: str, options: LogOptions, clock: Sleeper
) -> AsyncIterator[Line]:
    present = _until(logged, clock.now(), host)
    seen = len(present)
    if options.since is not None:
        present = [each for each in present if each[0] >= options.since]
    if options.tail is not None:
        present = present[len(present) - min(options.tail, len(present)) :]
    for each in present:
        yield each
    ended = False
    while options.follow and not ended:
        ended = logged.ended() is not None
        if not ended:
            await clock.sleep(min(logged.every or _LOOK_SECONDS, _LOOK_SECONDS))
        present = _until(logged, clock.now(), host)
        for each in present[seen:]:
            yield each
        seen = len(present)


def _until(logged: Logged, now: float, host: str) -> list[Line]:
    ended = logged.ended()
    last = now if ended is None else min(now, ended)
    lines = list(logged.own(last))
    if logged.line:
        count = int((last - logged.began) / logged.every) + 1 if logged.every else 1
        for n in range(max(0, count)):
            at = logged.began + n * logged.every
            text = logged.line.replace("{n}", str(n)).replace("{time}", _stamp(at))
            lines.append((at, text.replace("{host}", host).encode()))
        lines.sort(key=lambda each: each[0])
    return lines


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


class Talk(Protocol):
    """Bytes both ways."""

    async def read(self) -> bytes | None: ...

    async def write(self, data: bytes) -> None: ...


async def answer_port(session: Talk, answer: Answer, clock: Sleeper) -> int:
    """Answer HTTP; echo everything else."""
    waiting = b""
    echoes = False
    while (data := await session.read()) is not None:
        if echoes:
            await session.write(data)
            continue
        waiting += data
        if not any(waiting.startswith(m[: len(waiting)]) for m in _HTTP):
            echoes = True
            await session.write(waiting)
            continue
        while (found := _whole(waiting)) is not None:
            head, body, waiting = found
            request = taken(head, body, _REMOTE)
            response = answer(request)
            if response.delay_seconds:
                await clock.sleep(response.delay_seconds)
            await session.write(encoded(response, request.method))
            if b"connection: close" in head.lower() or head.split(b"\r\n")[0].endswith(b"/1.0"):
                return 0
    return 0


async def exchange(session: Talk, data: bytes) -> bytes:
    """Send what a command has for whoever connects; answers what came from there: all, if there is nothing to send."""
    taken = b""
    if data and not data.startswith(b"HTTP/"):
        await session.write(data)
    while (more := await session.read()) is not None:
        taken += more
        if data:
            break
    if data.startswith(b"HTTP/"):  # its client speaks first
        await session.write(data)
    return taken


def _whole(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Head and body of the first request, and what follows; None if it is not all there."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    size = int(length[1]) if length is not None else 0
    return None if len(rest) < size else (head, rest[:size], rest[size:])
