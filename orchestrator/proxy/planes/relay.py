"""TCP connections that are passed on byte by byte, on the event loop.

Sockets are read and written when the loop says that they are ready, without transports: one `recv` and one
`send` a turn and direction is what keeps a proxied request near a direct one. What does not fit stays with the
direction, which then reads no more until it is written. The end of one side's stream is passed on as such
(half-closed connections are legal), and a reset is passed on as a reset.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Final

Address = tuple[str, int]

_CHUNK: Final = 1 << 18
# Linger for no time: close() sends a reset instead of an orderly end.
_RESET: Final = struct.pack("ii", 1, 0)
_IP_BIND_ADDRESS_NO_PORT: Final = (
    24  # of Linux: the port is chosen when the connection's other end is known
)
CONNECT_SECONDS: Final = 5.0  # how long one backend may take to accept, before the next is tried


class Relay:
    """One connection: from an accepted `client` to the first of `backends` that accepts it.

    `backends` is asked for the next address after each that does not; when there is none left the client is
    reset. `begun` is called first, and `ended` once, when both sockets are closed.
    """

    __slots__ = (
        "_back",
        "_backends",
        "_client",
        "_ended",
        "_loop",
        "_peer",
        "_server",
        "_there",
        "_timer",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        client: socket.socket,
        peer: Address,
        backends: Iterator[Address],
        ended: Callable[["Relay"], None],
        begun: Callable[["Relay"], None],
    ) -> None:
        self._loop = loop
        self._client = client
        self._peer = peer
        self._backends = backends
        self._ended = ended
        self._server: socket.socket | None = None
        self._there: _Direction | None = None
        self._back: _Direction | None = None
        self._timer: asyncio.TimerHandle | None = None
        begun(self)
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connect()

    def abort(self) -> None:
        """End the connection at once, by resets."""
        if self._ended is _nobody:
            return
        for each in (self._client, self._server):
            if each is not None:
                self._loop.remove_reader(each)
                self._loop.remove_writer(each)
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close()

    def _connect(self) -> None:
        address = next(self._backends, None)
        if address is None:
            self.abort()
            return
        server = self._server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setblocking(False)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            come_from(server, self._peer[0])
            server.connect(address)
        except BlockingIOError:
            self._loop.add_writer(server, self._connected)
            self._timer = self._loop.call_later(CONNECT_SECONDS, self._try_next)
        except OSError:
            self._try_next()
        else:
            self._begin(server)

    def _connected(self) -> None:
        server = self._server
        assert server is not None
        assert self._timer is not None
        self._timer.cancel()
        if server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._try_next()
        else:
            self._loop.remove_writer(server)
            self._begin(server)

    def _try_next(self) -> None:
        server = self._server
        assert server is not None
        self._loop.remove_writer(server)
        server.close()
        self._server = None
        self._connect()

    def _begin(self, server: socket.socket) -> None:
        self._there = _Direction(self, self._loop, self._client, server)
        self._back = _Direction(self, self._loop, server, self._client)

    def direction_ended(self) -> None:
        """One direction has passed on its end; with both, the connection has ended."""
        there, back = self._there, self._back
        if there is not None and back is not None and there.ended and back.ended:
            self._close()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._client.close()
        if self._server is not None:
            self._server.close()
        ended, self._ended = self._ended, _nobody
        ended(self)


class _Direction:
    """One direction of a relay."""

    __slots__ = ("_loop", "_pending", "_relay", "_source", "_target", "ended")

    def __init__(
        self,
        relay: Relay,
        loop: asyncio.AbstractEventLoop,
        source: socket.socket,
        target: socket.socket,
    ) -> None:
        self._relay, self._loop, self._source, self._target = relay, loop, source, target
        self._pending: memoryview | None = None
        self.ended = False
        loop.add_reader(source, self._read)

    def _read(self) -> None:
        try:
            data = self._source.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._relay.abort()
            return
        if not data:
            self._end()
            return
        try:
            sent = self._target.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._relay.abort()
            return
        if sent < len(data):
            self._pending = memoryview(data)[sent:]
            self._loop.remove_reader(self._source)
            self._loop.add_writer(self._target, self._write)

    def _write(self) -> None:
        assert self._pending is not None
        try:
            sent = self._target.send(self._pending)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._relay.abort()
            return
        self._pending = self._pending[sent:]
        if not self._pending:
            self._pending = None
            self._loop.remove_writer(self._target)
            self._loop.add_reader(self._source, self._read)

    def _end(self) -> None:
        self._loop.remove_reader(self._source)
        self.ended = True
        try:
            self._target.shutdown(socket.SHUT_WR)
        except OSError:
            self._relay.abort()
            return
        self._relay.direction_ended()


def come_from(server: socket.socket, client: str) -> None:
    """Let a connection to a backend come from its client's address, where that is the host's own."""
    if client.startswith("127.") and client != "127.0.0.1":
        server.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        server.bind((client, 0))


def _nobody(relay: Relay) -> None:
    """The end of the connection has been told."""
