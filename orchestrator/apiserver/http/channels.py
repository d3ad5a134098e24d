"""Sessions over WebSockets: every message begins with a byte that names its stream, but for logs, which have one.

`v5.channel.k8s.io` and `v4.channel.k8s.io` for commands: 0 input, 1 output, 2 errors, 3 the last word as a Status,
4 the terminal's size, and in v5 255, which closes a stream. For ports: two channels each, data and errors, which
begin with the port's number; or SPDY/3.1 inside the WebSocket, as kubectl does it.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from aiohttp import WSMsgType
from aiohttp.web import BaseRequest, HTTPException, StreamResponse, WebSocketResponse

from orchestrator.apiserver.http import spdy_sessions
from orchestrator.apiserver.http.last_words import last_word
from orchestrator.apiserver.http.websockets import offered
from orchestrator.protocol import ApiError, BadRequest
from orchestrator.sessions import ERRORS, Chunk, Resized, Session

_V5: Final = "v5.channel.k8s.io"
_V4: Final = "v4.channel.k8s.io"
_PLAIN: Final = "channel.k8s.io"
_COMMANDS: Final = (_V5, _V4, "v3.channel.k8s.io", "v2.channel.k8s.io", _PLAIN)
_BINARY: Final = "binary.k8s.io"
_BASE64: Final = "base64.binary.k8s.io"
_TUNNEL: Final = "SPDY/3.1+portforward.k8s.io"
_PORTS: Final = (_TUNNEL, _V4)
_INPUT, _OUTPUT, _ERRORS, _LAST_WORD, _SIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_GREATEST: Final = 32 * 1024 * 1024

OpenPort = Callable[[int], Awaitable[Session]]


async def _upgraded(request: BaseRequest, protocols: Sequence[str]) -> WebSocketResponse:
    """The WebSocket that the client asks for. Raises BadRequest."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise BadRequest(
            "unable to upgrade: this server speaks WebSocket and SPDY/3.1; ask with Upgrade: websocket"
        )
    asked = offered(request)
    if asked and not set(asked) & set(protocols):
        raise BadRequest(f"unable to upgrade: none of {', '.join(asked)} is spoken here")
    socket = WebSocketResponse(protocols=protocols, max_msg_size=_GREATEST, compress=False)
    try:
        await socket.prepare(request)
    except HTTPException as error:
        raise BadRequest(f"unable to upgrade: {error.text}") from None
    return socket


# --- logs ----------------------------------------------------------------------------------


async def serve_stream(request: BaseRequest, session: Session) -> StreamResponse:
    """Pass on what a session says, a message each, after one that is empty; in base64, if that is the protocol.

    Raises BadRequest.
    """
    socket = await _upgraded(request, (_BINARY, _BASE64))
    leaving = asyncio.create_task(_until_closed(socket, session))
    try:
        await _send_piece(socket, b"")
        while isinstance(said := await session.take(), Chunk):
            await _send_piece(socket, said.data)
        if said.fault:
            await _send_piece(socket, said.fault.encode())
    except ConnectionError:
        pass  # the client has gone
    finally:
        session.leave()
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
    await socket.close()
    return socket


async def _send_piece(socket: WebSocketResponse, data: bytes) -> None:
    if socket.ws_protocol == _BASE64:
        await socket.send_str(b64encode(data).decode())
    else:
        await socket.send_bytes(data)


async def _until_closed(socket: WebSocketResponse, session: Session) -> None:
    async for _ in socket:
        pass  # nobody asks for what the client says
    session.leave()


# --- commands ------------------------------------------------------------------------------


async def serve_command(
    request: BaseRequest, session: Session, command: Sequence[str], *, stdin: bool, tty: bool
) -> StreamResponse:
    """Pass bytes between a client and a command until that has ended."""
    if spdy_sessions.wants_spdy(request):
        return await spdy_sessions.serve_command(request, session, command, stdin=stdin, tty=tty)
    socket = await _upgraded(request, _COMMANDS)
    reading = asyncio.create_task(_read_input(socket, session, stdin=stdin))
    try:
        while isinstance(said := await session.take(), Chunk):
            stream = _ERRORS if said.stream == ERRORS and not tty else _OUTPUT
            await socket.send_bytes(bytes((stream,)) + said.data)
        if socket.ws_protocol in (_V5, _V4):
            await socket.send_bytes(bytes((_LAST_WORD,)) + last_word(said, command))
        elif said.fault:
            await socket.send_bytes(bytes((_LAST_WORD,)) + said.fault.encode())
    except ConnectionError:
        pass  # the client has gone
    finally:
        session.leave()
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    await socket.close()
    return socket


async def _read_input(socket: WebSocketResponse, session: Session, *, stdin: bool) -> None:
    async for message in socket:
        data = message.data
        if message.type is WSMsgType.TEXT:
            data = data.encode()
        if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT) or not data:
            continue
        if data[0] == _INPUT and stdin:
            await session.give(data[1:])
        elif data[0] == _CLOSE and data[1:2] == bytes((_INPUT,)):
            await session.give(None)
        elif data[0] == _SIZE:
            with suppress(ValueError, KeyError, TypeError):
                size = json.loads(data[1:])
                session.resize(Resized(int(size["Width"]), int(size["Height"])))
    session.leave()


# --- ports ---------------------------------------------------------------------------------


async def serve_ports(request: BaseRequest, ports: list[int], opened: OpenPort) -> StreamResponse:
    """Pass bytes between a client and ports of a pod until the client has gone."""
    if spdy_sessions.wants_spdy(request):
        return await spdy_sessions.serve_ports(request, opened)
    socket = await _upgraded(request, _PORTS)
    if socket.ws_protocol == _TUNNEL:

        async def send(data: bytes) -> None:
            with suppress(ConnectionError):
                await socket.send_bytes(data)

        streams = spdy_sessions.PortStreams(send, opened)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await streams.spdy.received(message.data)
        await streams.close()
        return socket
    await _serve_channels(socket, ports, opened)
    return socket


async def _serve_channels(socket: WebSocketResponse, ports: list[int], opened: OpenPort) -> None:
    sessions: dict[int, Session] = {}
    tasks = []
    for i, port in enumerate(ports):
        number = port.to_bytes(2, "little")
        await socket.send_bytes(bytes((2 * i,)) + number)
        await socket.send_bytes(bytes((2 * i + 1,)) + number)
        try:
            session = await opened(port)
        except ApiError as error:
            await socket.send_bytes(bytes((2 * i + 1,)) + str(error).encode())
            continue
        sessions[2 * i] = session
        tasks.append(asyncio.create_task(_send_port(socket, 2 * i, session)))
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data and message.data[0] in sessions:
            await sessions[message.data[0]].give(message.data[1:])
    for session in sessions.values():
        session.leave()
    for task in tasks:
        task.cancel()


async def _send_port(socket: WebSocketResponse, channel: int, session: Session) -> None:
    with suppress(ConnectionError):
        while isinstance(said := await session.take(), Chunk):
            await socket.send_bytes(bytes((channel,)) + said.data)
        if said.fault:
            await socket.send_bytes(bytes((channel + 1,)) + said.fault.encode())
        await socket.close()
