"""From a request to its handler, and from errors to responses.

Whatever a handler raises becomes a Status: an `ApiError` says itself which, anything else is a
fault of ours, logged and answered with 500. The server goes on.
"""

import asyncio
import json
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from html import escape
from typing import Final, TypeAlias

from aiohttp.web import BaseRequest, Response, StreamResponse

from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.errors import internal
from orchestrator.apiserver.http import bodies, metrics_api, parameters, reads, watches, writes
from orchestrator.apiserver.http.aggregation import Aggregation, Unavailable
from orchestrator.apiserver.http.asked import asked_of
from orchestrator.apiserver.http.audit import Trail
from orchestrator.apiserver.http.connections import add_headers, header, said_in
from orchestrator.apiserver.http.errors import (
    PageNotFound,
    unauthenticated,
)
from orchestrator.apiserver.http.fairness import Rejected
from orchestrator.apiserver.http.fairness.work import ONE, Work, work_of_list, work_of_write
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.gate import check_gate
from orchestrator.apiserver.http.heads import Head
from orchestrator.apiserver.http.impersonation import Impersonation, wanted
from orchestrator.apiserver.http.metrics import labelled_by_method
from orchestrator.apiserver.http.one_piece import OnePiece
from orchestrator.apiserver.http.pages import Pages, is_page, page_of
from orchestrator.apiserver.http.paths import CONNECTIONS, split
from orchestrator.apiserver.http.replies import (
    PLAIN_TEXT,
    document_reply,
    error_reply,
    error_text,
)
from orchestrator.apiserver.http.request_log import is_logged, log_request
from orchestrator.apiserver.http.routes import Route, Routes
from orchestrator.apiserver.http.statuses import error_document
from orchestrator.apiserver.http.turns import Record, Turn
from orchestrator.apiserver.http.warnings import add_warnings
from orchestrator.apiserver.kinds import kind_of
from orchestrator.machinery import service_accounts
from orchestrator.machinery.field_errors import quote
from orchestrator.protocol import (
    ApiError,
    Forbidden,
    Identity,
    Unauthorized,
)

Handler: TypeAlias = Callable[[Front, Call], Awaitable[StreamResponse]]

_HANDLERS: Final[Mapping[str, Handler]] = {
    "get": reads.get,
    "list": reads.list_,
    "watch": watches.watch,
    "create": writes.create,
    "update": writes.update,
    "patch": writes.patch,
    "delete": writes.delete,
    "deletecollection": writes.delete_collection,
}
# Subresources whose requests last, by Kubernetes' count.
_LASTING: Final = frozenset({"attach", "exec", "proxy", "log", "portforward"})
_LASTING_VERBS: Final = ("watch", "proxy")
# The original's filter writes this Status by itself: it says neither its kind nor that it is JSON.
_NOT_IN_TIME: Final = (
    b'{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the '
    b'allotted timeout","reason":"Timeout","details":{},"code":504}\n'
)
# What Go's server refuses before anybody looks at the request.
_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Writes whose objects may have unknown fields.
_CHECKED: Final = frozenset({"create", "update", "patch"})
_UNAUTHORIZED: Final = json.loads(error_document(unauthenticated()))
_CREDENTIAL: Final = "authentication.kubernetes.io/credential-id"  # of bound tokens
# What a client is said to have done when it went away before its answer.
_CLIENT_GONE: Final = 499


@lru_cache(maxsize=1024)
def _end_of(said: str) -> int:
    """When a certificate ends, in seconds since the epoch."""
    return ssl.cert_time_to_seconds(said)


class _Unaudited(Exception):
    """Nobody keeps the event of a request's arrival, and without it the request goes no further."""


