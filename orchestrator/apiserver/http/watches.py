"""Watches: one chunked response that goes on, an event a line.

The API server tells an inbox of the watch's own; this task writes what comes. Whatever ends a watch
ends it in one of three ways, all of which clients know: the document is complete (its time is up,
the front stops), an ERROR event with 410 comes last (the client must list again), or the connection
is cut (a client that takes nothing any more).
"""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from aiohttp.web import HTTPException, StreamResponse

from actors import Inbox
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.protobuf_writer import watch_frame
from orchestrator.api.scalars import EMPTY
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.authorization.access import exact
from orchestrator.apiserver.errors import too_large, unparsable_version
from orchestrator.apiserver.http import parameters
from orchestrator.apiserver.http.encodings import Encodings
from orchestrator.apiserver.http.errors import STREAMS, not_acceptable
from orchestrator.apiserver.http.event_sockets import EventSocket, fault_of, refused_by
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.parameters import ListOptions
from orchestrator.apiserver.http.presentation import PROTOBUF, SLICE, Presenter
from orchestrator.apiserver.http.replies import presenter
from orchestrator.apiserver.http.statuses import error_document
from orchestrator.apiserver.http.warnings import add_warnings
from orchestrator.apiserver.http.websockets import wants_websocket
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.listing import selection_of
from orchestrator.machinery.digits import is_unsigned, whole
from orchestrator.protocol import (
    ApiError,
    BadRequest,
    Expired,
    InternalError,
    NotAcceptable,
    ServerTimeout,
    ServiceUnavailable,
    Unwatch,
    Watch,
    WatchClosed,
    WatchEvents,
    Watching,
)

# How long a watch lives when the client does not say: between half an hour and an hour, so that
# watches that began together do not all begin anew together.
_LEAST_SECONDS: Final = 1800.0
# The original sends its last bookmark so long before the end, and none to who stays no longer.
_LAST_BOOKMARK_SECONDS: Final = 2
_PIECE_BYTES: Final = 1024 * 1024
_TOKEN: Final = "http"
_INITIAL_END: Final = {"k8s.io/initial-events-end": "true"}
_LOST: Final = "the watch has lost events; list and watch again"


async def watch(front: Front, call: Call) -> StreamResponse:
    """Stream what happens to the objects of a collection, or to one."""
    options = _with_name(parameters.list_options(call.query, watch=True), call.target.name)
    since, shows_present, present = _begun(front, call, options)
    by_socket = wants_websocket(call.request)
    refusal = fault_of(call.request) if by_socket else None
    if refusal is not None:
        return refusal
    limits, weigh = front.limits, partial(_bytes_of, front.encodings)
    bounds = (limits.watch_messages, weigh, limits.watch_bytes)
    async with Inbox(front.system, *bounds) as inbox:
        stream = _Stream(front, call, options, present, by_socket=by_socket)
        try:
            try:
                watching, since = await _joined(front, call, options, inbox, since)
            except (Expired, ServerTimeout) as error:
                # Clients take this as the first event as well, and all of them look for it there.
                await stream.begin()
                await stream.write([stream.error(error)])
                return await stream.end()
            await stream.begin()
            try:
                await stream.run(watching, inbox, since, shows_present=shows_present)
            except (ConnectionError, TimeoutError):
                raise
            except NotAcceptable:
                pass  # a form for lists, which no event has: the document just ends
            except Exception as error:
                # The headers are out, so that only an event can say what happened.
                front.log.exception("watch failed", resource=call.target.resource.key)
                fault = InternalError(f"Internal error occurred: {type(error).__name__}")
                await stream.write([stream.error(fault)])
            return await stream.end()
        except HTTPException as error:  # no handshake of a WebSocket
            return refused_by(error)
        except ConnectionError:
            return stream.cut()
        except TimeoutError:
            stream.count_cut()
            return stream.cut()
        finally:
            stream.leave()
            front.api.tell(Unwatch(inbox.ref, _TOKEN))


def _bytes_of(encodings: Encodings, message: Any) -> int:
    """How much a message holds that waits for a slow watcher; its bytes are shared with other watchers."""
    if type(message) is not WatchEvents:
        return 0
    return sum(len(encodings.object(event.object)) for event in message.events)


async def _joined(
    front: Front, call: Call, options: ListOptions, inbox: Inbox, since: int | None
) -> tuple[Watching, int]:
    """The watch, and the revision after which its events are told.

    One that begins at a revision that is still to come waits for it, as etcd's does.
    """
    try:
        watching = await front.ask(_message(call, options, since, inbox))
        _check_future(options, watching, since)
    except ServerTimeout:
        if since is None:
            raise
        watching = await front.ask(_message(call, options, None, inbox))
    return watching, since or 0


