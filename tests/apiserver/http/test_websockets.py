"""WebSockets where plain answers would do: watches by messages, and tokens among the protocols."""

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector, WSMsgType, WSServerHandshakeError

from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront
from orchestrator.protocol import MASTERS, Identity

_WATCH = "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0&labelSelector=own"
_BEARER = {"Authorization": "Bearer secret"}
_ORIGIN = "https://page"
_SECONDS = 10


def _protocol(token: bytes) -> str:
    return f"base64url.bearer.authorization.k8s.io.{urlsafe_b64encode(token).decode().rstrip('=')}"


@pytest.fixture
async def served() -> AsyncIterator[tuple[HttpFront, ClientSession]]:
    """A front that knows a token, and a client without a certificate."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve(tokens={"secret": Identity("ann", (MASTERS,))})
        async with ClientSession(front.url, connector=TCPConnector(ssl=False)) as session:
            yield front, session


Served = tuple[HttpFront, ClientSession]


async def _made(session: ClientSession, name: str) -> None:
    path, body = (
        "/api/v1/namespaces/default/configmaps",
        {"metadata": {"name": name, "labels": {"own": ""}}},
    )
    async with session.post(path, json=body, headers=_BEARER) as answer:
        assert answer.status == 201


async def _watches(session: ClientSession) -> int:
    """How many watches of ConfigMaps the server counts."""
    async with session.get("/metrics", headers=_BEARER) as answer:
        found = re.search(
            r'^apiserver_longrunning_requests\{verb="WATCH".*"configmaps".* (\d+)$',
            await answer.text(),
            re.MULTILINE,
        )
    return int(found[1]) if found else 0


async def test_an_event_is_a_message(served: Served) -> None:
    """Of text, with what there was first; when the client closes it, the watch is over."""
    _, session = served
    await _made(session, "one")
    async with session.ws_connect(_WATCH, headers=_BEARER, origin=_ORIGIN) as socket:
        for name in ("one", "two"):
            event = await socket.receive_json(timeout=_SECONDS)
            assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", name)
            if name == "one":
                await _made(session, "two")
        assert await _watches(session) == 1
    async with asyncio.timeout(_SECONDS):
        while await _watches(session):
            pass


async def test_an_event_in_protobuf_is_a_message_of_bytes(served: Served) -> None:
    """Which knows its length itself."""
    _, session = served
    await _made(session, "one")
    headers = {**_BEARER, "Accept": "application/vnd.kubernetes.protobuf"}
    async with session.ws_connect(_WATCH, headers=headers, origin=_ORIGIN) as socket:
        message = await socket.receive(timeout=_SECONDS)
        assert (message.type, message.data[:7]) == (WSMsgType.BINARY, b"\n\x05ADDED")


async def test_a_watch_whose_time_is_up_is_closed(served: Served) -> None:
    """As it is complete."""
    _, session = served
    path = f"{_WATCH}&timeoutSeconds=1"
    async with session.ws_connect(path, headers=_BEARER, origin=_ORIGIN) as socket:
        message = await socket.receive(timeout=_SECONDS)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1000)


@pytest.mark.parametrize(
    ("origin", "protocols", "headers", "status"),
    [
        (None, (), {}, 403),
        (_ORIGIN, ("a", "b"), {}, 400),
        (_ORIGIN, (), {"Sec-WebSocket-Version": "12"}, 400),
    ],
)
async def test_who_does_not_ask_well_gets_no_socket(
    served: Served,
    origin: str | None,
    protocols: tuple[str, ...],
    headers: dict[str, str],
    status: int,
) -> None:
    """It is the client's fault, and no watch is left of it."""
    _, session = served
    asked = session.ws_connect(
        _WATCH, headers={**_BEARER, **headers}, origin=origin, protocols=protocols
    )
    with pytest.raises(WSServerHandshakeError) as refused:
        await asked
    assert refused.value.status == status
    assert await _watches(session) == 0


async def _refused(session: ClientSession, *protocols: str) -> int:
    try:
        async with session.ws_connect(_WATCH, origin=_ORIGIN, protocols=protocols):
            return 101
    except WSServerHandshakeError as refused:
        return refused.status


async def test_a_token_may_be_one_of_the_protocols(served: Served) -> None:
    """Beside the one that is spoken; one token, and one that is known."""
    _, session = served
    known = _protocol(b"secret")
    assert await _refused(session, known, "base64.binary.k8s.io") == 101
    assert await _refused(session, known) == 401
    assert await _refused(session, known, known, "a") == 401
    assert await _refused(session, _protocol(b"other"), "a") == 401
    assert await _refused(session, "base64url.bearer.authorization.k8s.io.!", "a") == 401
    assert await _refused(session, "a") == 403


async def test_a_token_among_the_protocols_is_of_one_request(served: Served) -> None:
    """The next one of the connection is a stranger's again."""
    front, _ = served
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Protocol": f"{_protocol(b'secret')}, a",
    }
    path = "/api/v1/namespaces/default"
    async with ClientSession(front.url, connector=TCPConnector(ssl=False, limit=1)) as session:
        codes: list[Any] = []
        for each in (headers, {}):
            async with session.get(path, headers=each) as answer:
                codes.append((answer.status, json.loads(await answer.read())["kind"]))
    assert codes == [(200, "Namespace"), (403, "Status")]
