"""What simulated containers say: logs by template and rate, a tiny shell, ports that answer.

Nothing is kept for what nobody asks: a log is worked out when it is read, from when the run began.
"""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final, Protocol

from msgspec import Struct

from orchestrator.api.core.v1 import Container
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell import Err, Out, Read, Run, Sleep, run
from orchestrator.sessions import ERRORS, OUTPUT, LogOptions, Session

_HTTP: Final = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"PATCH ", b"OPTIONS ")
_LOOK_SECONDS: Final = 1.0  # between two looks at whether a run that is followed has ended
_MOST_STEPS: Final = 10_000


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


async def drive(command: Run, session: Session, clock: Sleeper, *, stdin: bool = True) -> int:
    """Run a command of the tiny shell with the session's input and output."""
    answer: bytes | None = None
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
        elif stdin:
            answer = await session.read()


def command_of(container: Container) -> tuple[str, ...]:
    """What the container runs, as far as its spec says."""
    return (*container.command, *container.args)


def spoken(container: Container, world: World) -> list[tuple[float, bytes]]:
    """What the container's own command writes, if the tiny shell knows it: seconds after its start, and line."""
    lines: list[tuple[float, bytes]] = []
    command, seconds, answer = run(command_of(container), world), 0.0, None
    rest = b""
    for _ in range(_MOST_STEPS):
        try:
            step = command.send(answer)
        except StopIteration:
            break
        if isinstance(step, Sleep):
            seconds += step.seconds
        elif isinstance(step, Out):
            *whole, rest = (rest + step.data).split(b"\n")
            lines += [(seconds, line) for line in whole]
        elif isinstance(step, Err) and step.data.endswith(b": not found\n"):
            return []  # the image may have it, and say something else
        elif isinstance(step, Read):
            break
    return [*lines, (seconds, rest)] if rest else lines


async def write_log(
    logged: Logged,
    container: Container,
    world: World,
    options: LogOptions,
    session: Session,
    clock: Sleeper,
) -> int:
    """Write the part of a log that is asked for; with `follow` until the run has ended."""
    written = 0
    async for at, line in _lines(logged, container, world, options, clock):
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
    logged: Logged, container: Container, world: World, options: LogOptions, clock: Sleeper
) -> AsyncIterator[tuple[float, bytes]]:
    # A command that waits for its one session has said nothing before it was joined.
    waits = container.stdin_once and logged.ended() is None
    said = [] if waits else spoken(container, world)
    own = [(logged.began + after, line) for after, line in said]
    begun = clock.now()
    present = _until(logged, own, begun, world)
    if options.since is not None:
        present = [each for each in present if each[0] >= options.since]
    if options.tail is not None:
        present = present[len(present) - min(options.tail, len(present)) :]
    for each in present:
        yield each
    seen = begun
    while options.follow and logged.ended() is None:
        await clock.sleep(min(logged.every or _LOOK_SECONDS, _LOOK_SECONDS))
        now = clock.now()
        for each in _until(logged, own, now, world):
            if each[0] > seen:
                yield each
        seen = now


def _until(
    logged: Logged, own: list[tuple[float, bytes]], now: float, world: World
) -> list[tuple[float, bytes]]:
    ended = logged.ended()
    last = now if ended is None else min(now, ended)
    lines = [each for each in own if each[0] <= last]
    if logged.line:
        count = int((last - logged.began) / logged.every) + 1 if logged.every else 1
        for n in range(max(0, count)):
            at = logged.began + n * logged.every
            text = logged.line.replace("{n}", str(n)).replace("{time}", _stamp(at))
            lines.append((at, text.replace("{host}", world.host).encode()))
        lines.sort(key=lambda each: each[0])
    return lines


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


async def answer_port(session: Session, host: str) -> int:
    """Answer HTTP with the name of the pod; echo everything else."""
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
        while b"\r\n\r\n" in waiting:
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            await session.write(_response(head, host))
            if b"connection: close" in head.lower() or head.split(b"\r\n")[0].endswith(b"/1.0"):
                return 0
    return 0


def _response(head: bytes, host: str) -> bytes:
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0].decode("latin-1")
    body = f"{host} {path}\n".encode()
    start = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return start.encode() + (b"" if method == b"HEAD" else body)