class Dispatcher:
    """The one handler of the HTTP server."""

    def __init__(self, front: Front, aggregation: Aggregation | None = None) -> None:
        self._front = front
        self._aggregation = aggregation
        self._impersonation = Impersonation(front.decide, front.clock.monotonic)
        front.sources += (self._impersonation.families, front.authentication.families)
        if aggregation is not None:
            front.sources += (aggregation.families,)
        self._pages = Pages(front, aggregation)
        self._routes = Routes(front.scheme)

    async def __call__(self, request: BaseRequest) -> StreamResponse:
        """Answer a request, whatever happens."""
        front = self._front
        head = said_in(request)
        record = Record(head, labelled_by_method(request.method), head.audit_id or front.uid())
        add_headers(request, header("Audit-Id", record.audit_id))
        response: StreamResponse | None = None
        begun = front.clock.monotonic()
        kind = record.labels.kind
        front.metrics.begun(kind)
        try:
            try:
                response = await self._handled(request, record)
            except ConnectionError:
                raise
            except Exception as error:
                response = self._answer_to(request, record, error)
            record.code = response.status
            if record.code not in (401, 403, 429):
                front.metrics.authorized(allowed=True)
            if record.resource is not None and not response.prepared:
                add_warnings(response, record.resource, record.warnings)
            if record.trail is not None:
                record.trail.took(front.clock.monotonic() - begun, record.waited)
                record.trail.completed(response)
                await record.trail.kept()
            return response
        except (asyncio.CancelledError, ConnectionError):
            record.code = _CLIENT_GONE
            raise
        finally:
            if record.trail is not None and response is None:
                record.trail.completed(None)
            front.metrics.ended(kind)
            size = _length(response)
            took = front.clock.monotonic() - begun
            front.metrics.count(record.labels, record.code, took, record.waited, size)
            if is_logged():
                log_request(
                    request,
                    record.labels.verb,
                    code=record.code,
                    seconds=took,
                    audit_id=record.audit_id,
                    where=record.where,
                    waited=record.waited,
                    seats=record.seats,
                    executed=record.executed,
                    fault=record.fault,
                )

    def _answer_to(self, request: BaseRequest, record: Record, error: Exception) -> StreamResponse:
        """What a request is answered that has ended in an error."""
        match error:
            case PageNotFound():
                return error_text(error.message, error.code)
            case Rejected():
                return _overloaded(record)
            case _Unaudited():
                self._front.metrics.unaudited()
                return _failed(request, "failed to store audit event")
            case errors.AuthorizerFailed():
                return _failed(request, error.message)
            case ApiError():
                if isinstance(error, errors.NotAllowed):
                    self._front.metrics.authorized(allowed=False)
                return error_reply(request, error)
        record.fault = error
        fault = self._front.uid()
        log = self._front.log.bind(id=fault)
        # Each request has its line; the traceback of a fault that comes often is thinned out.
        log.error("request failed", method=request.method, path=request.path_qs)
        log.error("fault in the server", exc_info=error)
        return error_reply(request, internal(error, fault))

    async def _handled(self, request: BaseRequest, record: Record) -> StreamResponse:
        if "%" in request.raw_path and _NO_ESCAPE.search(request.raw_path.partition("?")[0]):
            refusal = Response(status=400, text="400 Bad Request")
            refusal.force_close()
            return refusal
        known = self._routes.known(request, record.head)
        if known is None:
            asked = asked_of(request, split(request.path))
        else:
            asked = known[0].asked_named(known[1])
        if "timeout=" not in request.raw_path or _lasts(asked):
            return await self._identified(request, asked, record, known)
        seconds = parameters.allotted_seconds(request.query)
        try:
            async with asyncio.timeout(seconds) as allotted:
                return await self._identified(request, asked, record, known)
        except TimeoutError:
            if not allotted.expired():
                raise
            return document_reply(_NOT_IN_TIME, status=504, media_type=PLAIN_TEXT)

    async def _identified(
        self,
        request: BaseRequest,
        asked: Attributes,
        record: Record,
        known: tuple[Route, str] | None,
    ) -> StreamResponse:
        identity = await self._identity(request, asked, record)
        self._classify(request, asked, identity, record)
        if not asked.is_resource:
            return await self._document(request, asked, identity, record)
        try:
            return await self._resource(request, asked, identity, record, known)
        except ApiError as error:
            if isinstance(error, PageNotFound):
                elsewhere = await self._forwarded(request, asked, identity, record)
                if elsewhere is not None:
                    return elsewhere
            # Who may not do this does not hear what else is wrong with it, nor what is there.
            if not isinstance(error, Forbidden):
                await self._authorized(asked, identity)
            raise

    async def _resource(
        self,
        request: BaseRequest,
        asked: Attributes,
        identity: Identity,
        record: Record,
        known: tuple[Route, str] | None,
    ) -> StreamResponse:
        front = self._front
        if known is None:
            parts = split(request.path)
            if parts[:2] == ["apis", metrics_api.GROUP]:
                await self._authorized(asked, identity)
                return await metrics_api.answer(front, request, parts)
            route, name = self._routes.find(request, parts, asked)
        else:
            route, name = known
        warnings: list[str] = []
        target = route.target_named(name)
        call = Call(request, route, target, identity, warnings, trail=record.trail)
        record.warnings = warnings
        record.labels = route.labels
        if route.deprecated:
            front.metrics.deprecated(route.labels, "")
        if front.read_only:
            check_gate(target, route.verb, front.read_only)
        if known is None:
            self._check_route(route)
            self._routes.remember(request, record.head, route, name)
        record.resource = target.resource
        return await self._served(call, asked, record)

    @staticmethod
    def _check_route(route: Route) -> None:
        """Raises UnsupportedMediaType."""
        target, verb = route.target, route.verb
        strategic = kind_of(target.resource).strategic
        if verb == "patch" and strategic and target.part not in CONNECTIONS:
            # Refused by the route, before anybody says that the path is deprecated.
            bodies.patch_type_of(route.content_type, typed=True)

    async def _served(self, call: Call, asked: Attributes, record: Record) -> StreamResponse:
        front, request, verb, target = self._front, call.request, call.verb, call.target
        if verb == "watch" and "watch" not in target.resource.verbs:
            raise errors.method_not_allowed(target.resource, "watch")
        handler = _HANDLERS[verb]
        if target.part in CONNECTIONS:
            await self._authorized(asked, call.identity)
            return await handler(front, call)
        if verb == "watch":
            # It waits for its turn, and holds nobody up while it lasts.
            turn = Turn(
                front, record, request, await self._work_of_list(record, call), is_watch=True
            )
            if not turn.begin():
                await turn.wait()
            turn.end()
            return await handler(front, call)
        if request.body_exists:
            # Before it takes a seat: who sends nothing must hold nothing.
            call.body = await bodies.read(request, front.limits.request_seconds)
            front.metrics.sent(record.labels, verb, len(call.body))
        work = (
            await self._work_of_list(record, call) if verb == "list" else self._work(record, verb)
        )
        turn = Turn(front, record, request, work)
        if not turn.begin():
            await turn.wait()
        try:
            begun = front.clock.monotonic()
            response = await handler(front, call)
            if verb in _CHECKED:
                directive = call.query.get("fieldValidation", "")
                front.metrics.checked(directive, front.clock.monotonic() - begun)
            return response
        finally:
            turn.end()

    def _classify(
        self, request: BaseRequest, asked: Attributes, identity: Identity, record: Record
    ) -> None:
        """Which flow the request belongs to; one that lasts, watches apart, to none."""
        if _lasts(asked) and asked.verb != "watch":
            return
        record.where = self._front.fairness.classify(identity, asked)
        record.asked, record.user = asked, identity.name
        add_headers(request, record.where.headers)

    async def _work_of_list(self, record: Record, call: Call) -> Work:
        """What a list, or a watch that begins with one, is supposed to do."""
        front, where = self._front, record.where
        if where is None or where.level.is_exempt:
            return ONE
        resource = call.target.resource
        stored = await front.stored(resource)
        size = front.encodings.average(resource.type)
        nominal = where.level.bounds.nominal
        return work_of_list(call.verb, call.request.query, stored, size, nominal)

    def _work(self, record: Record, verb: str) -> Work:
        """What any other request is supposed to do."""
        where, asked = record.where, record.asked
        if verb == "get" or asked is None or where is None or where.level.is_exempt:
            return ONE
        watches = self._front.fairness.watches.interested(asked)
        where.tally.watched(watches)
        return work_of_write(watches, where.level.bounds.nominal)

    async def _forwarded(
        self, request: BaseRequest, asked: Attributes, identity: Identity, record: Record | None
    ) -> StreamResponse | None:
        """The answer of another server; None where none serves this path."""
        aggregation = self._aggregation
        service = None if aggregation is None else await aggregation.serves(split(request.path))
        if aggregation is None or service is None:
            return None
        await self._authorized(asked, identity)
        body = b""
        if request.body_exists:
            body = await bodies.read(request, self._front.limits.request_seconds)
        turn = Turn(self._front, record, request)
        if not turn.begin():
            await turn.wait()
        try:
            return await aggregation.forward(request, service, identity, body)
        except Unavailable as error:
            return error_text(str(error), 503)
        finally:
            turn.end()

    async def _identity(self, request: BaseRequest, asked: Attributes, record: Record) -> Identity:
        """Who asks, or as whom. Raises Unauthorized; BadRequest and Forbidden for an impersonation."""
        front = self._front
        begun = front.clock.monotonic()
        head = record.head
        try:
            identity = front.authentication.known(request, head.authorization)
            if identity is None:
                identity = await front.authentication.identify(request, front.review_token)
        except Unauthorized:
            front.metrics.authenticated("", front.clock.monotonic() - begun, known=False)
            await self._note_stranger(request, asked, record)
            raise
        took = front.clock.monotonic() - begun
        front.metrics.authenticated(identity.name, took, known=True)
        self._count_credentials(request, head, identity)
        record.trail = self._begun_trail(request, asked, record, identity)
        if record.trail is not None and not await record.trail.kept():
            record.trail = None
            raise _Unaudited
        other, mode = wanted(request.headers) if head.impersonates else None, None
        if other is not None:
            mode, identity = await self._impersonation.impersonated(identity, other, asked)
        if record.trail is not None:
            await self._note_decision(asked, identity, record.trail, mode)
        return identity

    def _count_credentials(self, request: BaseRequest, head: Head, identity: Identity) -> None:
        """What a client has shown: a certificate with its end, or a service account's token."""
        front = self._front
        if head.authorization:
            if service_accounts.split(identity.name) is not None:
                front.metrics.account(bound=_CREDENTIAL in (identity.extra or {}))
            return
        transport = request.transport
        certificate = None if transport is None else transport.get_extra_info("peercert")
        if certificate:
            front.metrics.shown(_end_of(certificate["notAfter"]) - front.clock.now())

    async def _note_stranger(self, request: BaseRequest, asked: Attributes, record: Record) -> None:
        """The audit log hears of a request of whom nobody knows, and of nothing more than that."""
        trail = self._begun_trail(request, asked, record, None)
        if trail is not None:
            trail.refused(_UNAUTHORIZED)
            await trail.kept()

    def _begun_trail(
        self, request: BaseRequest, asked: Attributes, record: Record, user: Identity | None
    ) -> Trail | None:
        """`user`: None where nobody knows who asks."""
        front = self._front
        if front.audit is None:
            return None
        trail = front.audit.begin(
            request,
            user or Identity(""),
            asked,
            audit_id=record.audit_id,
            clock=front.clock,
            known=user is not None,
        )
        front.metrics.trailed("None" if trail is None else trail.level)
        return trail

    async def _note_decision(
        self, asked: Attributes, identity: Identity, trail: Trail, mode: str | None
    ) -> None:
        """The audit log says whether its user may do this, and why. `mode`: in which she acts as another."""
        if mode is not None:
            trail.acts_as(identity, mode)
        try:
            allowed, reason = await self._front.decide(identity, asked)
        except errors.AuthorizerFailed:
            trail.annotate("authorization.k8s.io/reason", "internal error")
            return
        trail.annotate("authorization.k8s.io/decision", "allow" if allowed else "forbid")
        trail.annotate("authorization.k8s.io/reason", reason)

    async def _authorized(self, asked: Attributes, identity: Identity) -> None:
        """Raises Forbidden."""
        clock = self._front.clock
        begun = clock.monotonic()
        allowed, reason = await self._front.decide(identity, asked)
        self._front.metrics.decided(clock.monotonic() - begun, allowed=allowed)
        if not allowed:
            raise errors.refused(identity, asked, reason)

    # --- paths that are no resources -------------------------------------------------------

    async def _document(
        self, request: BaseRequest, asked: Attributes, identity: Identity, record: Record
    ) -> StreamResponse:
        parts = split(request.path)
        record.labels = labelled_by_method(request.method, page_of(parts))
        turn = Turn(self._front, record, request)
        if not turn.begin():
            await turn.wait()
        try:
            await self._authorized(asked, identity)
            if not is_page(parts):
                raise PageNotFound
            if len(parts) == 3 and parts[0] == "apis":
                elsewhere = await self._forwarded(request, asked, identity, None)  # it has its seat
                if elsewhere is not None:
                    return elsewhere
            return await self._pages.answer(request, parts)
        finally:
            turn.end()


def _lasts(asked: Attributes) -> bool:
    """Whether a request goes on for as long as somebody wants."""
    return asked.verb in _LASTING_VERBS or asked.subresource in _LASTING


def _length(response: StreamResponse | None) -> int:
    """How many bytes were, or will be, sent."""
    if isinstance(response, OnePiece):
        return response.length
    sent = response.body_length if response is not None else 0
    body = response.body if isinstance(response, Response) else None
    return sent or (len(body) if isinstance(body, bytes) else 0)


def _failed(request: BaseRequest, why: str) -> Response:
    """What the original answers where it cannot even look at a request."""
    words = f"Internal Server Error: {quote(request.raw_path)}: {why}"
    return error_text(escape(words, quote=False), 500)


def _overloaded(record: Record) -> Response:
    """There was no seat for the request, nor a place to wait for one."""
    retry = 1 if record.where is None else record.where.level.retry_seconds
    response = error_text("Too many requests, please try again later.", 429)
    response.headers["Retry-After"] = str(retry)
    return response
