"""Responses: documents with their headers, errors as Status, compression of what is large."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from aiohttp.abc import AbstractStreamWriter
from aiohttp.web import BaseRequest, Response, StreamResponse
from anyio.lowlevel import checkpoint
from multidict import CIMultiDict

from orchestrator.api import codec
from orchestrator.api.meta.v1 import Status, StatusDetails
from orchestrator.apiserver.aside import BULKY_BYTES, aside
from orchestrator.apiserver.errors import NotAllowed
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.negotiation import Form, is_pretty, negotiate
from orchestrator.apiserver.http.one_piece import CACHE_CONTROL, OnePiece
from orchestrator.apiserver.http.presentation import SLICE, Presenter, indented, rendered
from orchestrator.apiserver.http.statuses import error_document
from orchestrator.apiserver.http.warnings import add_warnings
from orchestrator.protocol import ApiError, Page

# Below it compression costs more than it saves; Kubernetes' own threshold.
GZIP_BYTES: Final = 128 * 1024
# Above it compression takes milliseconds, and has a thread.
_THREAD_BYTES: Final = 512 * 1024
# Above it YAML and protobuf take milliseconds.
_RENDER_BYTES: Final = 64 * 1024
# Above it a list is sent while it is made.
STREAM_BYTES: Final = 4 * 1024 * 1024
# The fastest: documents shrink to a tenth anyway, and most clients are on this machine.
_LEVEL: Final = 1
_GZIP_WINDOW: Final = 31

# One thread: the event loop is to have a processor beside it, however many lists are compressed.
_COMPRESSORS: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gzip")

PLAIN_TEXT: Final = "text/plain; charset=utf-8"
_HEADERS: Final[Mapping[str, str]] = {"Cache-Control": CACHE_CONTROL}
# TLS makes so many bytes of an answer ready in a millisecond or two; then others have their turn.
_SLICE_BYTES: Final = 256 * 1024
# For how long a client may take none of a large answer.
SLICE_SECONDS: Final = 30.0


class _SlicedResponse(Response):
    """An answer whose bytes go out in slices, each when there is room for it."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body and its end."""
        body = self.body
        writer = self._payload_writer
        if isinstance(body, bytes) and writer is not None and not self._must_be_empty_body:
            view = memoryview(body)
            for begin in range(0, len(view), _SLICE_BYTES):
                await self._sent(writer, view[begin : begin + _SLICE_BYTES])
            await StreamResponse.write_eof(self)
        else:
            await super().write_eof(data)

    async def _sent(self, writer: AbstractStreamWriter, piece: memoryview) -> None:
        """A slice is on its way; a client that takes none of it is cut off."""
        try:
            async with asyncio.timeout(SLICE_SECONDS):
                await writer.write(piece)
                await checkpoint()
        except TimeoutError:
            if self._req is not None and self._req.transport is not None:
                self._req.transport.abort()
            raise ConnectionResetError("the client takes nothing") from None


def document_reply(
    data: bytes,
    *,
    status: int = 200,
    media_type: str = "application/json",
    headers: Mapping[str, str] = _HEADERS,
) -> Response:
    """A response with a body."""
    if headers is _HEADERS and len(data) <= _SLICE_BYTES:
        return OnePiece(data, status=status, media_type=media_type)
    all_headers = CIMultiDict(headers)
    all_headers["Content-Type"] = media_type
    kind = Response if len(data) <= _SLICE_BYTES else _SlicedResponse
    return kind(body=data, status=status, headers=all_headers)


def text_reply(text: str, *, status: int = 200) -> Response:
    """Plain text."""
    data = text.encode()
    return document_reply(data, status=status, media_type=PLAIN_TEXT)


def guarded(response: Response) -> Response:
    """An answer that no browser takes for something else than it says: what is refused, and sums of checks."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def error_text(text: str, status: int) -> Response:
    """An error in plain words, as Go's own library answers it; a newline ends it."""
    return guarded(text_reply(f"{text}\n", status=status))


def indented_reply(document: bytes) -> Response:
    """A JSON document that has no form but that for people."""
    return document_reply(indented(document))


async def object_reply(front: Front, call: Call, obj: Any, *, status: int = 200) -> Response:
    """An object in the form that the client asks for; who owns the fields of one that came large is worked out aside."""
    if len(call.body) > BULKY_BYTES or front.is_large(call.target):
        await aside(partial(_managers_of, obj))
    whole = not call.form.shape
    data = front.encodings.object(obj) if whole else presenter(front, call).object(obj)
    if len(data) > BULKY_BYTES and hasattr(obj, "metadata"):
        front.note_size(call.target, obj.metadata, len(data))
    return await _finished(call, data, status)


def _managers_of(obj: Any) -> Sequence[Any]:
    """The entries of a ledger, which it keeps for whoever reads it next."""
    metadata = getattr(obj, "metadata", None)
    return () if metadata is None else tuple(metadata.managed_fields)


