"""Conversations with containers: commands, attached terminals, logs, ports."""

import asyncio
import signal
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final, Protocol

from msgspec.structs import replace

from orchestrator.kubelet.networks.interface import PodLink
from orchestrator.kubelet.runtimes.container_logs import Follower, Log
from orchestrator.kubelet.runtimes.process.pipes import Pipe, Streams
from orchestrator.kubelet.runtimes.process.runs import Run
from orchestrator.kubelet.runtimes.process.shim.messages import Ended, Enter, Failed, News
from orchestrator.kubelet.runtimes.process.supervisor import Supervisor
from orchestrator.sessions import ERRORS, OUTPUT, ClientGone, LogOptions, Resized, Session

CONNECT_SECONDS: Final = 30.0
_LAST_WORDS: Final = 1.0
_KILLED: Final = 128 + signal.SIGKILL


class NotExecuted(Exception):
    """A command could not be started in a container."""


class Execution:
    """A command that runs in a container beside its first process."""

    def __init__(
        self,
        shim: Supervisor,
        run: Run,
        command: tuple[str, ...],
        streams: Streams,
        *,
        terminal: bool,
    ) -> None:
        assert run.command is not None
        self._shim = shim
        self._id = shim.next_id()
        self._streams = streams
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        environment = dict(run.command.environment)
        if terminal:
            environment.setdefault("TERM", "xterm")
        wanted = replace(run.command, arguments=command, environment=environment, terminal=terminal)
        shim.send(Enter(self._id, run.id, wanted), self._hear, streams.theirs)
        streams.handed()

    def _hear(self, news: News, _: tuple[int, ...]) -> None:
        if isinstance(news, Ended | Failed):
            self._shim.forget(self._id)
            if self.done.done():
                return
            if isinstance(news, Ended):
                self.done.set_result(news.code)
            else:
                self.done.set_exception(NotExecuted(news.fault))

    def kill(self) -> None:
        """End it, and its process group."""
        self._shim.kill(self._id)

    def close(self) -> None:
        """Nobody cares for it any more."""
        if not self.done.done():
            self.kill()
            self.done.set_result(_KILLED)
        self._streams.close()


async def execute(shim: Supervisor, run: Run, command: tuple[str, ...], session: Session) -> int:
    """Run a command for a client, until it has ended or the client has gone. Raises NotExecuted."""
    terminal = session.terminal
    streams = Streams(stdin=session.stdin, terminal=terminal)
    execution = Execution(shim, run, command, streams, terminal=terminal)
    _follow_size(session, streams.output, terminal=terminal)
    says = [_say(streams.output, session, OUTPUT)]
    if streams.errors is not None:
        says.append(_say(streams.errors, session, ERRORS))
    talking = [asyncio.ensure_future(each) for each in says]
    hearing = _task(_hear(streams.input, session, terminal=terminal)) if streams.input else None
    left = _task(session.until_left())
    try:
        await asyncio.wait((execution.done, left), return_when=asyncio.FIRST_COMPLETED)
        if not execution.done.done():
            return _KILLED
        await asyncio.wait(talking, timeout=_LAST_WORDS)
        try:
            return execution.done.result()
        except NotExecuted as fault:
            raise NotExecuted(_not_executed(str(fault), run)) from None
    finally:
        execution.close()
        for task in (*talking, left, *([hearing] if hearing is not None else [])):
            task.cancel()


def _not_executed(fault: str, run: Run) -> str:
    return (
        "Internal error occurred: error executing command in container: failed to exec in container: failed to "
        f'start exec "{run.container_id.rpartition("/")[2]}": OCI runtime exec failed: exec failed: unable to '
        f"start container process: {fault}: unknown"
    )


async def attach(run: Run, session: Session) -> int:
    """Join a container's streams, until it has ended or the client has gone."""
    streams = run.streams
    assert streams is not None
    _follow_size(session, streams.output, terminal=bool(run.container.tty))
    run.attached.append(session)
    left, ended = _task(session.until_left()), _task(run.ended.wait())
    hearing = None
    if session.stdin and streams.input is not None:
        once = bool(run.container.stdin_once)
        hearing = _task(_hear(streams.input, session, terminal=bool(run.container.tty), close=once))
    try:
        await asyncio.wait((left, ended), return_when=asyncio.FIRST_COMPLETED)
        return 0
    finally:
        if session in run.attached:
            run.attached.remove(session)
        for task in (left, ended, *([hearing] if hearing is not None else [])):
            task.cancel()


