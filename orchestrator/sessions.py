"""What passes between the API server and a kubelet while a client talks to a container.

A session is a pair of pipes that both ends hold. The request that opens it names a container; it is answered, or
refused, before the first byte; then bytes go both ways until the container's side says how it ended.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from actors import Request

OUTPUT: Final = "stdout"
ERRORS: Final = "stderr"
_ROOM: Final = 64  # chunks that may wait in a pipe; whoever writes more waits, too


class Chunk(Struct, frozen=True):
    """Bytes of one stream."""

    stream: str
    data: bytes


class Ended(Struct, frozen=True):
    """The container's side is over: with an exit code, or with a `fault` that is none of the command's."""

    exit_code: int = 0
    fault: str = ""


class Resized(Struct, frozen=True):
    """The client's terminal has another size."""

    width: int
    height: int


class ClientGone(ConnectionError):
    """Nobody hears what is said any more."""


class Session:
    """Bytes between a client and a container. `stdin`: the client gives some; `terminal`: it sits at one."""

    def __init__(self) -> None:
        self._to_container: asyncio.Queue[bytes | None] = asyncio.Queue(_ROOM)
        self._to_client: asyncio.Queue[Chunk | Ended] = asyncio.Queue(_ROOM)
        self._left = asyncio.Event()
        self.stdin = True
        self.terminal = False
        self.resized: Resized | None = None
        self.on_resized: Callable[[Resized], None] | None = None

    # --- the client's end ------------------------------------------------------------------

    def resize(self, size: Resized) -> None:
        """The client's terminal has another size."""
        self.resized = size
        if self.on_resized is not None:
            self.on_resized(size)

    def leave(self) -> None:
        """The client has gone, and hears nothing more."""
        self._left.set()
        while not self._to_client.empty():
            self._to_client.get_nowait()
        self._to_client.put_nowait(Ended())
        if self._to_container.empty():
            self._to_container.put_nowait(None)

    async def give(self, data: bytes | None) -> None:
        """Input for the container; None: there is no more."""
        await self._to_container.put(data)

    async def take(self) -> Chunk | Ended:
        """What the container says next; `Ended` comes last."""
        return await self._to_client.get()

    # --- the container's end ---------------------------------------------------------------

    async def read(self) -> bytes | None:
        """What the client gives next; None at the end."""
        if self._left.is_set() and self._to_container.empty():
            return None
        return await self._to_container.get()

    async def write(self, data: bytes, stream: str = OUTPUT) -> None:
        """Say something to the client. Raises ClientGone."""
        if self._left.is_set():
            raise ClientGone
        if data:
            await self._to_client.put(Chunk(stream, data))

    async def until_left(self) -> None:
        """Wait until the client has gone."""
        await self._left.wait()

    async def end(self, exit_code: int = 0, fault: str = "") -> None:
        """Say the last word."""
        await self._to_client.put(Ended(exit_code, fault))


class LogOptions(Struct, frozen=True):
    """Which part of a log: as the parameters of `pods/log`."""

    follow: bool = False
    previous: bool = False
    since: float | None = None  # epoch seconds
    tail: int | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


class Reach(Struct, frozen=True):
    """The container that is meant, and the two pipes."""

    pod_uid: str
    container: str
    session: Session


class ReadLog(Request[None], frozen=True, gc=False):
    """Write a container's log into the session. Errors: BadRequest, NotFound."""

    reach: Reach
    options: LogOptions


class Execute(Request[None], frozen=True, gc=False):
    """Run a command in a container. Errors: BadRequest, NotFound, NotImplementedHere."""

    reach: Reach
    command: tuple[str, ...]
    stdin: bool
    tty: bool


class AttachTo(Request[None], frozen=True, gc=False):
    """Join the container's own command."""

    reach: Reach
    stdin: bool
    tty: bool


class OpenPort(Request[None], frozen=True, gc=False):
    """Connect to a port of a pod; `container` is empty."""

    reach: Reach
    port: int
