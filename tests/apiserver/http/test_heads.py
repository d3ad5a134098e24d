"""Requests of one connection whose headers are like those before, or nearly so."""

import asyncio
import json
import ssl
from typing import Any

from orchestrator import Cluster
from orchestrator.protocol import MASTERS, Identity
from tests.apiserver.http.conftest import Caller

_WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


async def _asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *headers: bytes
) -> tuple[int, Any, dict[str, str]]:
    """The status, the document and the headers of an answer to who asks who she is."""
    lines = (
        f"POST {_WHOAMI} HTTP/1.1".encode(),
        *(b"Host: x", b"Content-Type: application/json", b"Content-Length: 2", *headers),
        b"\r\n{}",
    )
    writer.write(b"\r\n".join(lines))
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    said = dict(line.split(": ", 1) for line in rest if line)
    body = await reader.readexactly(int(said["Content-Length"]))
    return int(first.split()[1]), json.loads(body), said


async def test_each_request_of_a_connection_is_taken_by_its_own_headers() -> None:
    """Who asks, as whom, and by which id it is called are read anew where a header has changed by a letter."""
    async with Cluster(nodes=0) as cluster:
        names = {"token-a": "ann", "token-b": "bob"}
        front = await cluster.serve(
            tokens={token: Identity(name, (MASTERS,)) for token, name in names.items()}
        )
        authority = front.pki.authority.certificate.decode()
        context = ssl.create_default_context(cadata=authority)
        connected = await asyncio.open_connection("127.0.0.1", front.port, ssl=context)
        ann, bob = b"Authorization: Bearer token-a", b"Authorization: Bearer token-b"
        for headers, user in (
            ((ann,), "ann"),
            ((ann,), "ann"),
            ((bob,), "bob"),
            ((ann,), "ann"),
            ((ann, b"impersonate-user: jane"), "jane"),
            ((ann, b"impersonate-user: jade"), "jade"),
            ((ann, "impersonate-user: j\u00e4de".encode()), "j\u00e4de"),
            ((ann, "impersonate-user: j\u00e4de".encode()), "j\u00e4de"),
            ((ann,), "ann"),
        ):
            code, found, _ = await _asked(*connected, *headers)
            assert (code, found["status"]["userInfo"]["username"]) == (201, user), headers
        ids = [
            (await _asked(*connected, ann, *headers))[2]["Audit-Id"]
            for headers in ((b"Audit-Id: one",), (b"Audit-Id: two",), (), ())
        ]
        assert ids[:2] == ["one", "two"]
        assert len(set(ids)) == 4
        connected[1].transport.abort()


async def test_a_long_head_is_read_each_time(call: Caller) -> None:
    """A connection holds no more of it than of others; its requests are answered all the same."""
    for user in ("jane", "jade", "jade"):
        long = {"X_Padding": "x" * 5000, "Impersonate_User": user}
        code, found = await call("POST", _WHOAMI, {}, **long)
        assert (code, found["status"]["userInfo"]["username"]) == (201, user)
