"""SPDY/3.1, as far as `kubectl port-forward` speaks it: two streams a connection, data and error.

A client opens the streams of one connection with equal `requestID` headers; `streamtype` tells them apart and `port`
says where to. Header blocks are compressed by one zlib stream in each direction, with the protocol's dictionary.
"""

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct

from orchestrator.apiserver.http.spdy_dictionary import DICTIONARY
from orchestrator.protocol import ApiError
from orchestrator.sessions import Chunk, Session

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY, _HEADERS = 1, 2, 3, 6, 7, 8
_FIN: Final = 1
_VERSION: Final = 0x8003
_MOST: Final = 16 * 1024  # bytes of a data frame


class _Stream(Struct, eq=False):
    """One stream of the client's."""

    number: int
    request: str
    port: int
    is_error: bool


class _Connection(Struct, eq=False):
    """A forwarded connection."""

    data: _Stream | None = None
    error: _Stream | None = None
    session: Session | None = None
    task: asyncio.Task[None] | None = None
    early: list[bytes | None] = []  # what came before the port was open


class Spdy:
    """The server's end. `send` writes bytes, `opened` opens a port of the pod."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        opened: Callable[[int], Awaitable[Session]],
    ) -> None:
        self._send = send
        self._opened = opened
        self._waiting = b""
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._streams: dict[int, _Stream] = {}
        self._connections: dict[str, _Connection] = {}

    async def received(self, data: bytes) -> None:
        """Bytes of the client."""
        self._waiting += data
        while len(self._waiting) >= 8:
            first, second = struct.unpack_from(">II", self._waiting)
            length = second & 0xFFFFFF
            if len(self._waiting) < 8 + length:
                return
            body, self._waiting = self._waiting[8 : 8 + length], self._waiting[8 + length :]
            flags = second >> 24
            if first >> 31:
                await self._control(first & 0xFFFF, flags, body)
            else:
                await self._data(first, flags, body)

    async def close(self) -> None:
        """The client has gone."""
        for connection in self._connections.values():
            if connection.session is not None:
                connection.session.leave()
            if connection.task is not None:
                connection.task.cancel()

    # --- frames ----------------------------------------------------------------------------

    async def _control(self, kind: int, flags: int, body: bytes) -> None:
        if kind == _SYN_STREAM:
            number = struct.unpack_from(">I", body)[0] & 0x7FFFFFFF
            await self._opened_stream(number, self._headers(body[10:]), bool(flags & _FIN))
        elif kind == _PING:
            await self._send(struct.pack(">HHI", _VERSION, _PING, len(body)) + body)
        elif kind == _RST_STREAM:
            stream = self._streams.pop(struct.unpack_from(">I", body)[0] & 0x7FFFFFFF, None)
            if stream is not None and not stream.is_error:
                await self._given(stream, None)
        elif kind == _HEADERS:
            self._headers(body[4:])  # keeps the zlib stream in step

    async def _data(self, number: int, flags: int, body: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None or stream.is_error:
            return
        if body:
            await self._given(stream, body)
        if flags & _FIN:
            await self._given(stream, None)

    def _headers(self, block: bytes) -> dict[str, str]:
        plain = self._inflate.decompress(block)
        (count,) = struct.unpack_from(">I", plain)
        at, texts = 4, []
        for _ in range(2 * count):
            (length,) = struct.unpack_from(">I", plain, at)
            texts.append(plain[at + 4 : at + 4 + length].decode("latin-1"))
            at += 4 + length
        return dict(zip(texts[::2], texts[1::2], strict=True))

    async def _reply(self, number: int) -> None:
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(
            zlib.Z_SYNC_FLUSH
        )
        head = struct.pack(">HHII", _VERSION, _SYN_REPLY, 4 + len(block), number)
        await self._send(head + block)

    async def _write(self, stream: _Stream | None, data: bytes, *, fin: bool = False) -> None:
        if stream is None:
            return
        for at in range(0, max(1, len(data)), _MOST):
            piece = data[at : at + _MOST]
            last = fin and at + _MOST >= len(data)
            head = struct.pack(">II", stream.number, (_FIN << 24 if last else 0) | len(piece))
            await self._send(head + piece)

    # --- connections -----------------------------------------------------------------------

    async def _opened_stream(self, number: int, headers: dict[str, str], closed: bool) -> None:
        port = headers.get("port", "")
        stream = _Stream(
            number,
            headers.get("requestid", ""),
            int(port) if port.isdecimal() else 0,
            headers.get("streamtype", "") == "error",
        )
        self._streams[number] = stream
        connection = self._connections.setdefault(stream.request, _Connection(early=[]))
        if stream.is_error:
            connection.error = stream
        else:
            connection.data = stream
        await self._reply(number)
        if closed and not stream.is_error:
            connection.early.append(None)
        if connection.data is not None and connection.error is not None and not connection.task:
            connection.task = asyncio.create_task(self._serve(connection))

    async def _given(self, stream: _Stream, data: bytes | None) -> None:
        connection = self._connections[stream.request]
        if connection.session is None:
            connection.early.append(data)
        else:
            await connection.session.give(data)

    async def _serve(self, connection: _Connection) -> None:
        """Pass on what the port says; close both streams at its end."""
        assert connection.data is not None
        fault = ""
        with suppress(ConnectionError):
            try:
                session = await self._opened(connection.data.port)
                for data in connection.early:
                    await session.give(data)
                connection.session = session
                while isinstance(said := await session.take(), Chunk):
                    await self._write(connection.data, said.data)
                fault = said.fault
            except ApiError as error:
                fault = error.message
            await self._write(connection.error, fault.encode(), fin=True)
            await self._write(connection.data, b"", fin=True)
