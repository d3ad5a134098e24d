"""Connections: how long one may be silent, and what is done about bytes that are no request.

Go's server, in front of which Kubernetes stands, gives a connection 32 seconds for the head of a request
and 90 seconds between requests; who takes longer is closed without a word. aiohttp counts the time between
requests only, so the time for a head is counted here. The time for a body is `bodies.read`'s.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp.web import BaseRequest, RequestHandler, Response, Server, StreamResponse
from aiohttp.web_protocol import _ErrInfo
from multidict import CIMultiDict, CIMultiDictProxy

# Go's bound for all headers of a request together; it does not count them.
HEAD_BYTES: Final = 1024 * 1024
# What aiohttp's client would say of itself in a request that is passed on.
OWN_HEADERS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_TOO_LARGE: Final = b"431 Request Header Fields Too Large"
_BAD: Final = b"400 Bad Request"
_REFUSAL: Final = (
    b"HTTP/1.1 %b\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%b"
)


class _Request(BaseRequest):
    """A request whose answer does not say by which library it was made, but what was added meanwhile."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.said: dict[str, str] = {}

    async def _prepare_hook(self, response: StreamResponse) -> None:
        response.headers.pop("Server", None)
        response.headers.update(self.said)


def add_headers(request: BaseRequest, headers: Mapping[str, str]) -> None:
    """Whatever is answered says this, too; a stream that has not begun yet as well."""
    assert isinstance(request, _Request)
    request.said.update(headers)


def said_of(request: BaseRequest) -> Mapping[str, str]:
    """What whatever is answered to a request says, too."""
    assert isinstance(request, _Request)
    return request.said


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = (
        "_has_spoken",
        "_head_bytes",
        "_head_requests",
        "_head_seconds",
        "_head_timer",
        "_house_log",
    )

    def __init__(self, manager: "ConnectionServer", **options: Any) -> None:
        super().__init__(manager, **options)
        self._head_seconds = manager.head_seconds
        self._house_log = manager.log
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_requests = 0
        self._head_bytes = 0
        self._has_spoken = False

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
                self.transport.write(_REFUSAL % (_BAD, _BAD))
                self.force_close()
                return
        super().data_received(data)
        if self._waiter is None or self._waiter.done():
            self._head_bytes = 0
            return
        if self._head_timer is None or self._head_requests != self._request_count:
            self._await_head()
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES and self.transport is not None:
            self.transport.write(_REFUSAL % (_TOO_LARGE, _TOO_LARGE))
            self.force_close()

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
        text = "400 Bad Request" if status == 400 else f"{status} Internal Server Error"
        response = Response(status=status, text=text)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **options: Any) -> None:
        """What goes wrong between requests is one line, too: it is the client's bytes."""
        self._house_log.warning("connection failed", error=repr(options.get("exc_info")))


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


def _readable(headers: Mapping[str, str]) -> CIMultiDictProxy[str]:
    """The headers with what is no UTF-8 in them replaced, as Go's documents replace it."""
    pairs = (
        (name, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        for name, value in headers.items()
    )
    return CIMultiDictProxy(CIMultiDict(pairs))


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
        if not b"".join([value for _, value in message.raw_headers]).isascii():
            message = message._replace(headers=_readable(message.headers))
        return _Request(message, payload, protocol, writer, task, self._loop)