async def page_reply(front: Front, call: Call, page: Page) -> StreamResponse:
    """A list in the form that the client asks for; others have their turn while it is made."""
    source = presenter(front, call).page(page)
    if len(page.items) <= SLICE:
        return await _finished(call, b"".join(source), 200)
    pieces: list[bytes] = []
    size = 0
    streams = call.form.media == "json" and not call.pretty and call.request.method != "HEAD"
    rest = _in_turns(front, source)
    async for piece in rest:
        pieces.append(piece)
        size += len(piece)
        if size > STREAM_BYTES and streams:
            return await _streamed(front, call, b"".join(pieces), rest)
    return await _finished(call, b"".join(pieces), 200)


async def _in_turns(front: Front, source: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a long document. In one round of the event loop one piece is made, whosesoever it is.

    So a storm of lists, of masters even, holds nobody up for longer than a piece takes.
    """
    while True:
        async with front.turn:
            piece = next(source, None)
            await front.clock.sleep(0)
        if piece is None:
            return
        yield piece


async def _streamed(
    front: Front, call: Call, begun: bytes, rest: AsyncIterator[bytes]
) -> StreamResponse:
    """A document that is too large to be held and sent in one piece."""
    headers = {**_HEADERS, "Content-Type": "application/json"}
    compressor = None
    if accepts_gzip(call.request):
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        headers.update({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
    response = StreamResponse(headers=headers)
    add_warnings(response, call.target.resource)
    await response.prepare(call.request)
    loop = asyncio.get_running_loop()
    try:

        async def send(piece: bytes) -> None:
            if compressor is not None:
                piece = await loop.run_in_executor(_COMPRESSORS, compressor.compress, piece)
            async with asyncio.timeout(front.limits.write_seconds):
                await response.write(piece)

        await send(begun)
        async for piece in rest:
            await send(piece)
        if compressor is None:
            await response.write(b"\n")
        else:
            await response.write(compressor.compress(b"\n") + compressor.flush())
        await response.write_eof()
    except Exception as error:
        # It is too late for an error that the client can read: half a document says enough.
        front.log.warning("list was cut off", error=repr(error))
        if call.request.transport is not None:
            call.request.transport.abort()
    return response


def presenter(front: Front, call: Call) -> Presenter:
    """What makes documents for this request. Raises BadRequest."""
    target = call.target
    include = call.query.get("includeObject", "")
    now = front.clock.now()
    return Presenter(target.resource, call.form, include, front.encodings, now, target.subresource)


def status_reply(call: Call, status: Status) -> Response:
    """A success that has no object to show; its code is the status's."""
    data, media_type = rendered(codec.encode(status), call.form, pretty=call.pretty)
    return document_reply(data, status=status.code or 200, media_type=media_type)


def success(code: int | None = None, details: StatusDetails | None = None) -> Status:
    """`Status: Success`."""
    return Status(status="Success", code=code, details=details)


def error_reply(request: BaseRequest, error: ApiError) -> Response:
    """An error as Status, in YAML or protobuf if the client prefers them.

    Who wants a form that a Status does not have gets JSON for people.
    """
    form = negotiate(request.headers.get("Accept", ""), True, True, False) or Form(pretty=True)
    pretty = is_pretty(request.query.get("pretty"), request.headers.get("User-Agent", ""))
    data, media_type = rendered(error_document(error), form, pretty=pretty)
    headers = _HEADERS
    if error.retry_after_seconds:
        headers = {**_HEADERS, "Retry-After": str(error.retry_after_seconds)}
    reply = document_reply(data, status=error.code, media_type=media_type, headers=headers)
    return guarded(reply) if isinstance(error, NotAllowed) else reply


async def _finished(call: Call, made: bytes, status: int) -> Response:
    if len(made) < _RENDER_BYTES:  # most: nothing is waited for
        data, media_type = rendered(made, call.form, pretty=call.pretty)
    else:
        data, media_type = await _rendered(made, call)
    headers = _HEADERS
    if len(data) > GZIP_BYTES and accepts_gzip(call.request):
        data = await compressed(data)
        headers = {**_HEADERS, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return document_reply(data, status=status, media_type=media_type, headers=headers)


async def _rendered(made: bytes, call: Call) -> tuple[bytes, str]:
    """A large document in its media type; another form than JSON is made in a thread."""
    if call.form.media == "json":
        return rendered(made, call.form, pretty=call.pretty)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, partial(rendered, made, call.form, pretty=call.pretty))


def accepts_gzip(request: BaseRequest) -> bool:
    """Whether the client can read gzip."""
    return "gzip" in request.headers.get("Accept-Encoding", "")


async def compressed(data: bytes) -> bytes:
    """The data in gzip; a large one is compressed in a thread."""
    if len(data) < _THREAD_BYTES:
        return gzip(data)
    return await asyncio.get_running_loop().run_in_executor(_COMPRESSORS, gzip, data)


def gzip(data: bytes) -> bytes:
    """The data in gzip. The header holds no time, so that equal data have equal bytes."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return compressor.compress(data) + compressor.flush()
