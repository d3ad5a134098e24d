"""What a connection may cost: time limits and sizes, over real sockets with limits of a blink."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from actors import Clock
from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.http import HttpFront, Limits
from tests.apiserver.http.conftest import Caller, caller

_POST = (
    b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)


@asynccontextmanager
async def served(limits: Limits) -> AsyncIterator[HttpFront]:
    async with Cluster(nodes=0) as cluster:
        yield await cluster.serve(limits=limits)


@asynccontextmanager
async def connection(
    front: HttpFront, tmp_path: Path
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """The administrator's, as bytes."""
    context = ssl.create_default_context(cadata=front.pki.authority.certificate.decode())
    file = tmp_path / "admin.pem"
    file.write_bytes(front.pki.admin.certificate + front.pki.admin.key)
    context.load_cert_chain(file)
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=context)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_a_connection_without_a_request_is_closed(tmp_path: Path) -> None:
    """When the time for a head is over, without a word."""
    async with (
        served(Limits(head_seconds=0.05)) as front,
        connection(front, tmp_path) as (reader, _),
    ):
        assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_a_head_that_does_not_end_is_closed(tmp_path: Path) -> None:
    """The first one of a connection, and a later one."""
    async with served(Limits(head_seconds=0.05)) as front:
        async with connection(front, tmp_path) as (reader, writer):
            writer.write(b"GET /version HTTP/1.1\r\nHost: ")
            assert await asyncio.wait_for(reader.read(), 10) == b""
        async with connection(front, tmp_path) as (reader, writer):
            writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"GET /version HTTP/1.1\r\nHost: ")
            rest = await asyncio.wait_for(reader.read(), 10)
            assert b"HTTP/1.1" not in rest


async def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    """Between requests, when its time is over."""
    async with (
        served(Limits(idle_seconds=0.05)) as front,
        connection(front, tmp_path) as (reader, writer),
    ):
        writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in await asyncio.wait_for(reader.read(), 10)


async def test_a_body_that_does_not_come_is_a_timeout(tmp_path: Path) -> None:
    """The client hears so."""
    async with (
        served(Limits(request_seconds=0.05)) as front,
        connection(front, tmp_path) as (reader, writer),
    ):
        writer.write(_POST)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 504 ")
        status = json.loads(await reader.readline())
        assert (status["reason"], status["code"]) == ("Timeout", 504)


async def test_who_sends_nothing_holds_no_slot(tmp_path: Path) -> None:
    """With one slot and two unfinished bodies others are answered."""
    async with (
        served(Limits(inflight=1)) as front,
        connection(front, tmp_path) as (_, one),
        connection(front, tmp_path) as (_, two),
        caller(front, front.pki.admin, tmp_path) as call,
    ):
        for writer in (one, two):
            writer.write(_POST)
            await writer.drain()
        assert (await call("GET", "/api/v1/namespaces"))[0] == 200


async def test_heads_are_bounded_by_a_megabyte_and_not_by_number(tmp_path: Path) -> None:
    """As Go's server does."""
    async with served(Limits()) as front:
        many = b"".join(b"X-%d: a\r\n" % number for number in range(2_000))
        async with connection(front, tmp_path) as (reader, writer):
            writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")
            assert b"200 OK" in await reader.readline()
        async with connection(front, tmp_path) as (reader, writer):
            writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\n")
            for number in range(300):
                writer.write(b"X-%d: %b\r\n" % (number, b"a" * 4096))
            assert b"431" in await reader.readline()


async def test_what_is_no_request_gets_a_short_answer(tmp_path: Path) -> None:
    """As text, and the connection ends; an empty line where a request should begin is none, either."""
    async with served(Limits()) as front:
        for said in (b"NONSENSE\r\n\r\n", b"\r\r\n\r\n", b"\n\r\n"):
            async with connection(front, tmp_path) as (reader, writer):
                writer.write(said)
                answer = await asyncio.wait_for(reader.read(), 10)
                assert answer.split(b"\r\n")[0].endswith(b" 400 Bad Request")
                assert answer.endswith(b"\r\n\r\n400 Bad Request")


_WATCH = b"GET /api/v1/configmaps?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n"
_CHANGES = 150  # of 200 kB each: more than the sockets between server and client hold


@asynccontextmanager
async def _flooded(
    limits: Limits, tmp_path: Path
) -> AsyncIterator[tuple[Caller, asyncio.StreamReader, Clock]]:
    """A watcher that has read nothing but the head of its answer, while much has changed."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve(limits=limits)
        async with (
            connection(front, tmp_path) as (reader, writer),
            caller(front, front.pki.admin, tmp_path) as call,
        ):
            metadata = ObjectMeta(name="large", namespace="default")
            await cluster.client.create(ConfigMap(metadata=metadata))
            writer.write(_WATCH)
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.wait_for(_until(call, cluster.clock, 1), 60)
            for number in range(_CHANGES):
                data = {"data": {"text": f"{number:06}" * 34_000}}
                await cluster.client.patch(ConfigMap, "large", data, namespace="default")
            yield call, reader, cluster.clock


async def _until(call: Caller, clock: Clock, count: int) -> str:
    """The metrics, once they say that there are so many watches of ConfigMaps."""
    wanted = re.compile(
        rf'^apiserver_longrunning_requests\{{verb="WATCH".*"configmaps".* {count}$', re.MULTILINE
    )
    while True:
        async with call.send("GET", "/metrics") as answer:
            text = await answer.text()
        if wanted.search(text):
            return text
        await clock.sleep(0.01)


async def _document(reader: asyncio.StreamReader) -> bytes:
    """The rest of an answer in chunks; the connection stays open after it."""
    received = b""
    while not received.endswith(b"\r\n0\r\n\r\n"):
        received += await reader.read(1 << 16)
    return received


async def test_a_slow_watcher_is_cut_off_by_the_bytes_that_wait_for_it(tmp_path: Path) -> None:
    """Long before the changes are many: it reads those that were sent, and then that it must list again."""
    limits = Limits(watch_bytes=2 << 20, write_seconds=600)
    async with _flooded(limits, tmp_path) as (_call, reader, _clock):
        received = await asyncio.wait_for(_document(reader), 120)
    assert received.count(b'"type":"MODIFIED"') < _CHANGES
    last = received[received.rindex(b'{"type":') :]
    assert b'"ERROR"' in last
    assert b'"code":410' in last


async def test_nothing_is_left_of_a_watcher_that_reads_nothing(tmp_path: Path) -> None:
    """Its connection is closed when it has taken nothing for a while, and its watch is gone and counted."""
    limits = Limits(watch_bytes=2 << 20, write_seconds=0.2)
    async with _flooded(limits, tmp_path) as (call, _reader, clock):
        text = await asyncio.wait_for(_until(call, clock, 0), 120)
    assert 'apiserver_terminated_watchers_total{group="",resource="configmaps"} 1' in text
