"""Commands and attached terminals over the streaming server of a CRI runtime, which speaks SPDY/3.1.

The runtime answers a request with a URL; who posts there and asks for the upgrade gets a stream each for
errors, input, output and the terminal's size (`v4.channel.k8s.io`). The last word is a Status.
"""

import asyncio
import json
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.kubelet.runtimes.cri.endpoint import CriFault
from orchestrator.machinery.spdy import Spdy, Stream
from orchestrator.sessions import ERRORS, OUTPUT, ClientGone, Resized, Session

_PROTOCOL: Final = "v4.channel.k8s.io"
_CONNECT_SECONDS: Final = 30.0
_KILLED: Final = 137
_MOST_HEAD: Final = 1 << 14


async def talk(url: str, session: Session, *, stdin: bool, terminal: bool) -> int:
    """Pass bytes between a client and what is behind `url`; answers the exit code. Raises CriFault."""
    reader, writer = await _connected(url)

    async def send(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    spdy = Spdy(send)
    kinds = ["error", *(["stdin"] if stdin else []), "stdout"]
    kinds.append("resize" if terminal else "stderr")
    reading = asyncio.ensure_future(_read(reader, spdy))
    tasks: list[asyncio.Future[Any]] = [reading, asyncio.ensure_future(session.until_left())]
    left = tasks[1]
    try:
        streams = {kind: await spdy.open({"streamtype": kind}) for kind in kinds}
        says = [_say(streams["stdout"], session, OUTPUT)]
        if not terminal:
            says.append(_say(streams["stderr"], session, ERRORS))
        talking = asyncio.ensure_future(_all(says, _last_word(streams["error"])))
        tasks.append(talking)
        if stdin:
            tasks.append(asyncio.ensure_future(_give(spdy, streams["stdin"], session)))
        if terminal:
            _follow_size(spdy, streams["resize"], session, tasks)
        await asyncio.wait((talking, left), return_when=asyncio.FIRST_COMPLETED)
        return talking.result() if talking.done() else _KILLED
    except ConnectionError as error:
        raise CriFault(f"error stream closed: {error}") from None
    finally:
        for task in tasks:
            task.cancel()
        writer.close()


async def _all(says: list[Coroutine[Any, Any, None]], last: Awaitable[int]) -> int:
    """Pass everything on; answers the last word."""
    await asyncio.gather(*says)
    return await last


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which SPDY is spoken. Raises CriFault."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
        f"X-Stream-Protocol-Version: {_PROTOCOL}\r\nContent-Length: 0\r\n\r\n"
    )
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, limit=_MOST_HEAD
            )
            writer.write(head.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
    except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
        raise CriFault(f"error dialing the runtime's streams: {error}") from None
    status = answer.split(b" ", 2)[1:2]
    if status != [b"101"]:
        writer.close()
        raise CriFault(f"unable to upgrade connection: {answer.decode(errors='replace').strip()}")
    return reader, writer


async def _read(reader: asyncio.StreamReader, spdy: Spdy) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            await spdy.received(data)
    await spdy.close()


async def _say(stream: Stream, session: Session, name: str) -> None:
    with suppress(ClientGone):
        while (data := await stream.received.get()) is not None:
            await session.write(data, name)


async def _last_word(stream: Stream) -> int:
    """The exit code that the Status in the error stream tells. Raises CriFault for a fault of another kind."""
    said = bytearray()
    while (data := await stream.received.get()) is not None:
        said += data
    return exit_code_of(bytes(said))


def exit_code_of(said: bytes) -> int:
    """The exit code in a Status; 0 for none at all. Raises CriFault for a fault that is none of the command's."""
    if not said:
        return 0
    try:
        status = json.loads(said)
    except ValueError:
        raise CriFault(said.decode(errors="replace")) from None
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode" and str(cause.get("message")).isdecimal():
            return int(cause["message"])
    raise CriFault(str(status.get("message") or "the runtime did not say why"))


async def _give(spdy: Spdy, stream: Stream, session: Session) -> None:
    with suppress(ConnectionError):
        while (data := await session.read()) is not None:
            await spdy.write(stream, data)
        await spdy.write(stream, b"", fin=True)


def _follow_size(
    spdy: Spdy, stream: Stream, session: Session, tasks: "list[asyncio.Future[Any]]"
) -> None:
    def resize(size: Resized) -> None:
        text = json.dumps({"Width": size.width, "Height": size.height})
        tasks.append(asyncio.ensure_future(_quietly(spdy.write(stream, text.encode()))))

    session.on_resized = resize
    if session.resized is not None:
        resize(session.resized)


async def _quietly(work: "Awaitable[None]") -> None:
    with suppress(ConnectionError):
        await work
