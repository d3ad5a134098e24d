"""One watch of an API server: its lines as the protocol's messages.

A watch that the server ends in good order, as each does after some minutes, goes on from the revision
that it has come to. Whatever else ends it is told to whoever watches, who lists again.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from aiohttp import ClientResponse
from msgspec import Struct

from actors import Clock, Ref
from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.api.meta.v1 import Status
from orchestrator.gateway.answers import error_of_status, page_of, revision_of
from orchestrator.gateway.connection import Connection
from orchestrator.gateway.requests import HttpRequest, path_of, request_for, selecting
from orchestrator.protocol import (
    ApiError,
    Event,
    Expired,
    InternalError,
    List,
    Page,
    ServiceUnavailable,
    Watch,
    WatchClosed,
    WatchEvents,
)

_PAGE: Final = 500  # objects a page, as client-go's reflector asks for them
_PAUSE_SECONDS: Final = 1.0  # between two watches, where a server ends them at once


class _Line(Struct):
    type: str
    object: msgspec.Raw


class _Bookmark(Struct):
    class Meta(Struct, rename="camel"):
        resource_version: str = ""

    metadata: Meta


async def list_all(connection: Connection, message: Watch) -> Page:
    """All objects of a selection, page by page, at one revision. Raises ApiError and DecodeError."""
    items: list[Any] = []
    token = ""
    while True:
        asked = List(
            resource=message.resource,
            namespace=message.namespace,
            label_selector=message.label_selector,
            field_selector=message.field_selector,
            limit=_PAGE,
            continue_token=token,
        )
        _, body, _ = await connection.send(request_for(asked))
        page = page_of(body, message.resource)
        items += page.items
        token = page.continue_token
        if not token:
            return Page(tuple(items), page.revision)


class RemoteWatch:
    """Follows a selection from a revision on; `seconds` is how long one request of it lasts."""

    def __init__(
        self, connection: Connection, message: Watch, channel: int, revision: int, seconds: float
    ) -> None:
        self._connection = connection
        self._message = message
        self._channel = channel
        self._revision = revision
        self._seconds = seconds
        self._sequence = 0

    async def run(self, clock: Clock) -> None:
        """Tell the sink what happens until it is cut off, or the watch fails; then tell it so."""
        message = self._message
        try:
            while True:
                begun = clock.monotonic()
                await self._follow()
                if clock.monotonic() - begun < _PAUSE_SECONDS:
                    await clock.sleep(_PAUSE_SECONDS)
        except ApiError as error:
            _close(message.sink, message.token, error)
        except DecodeError as error:
            words = f"a change of {message.resource.key} cannot be read: {error}"
            _close(message.sink, message.token, InternalError(words))

    async def _follow(self) -> None:
        message = self._message
        query = {
            **selecting(message.label_selector, message.field_selector),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(self._revision),
            "timeoutSeconds": str(round(self._seconds)),
        }
        path = path_of(message.resource, message.namespace)
        async with self._connection.stream(
            HttpRequest("GET", path, query), self._seconds
        ) as answer:
            async for lines in _lines(answer):
                self._tell([self._event(line) for line in lines])

    def _event(self, line: bytes) -> Event | None:
        """One change; None for a bookmark. Raises ApiError, and DecodeError."""
        try:
            given = msgspec.json.decode(line, type=_Line)
            if given.type == "BOOKMARK":
                mark = msgspec.json.decode(given.object, type=_Bookmark)
                self._revision = revision_of(mark.metadata.resource_version) or self._revision
                return None
        except msgspec.MsgspecError as error:
            raise DecodeError("", str(error)) from None
        if given.type not in ("ADDED", "MODIFIED", "DELETED"):
            raise error_of_status(codec.decode(bytes(given.object), Status), 500)
        obj: Any = codec.decode(bytes(given.object), self._message.resource.type)
        self._revision = revision_of(obj.metadata.resource_version) or self._revision
        return Event(given.type, obj, None, self._revision)  # type: ignore[arg-type]  # see above

    def _tell(self, events: list[Event | None]) -> None:
        self._sequence += 1
        message = WatchEvents(
            self._channel,
            self._sequence,
            self._revision,
            tuple(event for event in events if event is not None),
        )
        if not self._message.sink.offer(message):
            raise Expired("the watcher did not keep up and was cut off; list and watch again")


async def _lines(answer: ClientResponse) -> AsyncIterator[list[bytes]]:
    """The lines of a stream, those together that came together. Raises ServiceUnavailable."""
    rest = b""
    async for data in answer.content.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        whole = [line for line in lines if line]
        if whole:
            yield whole
    if rest.strip():
        raise ServiceUnavailable("a watch ended in the middle of a line")


def _close(sink: Ref[Any], token: str, error: ApiError) -> None:
    sink.tell(WatchClosed(token, error))
