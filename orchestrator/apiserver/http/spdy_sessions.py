"""Sessions over SPDY/3.1: what its streams mean for commands and for ports.

For a command the client opens a stream each for `error`, `stdin`, `stdout`, `stderr` and `resize`, as its header
`streamtype` says; the last word goes into `error`, a Status from `v4.channel.k8s.io` on, else a text. For a port it opens
two streams with equal `requestid`, data and error, and `port` says where to.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from aiohttp.web import BaseRequest, StreamResponse

from orchestrator.apiserver.http.last_words import last_word
from orchestrator.machinery.digits import whole
from orchestrator.machinery.spdy import Spdy, Stream
from orchestrator.protocol import ApiError, BadRequest
from orchestrator.sessions import ERRORS, OUTPUT, Chunk, Ended, Resized, Session

SPDY: Final = "spdy/3.1"
_VERSION: Final = "X-Stream-Protocol-Version"
_COMMANDS: Final = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "v2.channel.k8s.io",
    "channel.k8s.io",
)
_PORTS: Final = ("portforward.k8s.io",)
_TELLS_STATUS: Final = frozenset({"v5.channel.k8s.io", "v4.channel.k8s.io"})
_TELLS_SIZE: Final = _TELLS_STATUS | {"v3.channel.k8s.io"}
_STREAMS_SECONDS: Final = 30.0  # in which a client has to open the streams of its command
_ROOM: Final = 64  # pieces of the client's that may wait

OpenPort = Callable[[int], Awaitable[Session]]


def wants_spdy(request: BaseRequest) -> bool:
    """Whether the client asks for SPDY/3.1 in place of HTTP."""
    return request.headers.get("Upgrade", "").lower() == SPDY


async def _upgraded(
    request: BaseRequest, known: Sequence[str]
) -> tuple[StreamResponse, str, "_Received"]:
    """The answer after which SPDY is spoken, the protocol of the streams, and what the client sends. Raises BadRequest."""
    asked = [
        each.strip()
        for line in request.headers.getall(_VERSION, [])
        for each in line.split(",")
        if each.strip()
    ]
    chosen = next((each for each in asked if each in known), known[-1] if not asked else "")
    if not chosen:
        raise BadRequest(
            f"unable to upgrade: unable to negotiate protocol: client supports {asked}, server accepts {list(known)}"
        )
    headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", _VERSION: chosen}
    response = StreamResponse(status=101, headers=headers)
    response.force_close()
    received = _Received(request)
    request.protocol.set_parser(received)  # type: ignore[arg-type]
    await response.prepare(request)
    return response, chosen, received


def _sender(request: BaseRequest) -> Callable[[bytes], Awaitable[None]]:
    async def send(data: bytes) -> None:
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        transport.write(data)
        await request.protocol._drain_helper()

    return send


class _Received:
    """What the client sends after the protocol was switched: aiohttp feeds it, in place of its own parser."""

    def __init__(self, request: BaseRequest) -> None:
        self._request = request
        self._waiting: deque[bytes] = deque()
        self._came = asyncio.Event()
        self._ended = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Bytes of the client."""
        self._waiting.append(data)
        self._came.set()
        if len(self._waiting) > _ROOM and self._request.transport is not None:
            self._request.transport.pause_reading()
        return False, b""

    def feed_eof(self) -> None:
        """The client has gone."""
        self._ended = True
        self._came.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._waiting or not self._ended:
            while self._waiting:
                yield self._waiting.popleft()
            if self._request.transport is not None and not self._ended:
                self._request.transport.resume_reading()
            self._came.clear()
            if not self._ended:
                await self._came.wait()


# --- commands ------------------------------------------------------------------------------


