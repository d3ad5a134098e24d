"""Connections: how long one may be silent, and what is done about bytes that are no request.

Go's server, in front of which Kubernetes stands, gives a connection 32 seconds for the head of a request
and 90 seconds between requests; who takes longer is closed without a word. aiohttp counts the time between
requests only, so the time for a head is counted here. The time for a body is `bodies.read`'s.

A connection has one task, in which its requests are answered one after the other. aiohttp gives each a task of its
own, so that none sees what another has put into the context of its task: nothing here puts anything there, and a
task costs two more turns of the event loop.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from aiohttp.http import HttpVersion11, StreamWriter
from aiohttp.streams import StreamReader
from aiohttp.web import (
    BaseRequest,
    RequestHandler,
    RequestPayloadError,
    Response,
    Server,
    StreamResponse,
)
from aiohttp.web_protocol import ERROR, _ErrInfo
from msgspec import Struct
from multidict import MultiMapping
from yarl import URL

from orchestrator.apiserver.http import refusals
from orchestrator.apiserver.http.heads import Head, head_of, kept
from orchestrator.protocol import Identity

# Go's bound for all headers of a request together; it does not count them.
HEAD_BYTES: Final = 1024 * 1024
# What aiohttp's client would say of itself in a request that is passed on.
OWN_HEADERS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


_ASCII: Final = "".join(map(chr, range(0x7F)))
# A semicolon, or what is no escape.
_UNREADABLE: Final = re.compile(r";|%(?![0-9A-Fa-f]{2})")


class Headers(Struct, frozen=True):
    """What answers say, as values and as lines of a head; no lines (None) where a value would not stay in its own."""

    values: Mapping[str, str]
    lines: str | None


def headers(values: Mapping[str, str]) -> Headers:
    """These headers."""
    plain = all(value.isprintable() for value in values.values())
    lines = "".join(f"{name}: {value}\r\n" for name, value in values.items())
    return Headers(values, lines if plain else None)


def header(name: str, value: str) -> Headers:
    """One header."""
    return Headers({name: value}, f"{name}: {value}\r\n" if value.isprintable() else None)


class _Request(BaseRequest):
    """A request whose answer does not say by which library it was made, but what was added meanwhile."""

    head: Head
    said: tuple[Headers, ...] = ()

    @cached_property
    def query(self) -> MultiMapping[str]:
        """The parameters of the URL, but those that Go does not read."""
        written = self.raw_path.partition("?")[2]
        if _UNREADABLE.search(written) is None:
            return self.rel_url.query
        pairs = written.partition("#")[0].split("&")
        readable = "&".join(each for each in pairs if not _UNREADABLE.search(each))
        return URL.build(query_string=readable, encoded=True).query

    may_send = False

    @property
    def withholds_body(self) -> bool:
        """Whether the client has not sent its body, and waits to hear that it may."""
        return (
            self.head.waits_to_send
            and not self.may_send
            and self.body_exists
            and self.version == HttpVersion11
        )

    async def _prepare_hook(self, response: StreamResponse) -> None:
        response.headers.pop("Server", None)
        for each in self.said:
            response.headers.update(each.values)


def add_headers(request: BaseRequest, added: Headers) -> None:
    """Whatever is answered says this, too; a stream that has not begun yet as well."""
    assert isinstance(request, _Request)
    request.said += (added,)


def ask_for_body(request: BaseRequest) -> None:
    """The body is about to be read: a client that waits to hear so is told."""
    assert isinstance(request, _Request)
    if request.withholds_body and request.transport is not None:
        request.may_send = True
        request.transport.write(_CONTINUE)


def said_in(request: BaseRequest) -> Head:
    """What a request says of itself in its headers."""
    assert isinstance(request, _Request)
    return request.head


def said_of(request: BaseRequest) -> str | None:
    """What whatever is answered to a request says, too, as lines of its head; None where these are no lines."""
    assert isinstance(request, _Request)
    lines = ""
    for each in request.said:
        if each.lines is None:
            return None
        lines += each.lines
    return lines


class Prompt(Response):
    """An answer that may be able to go out at once."""

    def send(self, request: BaseRequest, transport: asyncio.Transport) -> bool:
        """Whether all of it has been written; otherwise it is sent as others are."""
        raise NotImplementedError


class _Refusal(Prompt):
    """Bytes that end a connection."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        self.force_close()

    def send(self, request: BaseRequest, transport: asyncio.Transport) -> bool:
        """Write them as they are."""
        transport.write(self._data)
        return True


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = (
        "_has_spoken",
        "_head_bytes",
        "_head_requests",
        "_head_seconds",
        "_head_timer",
        "_house_log",
        "head",
        "holder",
        "shown",
    )

    def __init__(self, manager: "ConnectionServer", **options: Any) -> None:
        super().__init__(manager, **options)
        self._head_seconds = manager.head_seconds
        self._house_log = manager.log
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_requests = 0
        self._head_bytes = 0
        self._has_spoken = False
        self.head: Head | None = None  # of the last request
        # What the last request's Authorization was, and whose that is if it is known for good.
        self.shown = ""
        self.holder: Identity | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is done; the first head has its time from now on."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes that end no head begin its time, and count against its size.

        An empty line is no request to Go; the parser would wait for what follows it.
        """
        if not self._has_spoken:
            self._has_spoken = True
            if data[:1] in (b"\r", b"\n") and self.transport is not None:
                self._refuse(refusals.of_nonsense())
                return
        if self._waiter is not None and not self._head_bytes and not data.isascii():
            data = _with_escapes(data)
        super().data_received(data)
        if self._messages and isinstance(self._messages[-1][0], _ErrInfo):
            self._break_body()
        if self._waiter is None or self._waiter.done():
            self._head_bytes = 0
            return
        if self._head_timer is None or self._head_requests != self._request_count:
            self._await_head()
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(refusals.refusal(refusals.TOO_LARGE))

    def _refuse(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)
            self.force_close()

    def _break_body(self) -> None:
        """If a body is under way, its rest cannot be read: who waits for it is told, which the parser does not do."""
        if len(self._messages) > 1:
            payload = self._messages[-2][1]
        elif self._current_request is not None:
            payload = self._current_request.content
        else:
            return
        if payload.is_eof():
            return
        error, _ = self._messages.pop()
        assert isinstance(error, _ErrInfo)
        _release(error.exc)
        payload.set_exception(RequestPayloadError(refusals.of_chunks(error.exc)))
        self.close()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on where reading was paused; otherwise nothing is left to parse, which aiohttp would do at every body."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone, or was closed."""
        if self._head_timer is not None:
            self._head_timer.cancel()
        for message, _ in self._messages:
            if isinstance(message, _ErrInfo):
                _release(message.exc)
        super().connection_lost(exc)

    async def start(self) -> None:
        """Answer the requests of the connection."""
        manager = self._manager
        assert manager is not None
        while not self._force_close:
            if not self._messages:
                self._waiter = self._loop.create_future()
                try:
                    await self._waiter
                finally:
                    self._waiter = None
            message, payload = self._messages.popleft()
            if self._parser is not None:
                self._parser.message_consumed()
            if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
                self._resume_reading_if_drained()
            manager.requests_count += 1
            if not await self._is_kept_after(message, payload):
                break
        if not self._force_close:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    async def _is_kept_after(self, message: Any, payload: StreamReader) -> bool:
        """Answer a request; whether the next one may come by the same connection."""
        handler: Any = self._request_handler
        if isinstance(message, _ErrInfo):
            handler, message = self._make_error_handler(message), ERROR
        factory: Any = self._request_factory
        writer = StreamWriter(self, self._loop)
        request = factory(message, payload, self, writer, self._task_handler)
        try:
            refusal = request.head.refusal or refusals.of_version(request.version)
            if refusal is not None:
                self._refuse(refusal)
                return False
            response, has_gone = await self._handle_request(request, None, handler)
            if has_gone:
                return False
            self._keepalive = bool(response.keep_alive)
            if not (payload.is_eof() or request.withholds_body or self._close):
                await self._pass_over(payload)
        except ConnectionError:
            return False
        except BaseException as error:
            self.force_close()
            if not isinstance(error, Exception):
                raise
            self.log_exception("Unhandled exception", exc_info=error)
        finally:
            del request._task  # it holds this frame
        if not self._keepalive or self._close or self._force_close:
            return False
        self._next_keepalive_close_time = at = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(at, self._process_keepalive)
        return True

    async def finish_response(
        self, request: BaseRequest, resp: StreamResponse, start_time: float | None
    ) -> tuple[StreamResponse, bool]:
        """Send an answer; whether the client has gone meanwhile."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return resp, True
        assert isinstance(request, _Request)
        if self._close or request.withholds_body:
            resp.force_close()
        if self._upgraded or not (isinstance(resp, Prompt) and resp.send(request, transport)):
            return await super().finish_response(request, resp, start_time)
        if self.writing_paused:
            try:
                await request.writer.drain()
            except ConnectionError:
                return resp, True
        return resp, False

    async def _pass_over(self, payload: StreamReader) -> None:
        """Read what is left of a body that nobody wanted; who does not send it soon is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lingering_time):
                while not payload.is_eof():
                    await payload.readany()
        if not payload.is_eof():
            self.close()

    def _await_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_requests = self._request_count
        self._head_timer = self._loop.call_later(self._head_seconds, self._head_is_due)

    def _head_is_due(self) -> None:
        self._head_timer = None
        waits = self._waiter is not None and not self._waiter.done()
        if waits and self._request_count == self._head_requests:
            self.force_close()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Answer what is no request of HTTP as Go does, and say so in one line of the log."""
        if exc is not None:
            _release(exc)
        reason = (str(exc) or type(exc).__name__).partition("\n")[0]
        self._house_log.info("not an HTTP request", remote=request.remote, error=reason)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        if status == 400:
            return _Refusal(refusals.of_nonsense(exc))
        return _Refusal(refusals.refusal(f"{status} Internal Server Error"))

    def log_exception(self, *args: Any, **options: Any) -> None:
        """What goes wrong between requests is one line, too: it is the client's bytes."""
        self._house_log.warning("connection failed", error=repr(options.get("exc_info")))


