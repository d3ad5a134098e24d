"""The sockets of cluster DNS: UDP and TCP at one address, and those that an upstream is asked by.

One question's fault is that question's: what is no DNS message is dropped (UDP) or ends its connection (TCP), and an
error while answering is SERVFAIL. In-process, in the running loop, in real time.
"""

import asyncio
import struct
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final, cast

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode

from orchestrator.dns.answering import Foreign, answer, in_datagram, refused
from orchestrator.dns.records import Zone

_UPSTREAM_SECONDS: Final = 2.0
_IDLE_SECONDS: Final = 10.0  # of a TCP connection
_LENGTH: Final = struct.Struct("!H")
_DNS_PORT: Final = 53


def upstream_of(text: str) -> tuple[str, int]:
    """Address and port of a server: `ADDRESS`, `ADDRESS:PORT`, `[IPv6]:PORT`. Raises ValueError."""
    with suppress(ValueError):
        return str(ip_address(text)), _DNS_PORT  # an IPv6 address has colons of its own
    host, _, port = text.rpartition(":")
    try:
        address = str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError(
            f"expected ADDRESS or ADDRESS:PORT such as 8.8.8.8, got {text!r}"
        ) from None
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"expected a port from 1 to 65535, got {port!r}")
    return address, int(port)


class DnsServer:
    """Answers for `zone`, and asks the `upstream` servers (addresses) for other names; without them it refuses.

    `log` hears of what went wrong while answering. Raises ValueError for what is no address.
    """

    def __init__(self, zone: Zone, upstream: Sequence[str], log: Any) -> None:
        self._zone = zone
        self._upstream = tuple(upstream_of(each) for each in upstream)
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, host: str, port: int = 0) -> int:
        """Listen; answers the port, which is any free one for 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._serve, host, port)
        port = self._tcp.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._answer_datagram), local_addr=(host, port)
        )
        self._udp = transport
        return port

    def close(self) -> None:
        """Listen no more, and end what is going on."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()

    # --- datagrams ---------------------------------------------------------------------------

    def _answer_datagram(self, data: bytes, reply: Callable[[bytes], None]) -> None:
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return
        try:
            reply(in_datagram(query, answer(self._zone, query)))
        except Foreign as foreign:
            self._spawn(self._forward_datagram(query, foreign, reply))
        except Exception as error:
            self._log.warning("question not answered", error=str(error))
            reply(_failed(query).to_wire())

    async def _forward_datagram(
        self, query: dns.message.Message, foreign: Foreign, reply: Callable[[bytes], None]
    ) -> None:
        reply(in_datagram(query, await self._ask_upstream(query, foreign)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- streams -----------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                    query = dns.message.from_wire(await reader.readexactly(length))
                wire = (await self._answer(query)).to_wire(max_size=65535)
                writer.write(_LENGTH.pack(len(wire)) + wire)
                await writer.drain()
        except (OSError, EOFError, TimeoutError, dns.exception.DNSException):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, query: dns.message.Message) -> dns.message.Message:
        try:
            return answer(self._zone, query)
        except Foreign as foreign:
            return await self._ask_upstream(query, foreign)
        except Exception as error:
            self._log.warning("question not answered", error=str(error))
            return _failed(query)

    # --- upstream ----------------------------------------------------------------------------

    async def _ask_upstream(
        self, query: dns.message.Message, foreign: Foreign
    ) -> dns.message.Message:
        """The answer with what an upstream says. Without one a CNAME out of the zone stands alone."""
        response = foreign.response
        if not self._upstream:
            return response if response.answer else refused(query)
        asked = dns.message.make_query(foreign.name, query.question[0].rdtype)
        for host, port in self._upstream:
            try:
                said, _ = await dns.asyncquery.udp_with_fallback(
                    asked, host, timeout=_UPSTREAM_SECONDS, port=port
                )
            except (OSError, dns.exception.DNSException):
                continue
            response.answer += said.answer
            response.authority += said.authority
            response.set_rcode(said.rcode())
            return response
        return _failed(query)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Callable[[bytes], None]], None]) -> None:
        self._take = take
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A question."""
        self._take(data, lambda answer: self._transport.sendto(answer, addr))


def _failed(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(dns.rcode.SERVFAIL)
    return response
