"""Asks a server, and tells what it says as it says it: neither order nor letters of headers are touched."""

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tests.letters.normal import Answer, normal

_SECONDS: Final = 30.0
_PATIENCE: Final = 200
_PAUSE_SECONDS: Final = 0.05


class Question(NamedTuple):
    """A request; a `body` that is no text is sent as JSON. It is asked again until the status is `until`, if that is said."""

    method: str
    path: str
    headers: dict[str, str] = {}  # noqa: RUF012 - not changed
    body: Any = None
    until: int = 0

    @property
    def name(self) -> str:
        """What is asked, in one line."""
        told = "".join(f" {name}={value}" for name, value in self.headers.items())
        body = "" if self.body is None else f" {json.dumps(self.body)}"
        return f"{self.method} {self.path}{told}{body}"


def answers(
    url: str, context: ssl.SSLContext, token: str, questions: Sequence[Question]
) -> Iterator[Answer]:
    """Each question's answer, without what is the server's own."""
    server = urlsplit(url).netloc
    for status, told, body in _asked(server, context, token, questions):
        yield normal(status, told, body, server)


def documents(
    url: str, context: ssl.SSLContext, token: str, questions: Sequence[Question]
) -> Iterator[bytes]:
    """The body of each answer as it is."""
    for _, _, body in _asked(urlsplit(url).netloc, context, token, questions):
        yield body


class _Connection(http.client.HTTPSConnection):
    """A connection whose requests' lines may have signs that are not ASCII's, as they are."""

    def _encode_request(self, request: str) -> bytes:
        return request.encode()


def _asked(
    server: str, context: ssl.SSLContext, token: str, questions: Sequence[Question]
) -> Iterator[tuple[int, list[tuple[str, str]], bytes]]:
    """Status, headers and body of each answer, one asked after the other over one connection."""
    connection = _Connection(server, context=context, timeout=_SECONDS)
    try:
        for question in questions:
            for _ in range(_PATIENCE):
                _send(connection, question, token)
                answer = connection.getresponse()
                body = answer.read()
                if question.until in (0, answer.status):
                    break
                time.sleep(_PAUSE_SECONDS)
            yield answer.status, answer.getheaders(), body
    finally:
        connection.close()


def _send(connection: http.client.HTTPSConnection, question: Question, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", **question.headers}
    body = question.body
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        headers["Content-Length"] = str(len(body))
    connection.putrequest(question.method, question.path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
