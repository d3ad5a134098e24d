"""SPDY/3.1, as far as sessions with containers need it: frames, streams with headers, and no more.

Clients open streams whose headers say what they are for; both ends write into them and close their half. Header
blocks are compressed by one zlib stream in each direction, with the protocol's dictionary. There is no library for it
that is kept, and the protocol has ended: what is here is all that will be needed.
"""

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec import Struct, field

from orchestrator.machinery.spdy_dictionary import DICTIONARY

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY, _HEADERS = 1, 2, 3, 6, 7, 8
_WINDOW_UPDATE: Final = 9
_FIN: Final = 1
_VERSION: Final = 0x8003
_MOST: Final = 16 * 1024  # bytes of a data frame
_ROOM: Final = 64  # chunks that may wait in a stream


class Stream(Struct, eq=False):
    """One stream; what the other end sends waits in `received`, None at its end."""

    number: int
    headers: dict[str, str]
    received: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(_ROOM))


async def _nobody(stream: Stream) -> None:
    """A server opens no streams."""


class Spdy:
    """One end. `send` writes bytes to the other; `opened` is told of each stream that a client opens."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        opened: Callable[[Stream], Awaitable[None]] = _nobody,
    ) -> None:
        self._send = send
        self._opened = opened
        self._waiting = b""
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._streams: dict[int, Stream] = {}

    async def received(self, data: bytes) -> None:
        """Bytes of the other end."""
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
        """The other end has gone: its streams have ended."""
        for stream in self._streams.values():
            _end(stream)
        self._streams.clear()

    async def write(self, stream: Stream, data: bytes, *, fin: bool = False) -> None:
        """Write into a stream; with `fin` it is the last."""
        for at in range(0, max(1, len(data)), _MOST):
            piece = data[at : at + _MOST]
            last = fin and at + _MOST >= len(data)
            head = struct.pack(">II", stream.number, (_FIN << 24 if last else 0) | len(piece))
            await self._send(head + piece)

    async def open(self, headers: Mapping[str, str]) -> Stream:
        """Open a stream, as a client."""
        number = 2 * len(self._streams) + 1
        stream = self._streams[number] = Stream(number, dict(headers))
        block = self._block(headers)
        body = struct.pack(">IIH", number, 0, 0) + block
        await self._send(struct.pack(">HHI", _VERSION, _SYN_STREAM, len(body)) + body)
        return stream

    # --- frames ----------------------------------------------------------------------------

    async def _control(self, kind: int, flags: int, body: bytes) -> None:
        if kind == _SYN_STREAM:
            number = struct.unpack_from(">I", body)[0] & 0x7FFFFFFF
            stream = self._streams[number] = Stream(number, self._headers(body[10:]))
            await self._reply(number)
            if flags & _FIN:
                _end(stream)
            await self._opened(stream)
        elif kind == _PING:
            await self._send(struct.pack(">HHI", _VERSION, _PING, len(body)) + body)
        elif kind == _RST_STREAM:
            gone = self._streams.pop(struct.unpack_from(">I", body)[0] & 0x7FFFFFFF, None)
            if gone is not None:
                _end(gone)
        elif kind in (_HEADERS, _SYN_REPLY):
            self._headers(body[4:])  # keeps the zlib stream in step

    async def _data(self, number: int, flags: int, body: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return
        if body:
            await stream.received.put(body)
        if flags & _FIN:
            await stream.received.put(None)

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
        block = self._block({})
        head = struct.pack(">HHII", _VERSION, _SYN_REPLY, 4 + len(block), number)
        await self._send(head + block)

    def _block(self, headers: Mapping[str, str]) -> bytes:
        plain = bytearray(struct.pack(">I", len(headers)))
        for text in (each for pair in headers.items() for each in pair):
            plain += struct.pack(">I", len(text)) + text.encode("latin-1")
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def _end(stream: Stream) -> None:
    """Nothing more comes; what waits may be lost where nobody reads."""
    if stream.received.full():
        stream.received.get_nowait()
    stream.received.put_nowait(None)
