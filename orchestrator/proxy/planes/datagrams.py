"""UDP that is passed on: what one client sends goes to one backend, and what that answers comes back.

A flow is a client's address and port; it has a socket of its own, by which the answers are told apart. It ends
when nothing has passed for IDLE_SECONDS (the kernel's conntrack keeps flows with answers longer, 120 s, and those
without 30 s), and with its backend.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from orchestrator.proxy.planes.relay import Address, come_from

IDLE_SECONDS: Final = 30.0
_LARGEST: Final = 1 << 16
_A_TURN: Final = 64  # datagrams that are read in one turn of the loop


class Datagrams:
    """A listening UDP socket and its flows. `choose` names the backend of a new one; None: nobody takes it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listening: socket.socket,
        choose: Callable[[str], Address | None],
    ) -> None:
        self._loop, self._listening, self._choose = loop, listening, choose
        self._flows: dict[Address, _Flow] = {}
        listening.setblocking(False)
        loop.add_reader(listening, self._read)

    @property
    def flows(self) -> int:
        """How many flows there are."""
        return len(self._flows)

    def keep(self, backends: frozenset[Address]) -> None:
        """End the flows to other backends than these."""
        for client, flow in list(self._flows.items()):
            if flow.backend not in backends:
                self._end(client)

    def close(self) -> None:
        """End all flows, and listen no more."""
        for client in list(self._flows):
            self._end(client)
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _read(self) -> None:
        for _ in range(_A_TURN):
            try:
                data, client = self._listening.recvfrom(_LARGEST)
            except OSError:  # nothing more, or the news of an answer that its client did not take
                return
            flow = self._flows.get(client) or self._begin(client)
            if flow is not None:
                flow.send(data)

    def _begin(self, client: Address) -> "_Flow | None":
        backend = self._choose(client[0])
        if backend is None:
            return None
        try:
            flow = _Flow(self, self._loop, client, backend)
        except OSError:
            return None
        self._flows[client] = flow
        return flow

    def answer(self, client: Address, data: bytes) -> None:
        """Send what a backend has answered."""
        try:
            self._listening.sendto(data, client)
        except OSError:
            return  # UDP: what does not fit is lost

    def _end(self, client: Address) -> None:
        self._flows.pop(client).close()

    def idle(self, client: Address) -> None:
        """A flow is not used any more."""
        if client in self._flows:
            self._end(client)


class _Flow:
    __slots__ = ("_client", "_loop", "_seen_at", "_server", "_timer", "_to", "backend")

    def __init__(
        self, to: Datagrams, loop: asyncio.AbstractEventLoop, client: Address, backend: Address
    ) -> None:
        self._to, self._loop, self._client, self.backend = to, loop, client, backend
        self._server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._server.setblocking(False)
            come_from(self._server, client[0])
            self._server.connect(backend)
        except OSError:
            self._server.close()
            raise
        loop.add_reader(self._server, self._read)
        self._seen_at = loop.time()
        self._timer = loop.call_later(IDLE_SECONDS, self._look)

    def send(self, data: bytes) -> None:
        """Pass on what the client has sent. A backend that is not there loses the flow: the next asks anew."""
        self._seen_at = self._loop.time()
        try:
            self._server.send(data)
        except BlockingIOError:
            return
        except OSError:
            self._to.idle(self._client)

    def _read(self) -> None:
        self._seen_at = self._loop.time()
        for _ in range(_A_TURN):
            try:
                data = self._server.recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError:
                self._to.idle(self._client)
                return
            self._to.answer(self._client, data)

    def _look(self) -> None:
        left = self._seen_at + IDLE_SECONDS - self._loop.time()
        if left <= 0:
            self._to.idle(self._client)
        else:
            self._timer = self._loop.call_later(left, self._look)

    def close(self) -> None:
        """Close the socket."""
        self._timer.cancel()
        self._loop.remove_reader(self._server)
        self._server.close()
