"""Connections to a port from within a network namespace, without waiting for them.

A socket belongs to the namespace in which it was made; so the shim joins that for a moment, and its own again.
"""

import errno
import os
import socket
from typing import Final

from msgspec import Struct

from orchestrator.kubelet.runtimes.process.shim import linux
from orchestrator.kubelet.runtimes.process.shim.messages import Connect

_UNDER_WAY: Final = (0, errno.EINPROGRESS)


class Attempt(Struct, eq=False):
    """A connection that is being made; without a socket it has failed for `fault`."""

    order: Connect
    socket: socket.socket | None
    fault: str = ""

    def outcome(self) -> str:
        """Why it has failed; empty when it has not."""
        assert self.socket is not None
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return _said(self.order, number) if number else ""


def begin(order: Connect) -> Attempt:
    """Begin to connect to the first host. Raises OSError when there is no such namespace."""
    made = _socket_in(order.network, order.hosts[0])
    made.setblocking(False)
    number = made.connect_ex((order.hosts[0], order.port))
    if number in _UNDER_WAY:
        return Attempt(order, made)
    made.close()
    return Attempt(order, None, _said(order, number))


def _said(order: Connect, number: int) -> str:
    return f"dial tcp4 {order.hosts[0]}:{order.port}: connect: {os.strerror(number).lower()}"


def _socket_in(network: str, host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not network:
        return socket.socket(family, socket.SOCK_STREAM)
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        other = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
        try:
            linux.join(other, linux.NEW_NETWORK)
        finally:
            os.close(other)
        try:
            return socket.socket(family, socket.SOCK_STREAM)
        finally:
            linux.join(own, linux.NEW_NETWORK)
    finally:
        os.close(own)
