"""Answers whose head and body are one piece of bytes.

aiohttp prepares a head in seven coroutines and puts it before the body in an eighth. Nearly all answers are a document
to a client that keeps its connection, whose head is the same but for four values; so it is written here at once. All
others (HEAD, HTTP/1.0, a connection that ends, headers of their own) go aiohttp's way. Nor is a document one of its
responses, with a dict of headers and all that it remembers, before somebody wants that.
"""

import asyncio
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import HttpVersion11
from aiohttp.web import BaseRequest
from multidict import CIMultiDict

from orchestrator.apiserver.http.connections import Prompt, said_of

CACHE_CONTROL: Final = "no-cache, private"
_USUAL: Final = 2  # Cache-Control and Content-Type; who has more of them has something to say
# Go's server waits for so many bytes to see whether a document ends; a longer one goes out in chunks.
_KNOWN_LENGTH: Final = 2048
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


@lru_cache(maxsize=1024)
def _beginning(status: int, media_type: str) -> str:
    """The status line, and the headers that all answers of a status and media type have."""
    return (
        f"HTTP/1.1 {status} {_phrase(status)}\r\n"
        f"Cache-Control: {CACHE_CONTROL}\r\nContent-Type: {media_type}\r\n"
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class OnePiece(Prompt):
    """A document; its headers may still be added to before it is sent."""

    def __init__(self, data: bytes, *, status: int, media_type: str) -> None:
        self._body = data
        self._status = status
        self._data = data
        self.length = len(data)
        self._media_type = media_type
        self._is_whole = False

    def _make_whole(self) -> None:
        """Have all that the library's responses have."""
        if not self._is_whole:
            self._is_whole = True
            headers = {hdrs.CACHE_CONTROL: CACHE_CONTROL, hdrs.CONTENT_TYPE: self._media_type}
            super().__init__(body=self._data, status=self._status, headers=headers)

    @property
    def headers(self) -> CIMultiDict[str]:
        """Those that it has so far."""
        self._make_whole()
        return self._headers

    def send(self, request: BaseRequest, transport: asyncio.Transport) -> bool:
        """Write head and document, if nothing is unusual about them."""
        said = said_of(request)
        if said is None or not self._is_usual(request):
            return False
        length = self.length
        # One chunk is as good as many, and begins with its length.
        framed = (
            f"Content-Length: {length}\r\n\r\n"
            if length <= _KNOWN_LENGTH
            else f"Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n"
        )
        beginning = _beginning(self._status, self._media_type)
        head = f"{beginning}{said}Date: {rfc822_formatted_time()}\r\n{framed}"
        piece = head.encode() + self._data
        if length > _KNOWN_LENGTH:
            piece += _LAST_CHUNK
        self._keep_alive = self._eof_sent = True
        self._body_length = len(piece)
        transport.write(piece)
        return True

    def _is_usual(self, request: BaseRequest) -> bool:
        return (
            (not self._is_whole or len(self._headers) == _USUAL)
            and request.version == HttpVersion11
            and bool(request.keep_alive)
            and self._keep_alive is not False
            and request.method != "HEAD"
            and self._payload_writer is None
            and not self._eof_sent
        )

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Begin to send what is not usual, as the library does it; that refuses what would end a header."""
        self._make_whole()
        if self.length > _KNOWN_LENGTH and request.version == HttpVersion11:
            self.enable_chunked_encoding()
        return await super().prepare(request)