def _with_escapes(data: bytes) -> bytes:
    """The bytes of a head, in whose first line stand escapes for what the parser would not read, and Go does."""
    line, end, rest = data.partition(b"\r\n")
    return data if line.isascii() else quote(line, safe=_ASCII).encode() + end + rest


def _release(error: BaseException) -> None:
    """Take the stack off an error of the parser's.

    Its frames hold the connection, and the connection holds the error: so each connection with bytes that are no
    request would stay, with its buffers and all that TLS keeps for it, until the garbage of the whole process is
    looked through, which is rare where much is alive.
    """
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__context__


class ConnectionServer(Server):
    """Makes a `Connection` of every client that has connected."""

    def __init__(self, handler: Any, *, head_seconds: float, log: Any, **options: Any) -> None:
        super().__init__(
            handler,
            request_factory=self._request,
            max_line_size=HEAD_BYTES,
            max_field_size=HEAD_BYTES,
            max_headers=HEAD_BYTES,
            auto_decompress=False,  # Kubernetes does not look at a body's Content-Encoding
            access_log=None,
            **options,
        )
        self.head_seconds = head_seconds
        self.log = log

    def __call__(self) -> RequestHandler:
        """The protocol of a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
        last = protocol.head
        head = head_of(message, last)
        if head is not last:
            protocol.head = kept(head)
        if not head.is_ascii:
            message = message._replace(headers=head.headers)
        if "#" in message.path:  # to Go it is a letter as others are
            url = URL(message.path.replace("#", "%23"), encoded=True)
            message = message._replace(url=url)
        request = _Request(message, payload, protocol, writer, task, self._loop)
        request.head = head
        return request
