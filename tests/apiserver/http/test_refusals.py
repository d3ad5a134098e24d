"""What Go's server refuses or says before a request is looked at, byte by byte."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.apiserver.http import HttpFront, Limits
from tests.apiserver.http.test_limits import connection, served

_MAPS = "/api/v1/namespaces/default/configmaps"
_BODY = b'{"metadata":{"name":"c"}}'
_POST = f"POST {_MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
_SIZED = _POST + b"Content-Length: %d\r\n" % len(_BODY)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_PAGE = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
_SECONDS = 10


@pytest.fixture
async def front() -> AsyncIterator[HttpFront]:
    async with served(Limits()) as front:
        yield front


async def _until_end(front: HttpFront, tmp_path: Path, said: bytes) -> bytes:
    """What is answered up to the connection's end."""
    async with connection(front, tmp_path) as (reader, writer):
        writer.write(said)
        return await asyncio.wait_for(reader.read(), _SECONDS)


def _text(status: str, words: str = "") -> bytes:
    head = "Content-Type: text/plain; charset=utf-8\r\nConnection: close"
    return f"HTTP/1.1 {status}\r\n{head}\r\n\r\n{words or status}".encode()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"NONSENSE\r\n\r\n", _text("400 Bad Request")),
        (
            b"GET /livez HTTP/1.1\r\n\r\n",
            _text("400 Bad Request: missing required Host header"),
        ),
        (
            b"GET /livez HTTP/1.1\r\nHost: a b/c\r\n\r\n",
            _text("400 Bad Request: malformed Host header"),
        ),
        (b"GET /livez\r\n\r\n", _text("400 Bad Request")),
        (
            b"GET /livez HTTP/2.0\r\nHost: x\r\n\r\n",
            _text("505 HTTP Version Not Supported: unsupported protocol version"),
        ),
        (
            _POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            _text("501 Not Implemented", "Unsupported transfer encoding"),
        ),
        (
            _PAGE + b"X: " + b"a" * 1_100_000 + b"\r\n\r\n",
            _text("431 Request Header Fields Too Large"),
        ),
    ],
    ids=lambda value: value[:40].decode() if b"HTTP/1.1 " in value[:9] else "",
)
async def test_the_refusal_is_gos(
    front: HttpFront, tmp_path: Path, said: bytes, answer: bytes
) -> None:
    """A few lines of text, and the connection's end."""
    assert await _until_end(front, tmp_path, said) == answer


async def test_an_expectation_that_nobody_meets_fails(front: HttpFront, tmp_path: Path) -> None:
    """There is only one that Go knows."""
    answer = await _until_end(front, tmp_path, _PAGE + b"Expect: 200-ok\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\n")
    assert answer.endswith(b"GMT\r\n\r\n")


async def test_who_waits_to_send_a_body_is_asked_for_it(front: HttpFront, tmp_path: Path) -> None:
    """And the next request comes by the same connection; without a body there is nothing to wait for."""
    async with connection(front, tmp_path) as (reader, writer):
        writer.write(_SIZED + b"Expect: 100-Continue\r\n\r\n")
        asked = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SECONDS)
        assert asked == _CONTINUE
        writer.write(_BODY)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SECONDS)
        assert head.startswith(b"HTTP/1.1 201 Created\r\n")
        await reader.readline()
        writer.write(_PAGE + b"Expect: 100-continue\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SECONDS)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_who_is_refused_keeps_the_body(front: HttpFront, tmp_path: Path) -> None:
    """Nobody asks for it, and what comes next would be taken for it: so the connection ends."""
    head = _SIZED.replace(b"default/configmaps", b"default/nothings")
    answer = await _until_end(front, tmp_path, head + b"Expect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize(
    ("chunk", "words"),
    [
        (b"zz\r\n", "invalid byte in chunk length"),
        (b"F" * 17 + b"\r\n", "http chunk length too large"),
        (b"5\n", "chunked line ends with bare LF"),
        (b"5\r\nabcdeXX0\r\n\r\n", "malformed chunked encoding"),
    ],
)
async def test_a_body_that_breaks_off_is_answered(
    front: HttpFront, tmp_path: Path, chunk: bytes, words: str
) -> None:
    """At once, in Go's words; nothing that comes later by the connection is taken for a request."""
    async with connection(front, tmp_path) as (reader, writer):
        writer.write(_POST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        await asyncio.wait_for(reader.readexactly(len(_CONTINUE)), _SECONDS)  # it is being read
        writer.write(b"5\r\n" + _BODY[:5] + b"\r\n" + chunk)
        writer.write(_PAGE + b"\r\n")
        answer = await asyncio.wait_for(reader.read(), _SECONDS)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1.1 500 .*\r\nConnection: close\r\n", head, re.DOTALL), head
    assert (json.loads(body)["message"], json.loads(body)["code"]) == (words, 500)


async def test_a_number_sign_is_a_letter_of_the_path(front: HttpFront, tmp_path: Path) -> None:
    """As to Go: nothing of the path is cut off there."""
    said = _PAGE.replace(b"/livez", b"/livez#x") + b"Connection: close\r\n\r\n"
    assert (await _until_end(front, tmp_path, said)).startswith(b"HTTP/1.1 404 Not Found\r\n")
