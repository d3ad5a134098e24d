"""Requests without sense: whatever comes, the server answers it, keeps its size, and serves others meanwhile.

`MALFORMED_REQUESTS` says how many are sent; the default is a slice of what a long night would try.
"""

import asyncio
import gc
import os
import ssl
from pathlib import Path
from random import Random

import pytest

from benchmarks.malformed_requests import LONG, draw, is_fault
from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront
from tests.apiserver.http.conftest import Caller, caller

_REQUESTS = int(os.environ.get("MALFORMED_REQUESTS", "320"))
_CLIENTS = 8
_ANSWER_SECONDS = 30.0


async def _send(front: HttpFront, context: ssl.SSLContext, data: bytes) -> bytes:
    """What the server answers to these bytes; "" where it closes without a word, as Go does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=context)
    try:
        writer.write(data)
        writer.write_eof() if writer.can_write_eof() else None
        return await reader.read(64)
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


async def _storm(front: HttpFront, context: ssl.SSLContext, seed: int, count: int) -> None:
    random = Random(seed)
    for number in range(count):
        data = draw(random)
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await _send(front, context, data)
        assert not is_fault(data, answer), (seed, number, answer, data[:500])


async def _others(call: Caller, done: asyncio.Event) -> int:
    """Somebody else reads and writes meanwhile."""
    served = 0
    while not done.is_set():
        assert (await call("GET", "/api/v1/namespaces/default"))[0] == 200
        body = {"metadata": {"generateName": "other-"}}
        code, made = await call("POST", "/api/v1/namespaces/kube-public/configmaps", body)
        assert code == 201
        path = f"/api/v1/namespaces/kube-public/configmaps/{made['metadata']['name']}"
        assert (await call("DELETE", path))[0] == 200
        served += 1
    return served


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_requests_without_sense_harm_nobody(tmp_path: Path) -> None:
    """None is a fault of the server's or goes without an answer, and others are served all the while."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        context = ssl.create_default_context(cadata=front.pki.authority.certificate.decode())
        file = tmp_path / "admin.pem"
        file.write_bytes(front.pki.admin.certificate + front.pki.admin.key)
        context.load_cert_chain(file)
        async with caller(front, front.pki.admin, tmp_path) as call:
            done = asyncio.Event()
            others = asyncio.ensure_future(_others(call, done))
            await _all(front, context, 0, _REQUESTS // 2)
            gc.collect()
            before = _resident()
            await _all(front, context, 1_000, _REQUESTS // 2)
            gc.collect()
            grown = _resident() - before
            done.set()
            assert await others > 0
            async with call.send("GET", "/livez") as alive:
                assert alive.status == 200
    assert grown < 64 * 1024 * 1024


async def _all(front: HttpFront, context: ssl.SSLContext, seed: int, count: int) -> None:
    each = max(1, count // _CLIENTS)
    await asyncio.gather(
        *(_storm(front, context, seed + client, each) for client in range(_CLIENTS))
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/api/v1/namespaces/default/configmaps?resourceVersion={LONG}", b""),
        ("GET", f"/api/v1/configmaps?watch=1&timeoutSeconds=1&resourceVersion={LONG}", b""),
        ("GET", f"/api/v1/configmaps?limit={LONG}", b""),
        ("POST", f"/api/v1/namespaces/default/pods/x/portforward?ports={LONG}", b""),
        ("GET", f"/api/v1/namespaces/default/services/kubernetes:{LONG}/proxy/", b""),
        ("GET", f"/api/v1/nodes?labelSelector=a%20%3E%20{LONG}", b""),
        ("POST", "/api/v1/namespaces/default/configmaps", b'{"data":{"a":%b}}'),
        (
            "POST",
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            b'{"metadata":{"name":"b"},"spec":{"minAvailable":"%b%%","selector":{}}}',
        ),
        (
            "POST",
            "/apis/batch/v1/namespaces/default/cronjobs",
            b'{"metadata":{"name":"j"},"spec":{"schedule":"%b * * * *","jobTemplate":{}}}',
        ),
    ],
)
async def test_numbers_may_have_any_length(
    call: Caller, method: str, path: str, body: bytes
) -> None:
    """Whatever is wrong with one of thousands of digits is the client's fault."""
    data = body % LONG.encode() if body else None
    headers = {"Content_Type": "application/json"} if data else {}
    async with call.send(method, path, data, **headers) as answer:
        # A Service without endpoints is unavailable, and says so; a watch calls such a revision a 500.
        told = {"/proxy/": 503, "watch=1": 500}
        assert answer.status < 500 or any(part in path for part in told), answer.status


async def test_a_revision_beyond_64_bits_is_told_as_the_original_tells_it(call: Caller) -> None:
    """Of a list it is the client's fault; of one object and of a watch the answer says 500, as there."""
    path, long = "/api/v1/namespaces/default", "9" * 23
    fault = f'resourceVersion: Invalid value: "{long}": strconv.ParseUint: parsing "{long}": value out of range'
    body = {"metadata": {"name": "c"}}
    assert (await call("POST", f"{path}/configmaps", body))[0] == 201
    for where, code, words in (
        (f"{path}/configmaps/c?", 500, fault),
        (f"{path}/configmaps?watch=1&", 500, fault),
        (f"{path}/configmaps?", 400, f"invalid resource version: {fault}"),
    ):
        answer = await call("GET", f"{where}resourceVersion={long}")
        assert (answer[0], answer[1]["message"]) == (code, words)