def _with_name(options: ListOptions, name: str) -> ListOptions:
    """The old path to watch one object is a field selector."""
    if not name:
        return options
    selector = f"metadata.name={name}"
    if options.field_selector not in ("", selector):
        raise BadRequest("fieldSelector metadata.name doesn't match requested name")
    return ListOptions(
        label_selector=options.label_selector,
        field_selector=selector,
        resource_version=options.resource_version,
        timeout_seconds=options.timeout_seconds,
        bookmarks=options.bookmarks,
    )


def _begun(front: Front, call: Call, options: ListOptions) -> tuple[int | None, bool, Presenter]:
    """Since when, whether the present state comes first, and in which form. Raises BadRequest and NotAcceptable."""
    try:
        since, shows_present = _start(options)
        if call.form.media == "yaml":
            raise not_acceptable(STREAMS)
        return since, shows_present, presenter(front, call)
    except ApiError:
        # What is wrong with the selectors is said first.
        selection_of(call.target.resource, options.label_selector, options.field_selector)
        raise


def _start(options: ListOptions) -> tuple[int | None, bool]:
    """Since when, and whether the present state comes first. Raises BadRequest."""
    version = options.resource_version
    if version and not is_unsigned(version):
        raise unparsable_version(version)
    since = whole(version or "0")
    if since == 0:
        return None, options.send_initial is not False
    return (None, True) if options.send_initial else (since, False)


def _message(call: Call, options: ListOptions, since: int | None, inbox: Inbox) -> Watch:
    return Watch(
        resource=call.target.resource,
        sink=inbox.ref,
        token=_TOKEN,
        namespace=call.target.namespace,
        label_selector=options.label_selector,
        field_selector=options.field_selector,
        since=since,
        identity=call.identity,
    )


def _check_future(options: ListOptions, watching: Watching, since: int | None) -> None:
    """A state that is not older than a revision: there is none yet if that is still to come."""
    if since is not None:
        return
    wanted = int(options.resource_version or 0)
    if wanted > watching.revision:
        raise too_large(wanted, watching.revision)


