"""The actor that answers for a real cluster."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final, TypeAlias

import msgspec

from actors import Actor, Deferred, Ref, Terminated
from orchestrator.api.errors import DecodeError
from orchestrator.api.meta.v1 import Status
from orchestrator.api.scheme import DEFAULT, Scheme
from orchestrator.gateway.answers import object_of, page_of
from orchestrator.gateway.connection import Connection
from orchestrator.gateway.discovery import versions_of
from orchestrator.gateway.requests import HttpRequest, request_for
from orchestrator.gateway.watching import RemoteWatch, list_all
from orchestrator.protocol import (
    ApiError,
    Create,
    Created,
    Delete,
    DeleteCollection,
    Deleted,
    Get,
    GetElsewhere,
    InternalError,
    List,
    Patch,
    Unwatch,
    Update,
    Watch,
    Watching,
)

Answer: TypeAlias = Callable[[Any], Awaitable[Any]]

_CREATED: Final = 201
_WATCH_SECONDS: Final = 300.0  # a watch lasts so long, up to twice, before it is asked for again


class Gateway(Actor):
    """Answers the messages of `protocol` as the API server of a connection does.

    All requests are made with the connection's own credentials: the identity in a message says nothing
    here. `previous` of events is None, and what a watch may hold back is not held back. Whatever the
    server cannot be asked is ServiceUnavailable; an answer that cannot be read is InternalError.
    """

    def __init__(self, connection: Connection, scheme: Scheme = DEFAULT) -> None:
        self._connection = connection
        self._scheme = scheme
        self._channels = count(1)
        self._watches: dict[tuple[Ref[Any], str], asyncio.Task[None]] = {}

    def on_get(self, message: Get) -> Any:
        """Answer one object."""
        return self._later(self._one, message)

    def on_list(self, message: List) -> Any:
        """Answer a page of objects."""
        return self._later(self._page, message)

    def on_get_elsewhere(self, message: GetElsewhere) -> Any:
        """Answer a document of a group that the scheme need not know."""
        return self._later(self._elsewhere, message)

    def on_create(self, message: Create) -> Any:
        """Create an object, or post to a subresource."""
        return self._later(self._one, message)

    def on_update(self, message: Update) -> Any:
        """Replace an object, or a part of it."""
        return self._later(self._one, message)

    def on_patch(self, message: Patch) -> Any:
        """Change an object, or a part of it."""
        return self._later(self._one, message)

    def on_delete(self, message: Delete) -> Any:
        """Delete an object, or begin to."""
        return self._later(self._deleted, message)

    def on_delete_collection(self, message: DeleteCollection) -> Any:
        """Delete all objects that are selected."""
        return self._later(self._page, message)

    def on_watch(self, message: Watch) -> Any:
        """Answer the present state, and tell what follows."""
        key = (message.sink, message.token)
        self._end(key)
        deferred = self.ctx.defer()
        self.ctx.watch(message.sink)
        self._watches[key] = self.ctx.task(self._watch(message, deferred), f"watch {message.token}")
        return deferred

    def on_unwatch(self, message: Unwatch) -> None:
        """End a watch."""
        self._end((message.sink, message.token))

    def on_terminated(self, message: Terminated) -> None:
        """A watcher's actor has stopped."""
        for key in [each for each in self._watches if each[0] is message.ref]:
            self._end(key)

    def _end(self, key: tuple[Ref[Any], str]) -> None:
        task = self._watches.pop(key, None)
        if task is not None:
            task.cancel()

    # --- asking ----------------------------------------------------------------------------

    def _later(self, answer: Answer, message: Any) -> Deferred[Any]:
        deferred = self.ctx.defer()
        self.ctx.task(self._answer(deferred, answer, message), type(message).__name__)
        return deferred

    async def _answer(self, deferred: Deferred[Any], answer: Answer, message: Any) -> None:
        try:
            deferred.reply(await answer(message))
        except ApiError as error:
            deferred.fail(error)
        except DecodeError as error:
            words = f"an answer about {message.resource.key} cannot be read: {error}"
            deferred.fail(InternalError(words))

    async def _one(self, message: Any) -> Any:
        code, body, headers = await self._connection.send(request_for(message))
        warn = getattr(message, "warn", None)
        if warn is not None:
            for warning in headers.getall("Warning", ()):  # type: ignore[attr-defined]
                warn(_text(warning))
        found = object_of(body, message.resource, self._scheme)
        created = code == _CREATED and not isinstance(message, Create)
        return Created(found) if created else found

    async def _elsewhere(self, message: GetElsewhere) -> Any:
        versions = await versions_of(self._connection, message.group)
        version = next((each for each in versions if each in message.versions), None)
        if version is None:
            return None
        request = HttpRequest("GET", message.path(version), message.query)
        _, body, _ = await self._connection.send(request)
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            words = f"an answer about {message.resource}.{message.group} cannot be read: {error}"
            raise InternalError(words) from error

    async def _page(self, message: Any) -> Any:
        _, body, _ = await self._connection.send(request_for(message))
        return page_of(body, message.resource)

    async def _deleted(self, message: Delete) -> Deleted:
        """What was deleted; None where the server says no more than that it is gone."""
        _, body, _ = await self._connection.send(request_for(message))
        found = object_of(body, message.resource, self._scheme)
        if isinstance(found, Status):
            return Deleted(None, gone=True)
        metadata = found.metadata
        held = metadata.finalizers or metadata.deletion_grace_period_seconds
        return Deleted(found, gone=metadata.deletion_timestamp is None or not held)

    async def _watch(self, message: Watch, deferred: Deferred[Any]) -> None:
        try:
            if message.since is None:
                page = await list_all(self._connection, message)
                items, revision = page.items, page.revision
            else:
                items, revision = (), message.since
        except ApiError as error:
            deferred.fail(error)
            return
        except DecodeError as error:
            words = f"an answer about {message.resource.key} cannot be read: {error}"
            deferred.fail(InternalError(words))
            return
        channel = next(self._channels)
        deferred.reply(Watching(channel, 0, revision, items))
        # So that the watches of many do not end together.
        seconds = _WATCH_SECONDS * (1 + self.ctx.random.random())
        await RemoteWatch(self._connection, message, channel, revision, seconds).run(self.ctx.clock)


def _text(warning: str) -> str:
    """The words of a Warning header: `299 - "words"`."""
    return warning.partition('"')[2].rpartition('"')[0].replace('\\"', '"') or warning