def _follow_size(session: Session, terminal_end: Pipe, *, terminal: bool) -> None:
    if not terminal:
        return

    def resize(size: Resized) -> None:
        if not terminal_end.closed:
            terminal_end.resize(size.width, size.height)

    session.on_resized = resize
    if session.resized is not None:
        resize(session.resized)


async def _say(pipe: Pipe, session: Session, stream: str) -> None:
    with suppress(ClientGone):
        while data := await pipe.read():
            await session.write(data, stream)


async def _hear(pipe: Pipe, session: Session, *, terminal: bool, close: bool = True) -> None:
    """Pass on what the client gives."""
    with suppress(BrokenPipeError):
        while (data := await session.read()) is not None:
            await pipe.write(data)
    if close and not terminal:
        pipe.close()


class Logged(Protocol):
    """A run with a log; who follows it is woken when more may be there."""

    followers: set[asyncio.Event]
    ended: asyncio.Event


async def log(run: Logged, text: Log, options: LogOptions, session: Session) -> int:
    """Write a run's log, and with `follow` what comes, until it has ended or the client has gone."""
    limit = _Limit(session, options.limit_bytes)
    follower = Follower(text, timestamps=options.timestamps) if options.follow else None
    changed = asyncio.Event()
    run.followers.add(changed)
    left = _task(session.until_left())
    try:
        for piece in text.read(options):
            if not await limit.write(piece):
                return 0
        while follower is not None:
            over = run.ended.is_set()
            if (data := follower.more()) and not await limit.write(data):
                return 0
            if over or left.done():
                return 0
            waiting = _task(changed.wait())
            await asyncio.wait((waiting, left), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            changed.clear()
    except ClientGone:
        pass
    finally:
        run.followers.discard(changed)
        left.cancel()
        if follower is not None:
            follower.close()
    return 0


class _Limit:
    """Writes at most so many bytes into a session."""

    def __init__(self, session: Session, most: int | None) -> None:
        self._session = session
        self._left = most

    async def write(self, data: bytes) -> bool:
        """Whether more may be written."""
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        await self._session.write(data)
        return self._left != 0


async def connect(shim: Supervisor, link: PodLink, port: int, session: Session) -> int:
    """Pass bytes between a client and a port of a pod. Raises ConnectionRefusedError."""
    network = str(link.namespace) if link.namespace is not None else ""
    both = ("127.0.0.1", link.address) if network else (link.address, "127.0.0.1")
    hosts = tuple(each for each in both if each)
    try:
        made = await shim.connect(network, hosts, port, CONNECT_SECONDS)
    except (ConnectionRefusedError, TimeoutError) as error:
        raise ConnectionRefusedError(
            f"failed to execute portforward in network namespace {network or 'host'!r}: failed to connect to "
            f"localhost:{port} inside namespace: {str(error) or 'i/o timeout'}"
        ) from None
    return await pass_bytes(*await asyncio.open_connection(sock=made), session)


async def pass_bytes(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session
) -> int:
    """Pass bytes between a client and a connection until one of them has ended."""
    speaking = _task(_pass_on(session, writer))
    left = _task(session.until_left())
    listening = _task(_pass_back(reader, session))
    try:
        await asyncio.wait((listening, left), return_when=asyncio.FIRST_COMPLETED)
        return 0
    finally:
        for task in (speaking, left, listening):
            task.cancel()
        writer.transport.abort() if left.done() else writer.close()


async def _pass_on(session: Session, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while (data := await session.read()) is not None:
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()


async def _pass_back(reader: asyncio.StreamReader, session: Session) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            await session.write(data)


def _task(work: "Awaitable[Any]") -> "asyncio.Future[Any]":
    return asyncio.ensure_future(work)
