"""What requests leave behind: nothing that grows with their number, or with their length."""

import asyncio.sslproto
import gc
import ssl
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import ref

import pytest
from anyio.lowlevel import checkpoint
from yarl import URL

from actors.runner import GC_THRESHOLDS
from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront, tune_process
from orchestrator.apiserver.http.connections import Connection
from tests.apiserver.http.conftest import Caller

_LONG = 100_000


@contextmanager
def _without_collector() -> Iterator[None]:
    """Only what nobody refers to goes, as in a process in which the collector has not run for long."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _connections() -> int:
    return sum(type(each) is Connection for each in gc.get_objects())


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n{more}",
        b"GET /version HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_request_leave_no_connection(
    running: tuple[Cluster, HttpFront], data: bytes
) -> None:
    """A connection is gone when it is closed, and does not wait for the garbage collector."""
    _, front = running
    context = ssl.create_default_context(cadata=front.pki.authority.certificate.decode())
    with _without_collector():
        before = _connections()
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=context)
            writer.write(data)
            assert b"400" in await reader.read() or b"/version" in data
            writer.transport.abort()
        async with asyncio.timeout(60):  # the server hears that the client has gone
            while _connections() != before:
                await checkpoint()


async def test_methods_that_are_made_up_share_a_series(call: Caller) -> None:
    """Whoever makes up methods makes no new series: the original calls all of them `other`."""
    for method in ("PROPFIND", "MKCOL", "PURGE"):
        await call(method, "/version")
        await call(method, "/api/v1/namespaces/default/configmaps")
    async with call.send("GET", "/metrics") as answer:
        text = await answer.text()
    assert 'apiserver_request_total{verb="other"' in text
    assert not any(name in text for name in ("PROPFIND", "MKCOL", "PURGE"))


def _kept() -> int:
    """The bytes that are in use; yarl remembers the last 128 URLs, in each of several memories."""
    for number in range(200):
        URL(f"https://host-{number}/{number}?a={number}").update_query(b=str(number))
        URL.build(path=f"/{number}", query_string=f"a={number}", encoded=True)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def test_what_is_long_is_not_remembered(call: Caller) -> None:
    """Of paths, headers and parameters of any length nothing stays when they are answered."""
    configmaps = "/api/v1/namespaces/default/configmaps"

    async def ask(number: int) -> None:
        long = f"{number}" + "a" * _LONG
        await call("GET", f"/{long}")
        await call("GET", f"/api/v1/namespaces/{long}/configmaps")
        await call("GET", f"{configmaps}/{long}")
        await call("GET", f"{configmaps}?labelSelector={long}")
        await call("GET", f"{configmaps}?fieldSelector=metadata.name={long}")
        await call("GET", configmaps, Accept=f"application/json,a/{long}")
        await call("GET", configmaps, Impersonate_User=long)
        await call("GET", configmaps, Impersonate_User="jane", Impersonate_Extra_Why=long)
        await call("GET", configmaps, Authorization=f"Bearer {long}")
        body = {"metadata": {"name": "c", "labels": {"a": long, long: "b"}}}
        await call("POST", configmaps, body, User_Agent=long)
        await call("POST", f"{configmaps}?fieldManager={long}", body)

    await ask(0)
    tracemalloc.start()
    try:
        await ask(1)
        before = _kept()
        for number in range(2, 10):
            await ask(number)
        grown = _kept() - before
    finally:
        tracemalloc.stop()
    assert (
        grown < 25 * _LONG
    )  # of some two hundred texts; of the last ones some are in threads' hands


class _Connection:
    """As asyncio's transports it refers to itself, by a bound method."""

    def __init__(self) -> None:
        self.on_readable = self.read

    def read(self) -> None:
        """Nothing comes."""


@pytest.fixture
def tuned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process as `orchestrator up` tunes it."""
    monkeypatch.setattr(asyncio.sslproto.SSLProtocol, "max_size", 256 * 1024)
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLDS)  # as for each command
    try:
        tune_process()
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("tuned")
def test_connections_that_were_open_while_garbage_was_looked_for_go_too() -> None:
    """Each look at the youngest objects makes those older that are in use: they must not stay when they end."""
    gc.collect()
    ended: list[ref[_Connection]] = []
    for _ in range(60):
        connection = _Connection()
        under_way: list[list[int]] = [[] for _ in range(gc.get_threshold()[0] + 100)]
        ended.append(ref(connection))
        del connection, under_way
    assert sum(each() is not None for each in ended) < 30
