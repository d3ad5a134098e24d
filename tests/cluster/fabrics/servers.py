"""Containers that are functions and listen at their pod's address; and clients of them."""

import asyncio
import socket
import struct
from typing import cast

from orchestrator.kubelet.runtimes.coroutine import ContainerContext

HERE = f"py://{__name__}"
PORT = 8080


async def say_name(container: ContainerContext) -> None:
    """Answers each line with the pod's name and the client's address; ends without cutting anybody off."""
    name = container.pod.metadata.name
    closing = False
    writers: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while line := await reader.readline():
                version = container.environment.get("VERSION", "")
                peer = writer.get_extra_info("peername")[0]
                last = "close" if closing else "keep"
                writer.write(f"{name} {peer} {version} {last} {line.decode()}".encode())
                await writer.drain()
                if closing:
                    break
        except ConnectionError:
            return
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(answer, container.address, PORT)
    container.set_ready(True)
    try:
        await container.sleep(10**9)
    except asyncio.CancelledError:
        await container.sleep(0.5)  # until the proxies know that it leaves
        closing = True
        server.close()
        while writers:
            await container.sleep(0.05)
    finally:
        server.close()


class _Echo(asyncio.DatagramProtocol):
    def __init__(self, name: str) -> None:
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer with the pod's name."""
        self._transport.sendto(self._name.encode() + b" " + data, addr)


async def echo_datagrams(container: ContainerContext) -> None:
    """Answers datagrams."""
    loop = asyncio.get_running_loop()
    name = container.pod.metadata.name
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Echo(name), local_addr=(container.address, PORT)
    )
    container.set_ready(True)
    try:
        await container.sleep(10**9)
    finally:
        transport.close()


async def reset_all(container: ContainerContext) -> None:
    """Accepts, and resets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        accepted = writer.get_extra_info("socket")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    server = await asyncio.start_server(answer, container.address, PORT)
    container.set_ready(True)
    try:
        await container.sleep(10**9)
    finally:
        server.close()


async def ask(ip: str, port: int, *, count: int = 1, source: str | None = None) -> list[list[str]]:
    """What `count` lines on one connection are answered, by words."""
    local = None if source is None else (source, 0)
    reader, writer = await asyncio.open_connection(ip, port, local_addr=local)
    answers = []
    try:
        for number in range(count):
            writer.write(f"{number}\n".encode())
            answers.append((await reader.readline()).decode().split())
    finally:
        writer.close()
    return answers


async def pause(seconds: float) -> None:
    """Let sockets and timers go on: what is tested here happens in real time."""
    await asyncio.sleep(seconds)  # noqa: TID251