async def serve_command(
    request: BaseRequest, session: Session, command: Sequence[str], *, stdin: bool, tty: bool
) -> StreamResponse:
    """Pass bytes between a client and a command until that has ended. Raises BadRequest."""
    response, protocol, received = await _upgraded(request, _COMMANDS)
    query = request.query
    wanted = {"error"} | {"stdin" for _ in [1] if stdin}
    wanted |= {
        name for name in ("stdout", "stderr") if query.get(name, "").lower() in ("true", "1")
    }
    if tty:
        wanted.discard("stderr")
        wanted |= {"resize"} if protocol in _TELLS_SIZE else set()
    streams: dict[str, Stream] = {}
    complete = asyncio.Event()

    async def opened(stream: Stream) -> None:
        streams[stream.headers.get("streamtype", "")] = stream
        if wanted <= streams.keys():
            complete.set()

    spdy = Spdy(_sender(request), opened)
    reading = asyncio.create_task(_read(received, spdy, session))
    tasks = [reading]
    try:
        async with asyncio.timeout(_STREAMS_SECONDS):
            await complete.wait()
        if stdin:
            tasks.append(asyncio.create_task(_give(streams["stdin"], session)))
        if "resize" in streams:
            tasks.append(asyncio.create_task(_resize(streams["resize"], session)))
        await _tell(spdy, streams, session, command, protocol, tty=tty)
    except (ConnectionError, TimeoutError):
        pass  # the client has gone, or does not know what it wants
    finally:
        await _ended(tasks)
        if request.transport is not None:
            request.transport.close()
    return response


async def _ended(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _read(received: _Received, spdy: Spdy, session: Session) -> None:
    async for data in received:
        await spdy.received(data)
    await spdy.close()
    session.leave()


async def _give(stream: Stream, session: Session) -> None:
    while (data := await stream.received.get()) is not None:
        await session.give(data)
    await session.give(None)


async def _resize(stream: Stream, session: Session) -> None:
    while (data := await stream.received.get()) is not None:
        with suppress(ValueError, KeyError, TypeError):
            size = json.loads(data)
            session.resize(Resized(int(size["Width"]), int(size["Height"])))


async def _tell(
    spdy: Spdy,
    streams: dict[str, Stream],
    session: Session,
    command: Sequence[str],
    protocol: str,
    *,
    tty: bool,
) -> None:
    """Write what the command says, then close its streams, the last word last."""
    while isinstance(said := await session.take(), Chunk):
        kind = "stderr" if said.stream == ERRORS and not tty else "stdout"
        if kind in streams:
            await spdy.write(streams[kind], said.data)
    for kind in (OUTPUT, ERRORS):
        if kind in streams:
            await spdy.write(streams[kind], b"", fin=True)
    await spdy.write(streams["error"], _word(said, command, protocol), fin=True)


def _word(ended: Ended, command: Sequence[str], protocol: str) -> bytes:
    if protocol in _TELLS_STATUS:
        return last_word(ended, command)
    if ended.fault:
        return ended.fault.encode()
    code = ended.exit_code
    return f"command terminated with non-zero exit code: {code}".encode() if code else b""


# --- ports ---------------------------------------------------------------------------------


class PortStreams:
    """Pairs the streams of forwarded connections, and passes on what their ports say."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], opened: OpenPort) -> None:
        self._open = opened
        self._halves: dict[str, Stream] = {}  # by request: of whom the other half has not come
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: list[Session] = []
        self.spdy = Spdy(send, self._opened)

    async def _opened(self, stream: Stream) -> None:
        request = stream.headers.get("requestid", "")
        other = self._halves.pop(request, None)
        if other is None:
            self._halves[request] = stream
            return
        is_error = stream.headers.get("streamtype") == "error"
        data, error = (other, stream) if is_error else (stream, other)
        task = asyncio.create_task(self._serve(data, error))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, data: Stream, error: Stream) -> None:
        fault, giving = "", None
        port = data.headers.get("port", "")
        with suppress(ConnectionError):
            try:
                session = await self._open(whole(port) if port.isdecimal() else 0)
                self._sessions.append(session)
                giving = asyncio.create_task(_give(data, session))
                while isinstance(said := await session.take(), Chunk):
                    await self.spdy.write(data, said.data)
                fault = said.fault
            except ApiError as refusal:
                fault = refusal.message
            finally:
                if giving is not None:
                    await _ended([giving])
                    self._sessions.remove(session)
            await self.spdy.write(error, fault.encode(), fin=True)
            await self.spdy.write(data, b"", fin=True)

    async def close(self) -> None:
        """The client has gone."""
        await self.spdy.close()
        for session in self._sessions:
            session.leave()
        await _ended(list(self._tasks))


async def serve_ports(request: BaseRequest, opened: OpenPort) -> StreamResponse:
    """Pass bytes between a client and ports of a pod until the client has gone. Raises BadRequest."""
    response, _, received = await _upgraded(request, _PORTS)
    ports = PortStreams(_sender(request), opened)
    try:
        async for data in received:
            await ports.spdy.received(data)
    finally:
        await ports.close()
    return response
