"""The HTTPS front's tests run in real time: sockets do."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, TCPConnector

from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront, KeyPair


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """asyncio's own loop."""
    return {"real": asyncio.new_event_loop}


class Caller:
    """Calls a front as one user."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def __call__(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """The status code and the JSON document; of a page in plain text, its text as a message."""
        async with self.send(method, path, body, **headers) as answer:
            if answer.content_type == "text/plain":
                return answer.status, {"message": (await answer.text()).rstrip()}
            return answer.status, await answer.json()

    @asynccontextmanager
    async def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> AsyncIterator[ClientResponse]:
        """The response; underscores in the names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = (
            {"data": body} if isinstance(body, bytes | io.BytesIO) else {"json": body}
        )
        async with self.session.request(
            method, self.url + path, headers=named, **(options if body is not None else {})
        ) as answer:
            yield answer


@pytest.fixture
async def running() -> AsyncIterator[tuple[Cluster, HttpFront]]:
    """A cluster of one node, and its front."""
    async with Cluster(nodes=1) as cluster:
        yield cluster, await cluster.serve()


@asynccontextmanager
async def caller(front: HttpFront, pair: KeyPair | None, tmp_path: Path) -> AsyncIterator[Caller]:
    """Who has this certificate, or none."""
    context = ssl.create_default_context(cadata=front.pki.authority.certificate.decode())
    if pair is not None:
        file = tmp_path / "pair.pem"
        file.write_bytes(pair.certificate + pair.key)
        context.load_cert_chain(file)
    async with ClientSession(connector=TCPConnector(ssl=context)) as session:
        yield Caller(session, front.url)


@pytest.fixture
async def call(running: tuple[Cluster, HttpFront], tmp_path: Path) -> AsyncIterator[Caller]:
    """The administrator."""
    _, front = running
    async with caller(front, front.pki.admin, tmp_path) as made:
        yield made
