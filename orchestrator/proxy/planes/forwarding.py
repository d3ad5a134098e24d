"""An address whose connections are passed on to one other address."""

import asyncio
import socket

from orchestrator.proxy.planes.relay import Address, Relay

_BACKLOG = 1024


class Forwarder:
    """Listens at `here` and passes on to `there`. Raises OSError."""

    def __init__(self, loop: asyncio.AbstractEventLoop, here: Address, there: Address) -> None:
        self._loop, self._there = loop, there
        self._relays: set[Relay] = set()
        self._listening = socket.create_server(here, backlog=_BACKLOG)
        self._listening.setblocking(False)
        loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        try:
            client, peer = self._listening.accept()
        except OSError:
            return
        there = iter((self._there,))
        Relay(self._loop, client, peer, there, self._relays.discard, self._relays.add)

    def close(self) -> None:
        """Listen no more, and reset the connections."""
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for relay in list(self._relays):
            relay.abort()