def _pieces(lines: list[bytes]) -> Iterator[bytes]:
    """The lines in pieces of a bounded size, so that a client that takes nothing holds no more than one."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if size and size + len(line) > _PIECE_BYTES:
            yield b"".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    yield b"".join(piece)


class _Stream:
    """One watch's response."""

    def __init__(
        self,
        front: Front,
        call: Call,
        options: ListOptions,
        present: Presenter,
        *,
        by_socket: bool,
    ) -> None:
        self._front = front
        self._call = call
        self._bookmarks = options.bookmarks
        self._initial_end = bool(options.send_initial) and options.bookmarks
        self._present = present
        self._is_table = call.form.shape == "Table"
        self._seconds = options.timeout_seconds or _LEAST_SECONDS * (1 + front.random.random())
        self._is_protobuf = call.form.media == "protobuf"
        media_type = f"{PROTOBUF};stream=watch" if self._is_protobuf else "application/json"
        self._socket = (
            EventSocket(call.request, is_text=not self._is_protobuf) if by_socket else None
        )
        self._listening: asyncio.Task[None] | None = None
        self._has_left = False
        self._deadline: asyncio.Timeout | None = None
        headers = {"Content-Type": media_type, "Cache-Control": "no-cache, private"}
        self._response: StreamResponse = (
            StreamResponse(headers=headers) if self._socket is None else self._socket
        )
        add_warnings(self._response, call.target.resource)
        self._revision = 0

    # --- the response ----------------------------------------------------------------------

    async def begin(self) -> None:
        """Send the headers: from here on errors are events."""
        if self._call.trail is not None:
            self._call.trail.started(self._response.status)
            await self._call.trail.kept()
        if self._socket is None:
            self._response.enable_chunked_encoding()
        await self._response.prepare(self._call.request)
        if self._socket is not None:
            self._listening = asyncio.create_task(self._socket.until_closed())
            self._listening.add_done_callback(self._note_parting)

    async def write(self, lines: list[bytes]) -> None:
        """Raises TimeoutError when the client takes nothing, ConnectionError when it is gone."""
        if lines:
            resource = self._call.target.resource
            self._front.metrics.told(
                resource.group, resource.version, resource.plural, [len(line) for line in lines]
            )
            socket = self._socket
            send = self._response.write if socket is None else socket.tell
            for piece in _pieces(lines) if socket is None else lines:
                async with asyncio.timeout(self._front.limits.write_seconds):
                    await send(piece)

    async def end(self) -> StreamResponse:
        """Complete the document."""
        async with asyncio.timeout(self._front.limits.write_seconds):
            await self._response.write_eof()
        return self._response

    def _note_parting(self, _: "asyncio.Task[None]") -> None:
        """A client that closes its WebSocket has enough."""
        self._has_left = True
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time())

    def leave(self) -> None:
        """Nobody listens to the client any more."""
        if self._listening is not None:
            self._listening.cancel()

    def count_cut(self) -> None:
        """The client has not kept up."""
        resource = self._call.target.resource
        self._front.metrics.cut_off(resource.group, resource.plural)

    def cut(self) -> StreamResponse:
        """Give the client up."""
        transport = self._call.request.transport
        if transport is not None:
            transport.abort()
        return self._response

    # --- events ----------------------------------------------------------------------------

    async def run(
        self, watching: Watching, inbox: Inbox, since: int, *, shows_present: bool
    ) -> None:
        """Write events after `since` until the time is up or the watch is closed."""
        if self._seconds < 0 or self._has_left:
            return
        self._revision = max(watching.revision, since)
        self._since = since
        deadline = asyncio.timeout(self._seconds)
        try:
            async with deadline:
                self._front.opened(deadline)
                self._deadline = deadline
                self._front.metrics.watching(self._call.labels, 1)
                tracked = self._tracked()
                if tracked is not None:
                    self._front.fairness.watches.begun(*tracked)
                try:
                    await self._write_all(watching, inbox, shows_present=shows_present)
                finally:
                    self._front.metrics.watching(self._call.labels, -1)
                    if tracked is not None:
                        self._front.fairness.watches.ended(*tracked)
                    self._front.closed(deadline)
                    self._deadline = None
        except TimeoutError:
            if not deadline.expired():
                raise
            if self._bookmarks and self._seconds > _LAST_BOOKMARK_SECONDS:
                await self.write([self._bookmark()])

    def _tracked(self) -> tuple[Attributes, str] | None:
        """What is watched; None where few changes concern the watch: that of one node's pods."""
        target, held = self._call.target, exact(self._call.query.get("fieldSelector", ""))
        resource = target.resource
        if resource.key == "pods" and held.get("spec.nodeName"):
            return None
        asked = Attributes("watch", resource.group, resource.plural, namespace=target.namespace)
        return asked, target.name or held.get("metadata.name", "")

    async def _write_all(self, watching: Watching, inbox: Inbox, *, shows_present: bool) -> None:
        began = self._front.clock.monotonic()
        if shows_present:
            await self._write_present(watching.items)
        if self._initial_end:
            await self.write([self._bookmark(_INITIAL_END)])
            took = self._front.clock.monotonic() - began
            self._front.metrics.watch_listed(self._call.labels, took)
        sequence = watching.sequence
        async for message in inbox:
            if type(message) is WatchClosed:
                if isinstance(message.error, Expired):
                    self.count_cut()
                # A server that stops says goodbye by the end of the document.
                if not isinstance(message.error, ServiceUnavailable):
                    await self.write([self.error(message.error)])
                return
            if message.channel != watching.channel or message.sequence <= sequence:
                continue
            sequence += 1
            if message.sequence != sequence:
                await self.write([self.error(Expired(_LOST))])
                return
            await self.write(self._lines(message))

    async def _write_present(self, items: tuple[Any, ...]) -> None:
        for start in range(0, len(items), SLICE):
            await self.write([self._event("ADDED", obj) for obj in items[start : start + SLICE]])
            await self._front.clock.sleep(0)

    def _lines(self, message: WatchEvents) -> list[bytes]:
        if message.revision <= self._since:
            return []
        self._revision = message.revision
        self._present.now = self._front.clock.now()
        if not message.events:
            return [self._bookmark()] if self._bookmarks else []
        since = self._since
        return [
            self._event(event.type, event.object)
            for event in message.events
            if event.revision > since
        ]

    def _event(self, type_: str, obj: Any) -> bytes:
        line = self._framed(type_, self._present.object(obj))
        if self._is_table:
            self._present.headers = False
        return line

    def _bookmark(self, annotations: Mapping[str, str] = EMPTY) -> bytes:
        """Nothing up to the revision is missing; an empty object of the kind carries it."""
        resource = self._call.target.resource
        metadata = ObjectMeta(resource_version=str(self._revision), annotations=annotations)
        if kind_of(resource).custom:
            obj: Any = Unstructured(
                api_version=resource.api_version, kind=resource.kind, metadata=metadata
            )
        else:
            obj = resource.type(metadata=metadata)
        return self._event("BOOKMARK", obj)

    def error(self, error: ApiError) -> bytes:
        """The last event of a watch that cannot go on."""
        return self._framed("ERROR", error_document(error))

    def _framed(self, type_: str, document: bytes) -> bytes:
        if self._is_protobuf:
            return watch_frame(type_, msgspec.json.decode(document))
        return b'{"type":"%b","object":%b}\n' % (type_.encode(), document)
