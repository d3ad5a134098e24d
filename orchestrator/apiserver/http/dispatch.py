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
from msgspec.structs import replace

from orchestrator.api.protobuf_writer import has_form
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.errors import internal
from orchestrator.apiserver.http import bodies, metrics_api, reads, watches, writes
from orchestrator.apiserver.http.aggregation import Aggregation, Unavailable
from orchestrator.apiserver.http.asked import asked_of
from orchestrator.apiserver.http.audit import Trail
from orchestrator.apiserver.http.connect import CONNECTIONS
from orchestrator.apiserver.http.connections import add_headers
from orchestrator.apiserver.http.errors import (
    PageNotFound,
    no_representation,
    not_acceptable,
    unauthenticated,
)
from orchestrator.apiserver.http.fairness import Rejected
from orchestrator.apiserver.http.fairness.work import ONE, Work, work_of_list, work_of_write
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.gate import check_gate
from orchestrator.apiserver.http.impersonation import Impersonation, wanted
from orchestrator.apiserver.http.metrics import labelled_by_method
from orchestrator.apiserver.http.negotiation import is_pretty, is_representable, negotiate
from orchestrator.apiserver.http.pages import Pages, is_page, page_of
from orchestrator.apiserver.http.parameters import wants_watch
from orchestrator.apiserver.http.paths import is_resource_path, split, target_of, verb_of
from orchestrator.apiserver.http.replies import (
    error_reply,
    text_reply,
)
from orchestrator.apiserver.http.request_log import is_logged, log_request
from orchestrator.apiserver.http.statuses import error_document
from orchestrator.apiserver.http.turns import Record, Turn
from orchestrator.apiserver.http.warnings import add_warnings, deprecation_of
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
# What Go's server refuses before anybody looks at the request.
_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Subresources that are shown as tables; of the others only the documents are.
_IN_TABLES: Final = frozenset({"", "scale", "status"})
# Of whose statuses there are documents only.
_STATUS_WITHOUT_TABLE: Final = frozenset(
    {
        "apiservices.apiregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "resourceclaims.resource.k8s.io",
    }
)
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

    async def __call__(self, request: BaseRequest) -> StreamResponse:
        """Answer a request, whatever happens."""
        front = self._front
        record = Record(request.method, request.headers.get("Audit-Id") or front.uid())
        add_headers(request, {"Audit-Id": record.audit_id})
        response: StreamResponse | None = None
        begun = front.clock.monotonic()
        kind = record.labels.kind
        front.metrics.begun(kind)
        try:
            response = await self._answered(request, record)
            record.code = response.status
            if record.code not in (401, 403, 429):
                front.metrics.authorized(allowed=True)
            if record.resource is not None and not response.prepared:
                add_warnings(response, record.resource, record.warnings)
            if record.trail is not None:
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
            size = getattr(response, "body_length", 0) or _length(response)
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

    async def _answered(self, request: BaseRequest, record: Record) -> StreamResponse:
        try:
            return await self._handled(request, record)
        except PageNotFound as error:
            return text_reply(f"{error.message}\n", status=error.code)
        except Rejected:
            return _overloaded(record)
        except _Unaudited:
            self._front.metrics.unaudited()
            return _failed(request, "failed to store audit event")
        except errors.AuthorizerFailed as error:
            return _failed(request, error.message)
        except ApiError as error:
            if isinstance(error, errors.NotAllowed):
                self._front.metrics.authorized(allowed=False)
            return error_reply(request, error)
        except ConnectionError:
            raise
        except Exception as error:
            record.fault = error
            fault = self._front.uid()
            log = self._front.log.bind(id=fault)
            # Each request has its line; the traceback of a fault that comes often is thinned out.
            log.error("request failed", method=request.method, path=request.path_qs)
            log.error("fault in the server", exc_info=error)
            return error_reply(request, internal(error, fault))

    async def _handled(self, request: BaseRequest, record: Record) -> StreamResponse:
        if "%" in request.raw_path and _NO_ESCAPE.search(request.raw_path.partition("?")[0]):
            return text_reply("400 Bad Request", status=400)
        parts = split(request.path)
        identity = await self._identity(request, parts, record)
        self._classify(request, asked_of(request, parts), identity, record)
        if not is_resource_path(parts):
            record.labels = labelled_by_method(request.method, page_of(parts))
            async with Turn(self._front, record, request.path):
                return await self._document(request, parts, identity)
        try:
            return await self._resource(request, parts, identity, record)
        except ApiError as error:
            if isinstance(error, PageNotFound):
                elsewhere = await self._forwarded(request, parts, identity, record)
                if elsewhere is not None:
                    return elsewhere
            # Who may not do this does not hear what else is wrong with it, nor what is there.
            if not isinstance(error, Forbidden):
                await self._authorized(request, parts, identity)
            raise

    async def _resource(
        self, request: BaseRequest, parts: list[str], identity: Identity, record: Record
    ) -> StreamResponse:
        front = self._front
        if parts[:2] == ["apis", metrics_api.GROUP]:
            await self._authorized(request, parts, identity)
            return await metrics_api.answer(front, request, parts)
        call = self._call(request, parts, identity, record.trail)
        resource = call.target.resource
        record.warnings = call.warnings
        record.labels = call.labels
        if deprecation_of(resource) is not None:
            front.metrics.deprecated(record.labels, "")
        check_gate(call.target, call.verb, front.read_only)
        if (
            call.verb == "patch"
            and kind_of(resource).strategic
            and call.target.part not in CONNECTIONS
        ):
            # Refused by the route, before anybody says that the path is deprecated.
            bodies.patch_type_of(request, typed=True)
        record.resource = resource
        if call.verb == "watch" and "watch" not in resource.verbs:
            raise errors.method_not_allowed(resource, "watch")
        handler = _HANDLERS[call.verb]
        if call.target.part in CONNECTIONS:
            await self._authorized(request, parts, identity)
            return await handler(front, call)
        if call.verb == "watch":
            work = await self._work_of_list(record, call)
            async with Turn(front, record, request.path, work, watch=True):
                pass  # it waits for its turn, and holds nobody up while it lasts
            return await handler(front, call)
        if request.body_exists:
            # Before it takes a seat: who sends nothing must hold nothing.
            body = await bodies.read(request, front.limits.request_seconds)
            call = replace(call, body=body)
            front.metrics.sent(record.labels, call.verb, len(body))
        lists = call.verb == "list"
        work = await self._work_of_list(record, call) if lists else self._work(record, call.verb)
        async with Turn(front, record, request.path, work):
            begun = front.clock.monotonic()
            response = await handler(front, call)
            if call.verb in _CHECKED:
                directive = call.query.get("fieldValidation", "")
                front.metrics.checked(directive, front.clock.monotonic() - begun)
            return response

    def _classify(
        self, request: BaseRequest, asked: Attributes, identity: Identity, record: Record
    ) -> None:
        """Which flow the request belongs to; one that lasts, watches apart, to none."""
        if asked.verb == "proxy" or (asked.subresource in _LASTING and asked.verb != "watch"):
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
        self, request: BaseRequest, parts: list[str], identity: Identity, record: Record | None
    ) -> StreamResponse | None:
        """The answer of another server; None where none serves this path."""
        aggregation = self._aggregation
        service = None if aggregation is None else await aggregation.serves(parts)
        if aggregation is None or service is None:
            return None
        await self._authorized(request, parts, identity)
        body = b""
        if request.body_exists:
            body = await bodies.read(request, self._front.limits.request_seconds)
        try:
            async with Turn(self._front, record, request.path):
                return await aggregation.forward(request, service, identity, body)
        except Unavailable as error:
            return text_reply(f"{error}\n", status=503)

    async def _identity(self, request: BaseRequest, parts: list[str], record: Record) -> Identity:
        """Who asks, or as whom. Raises Unauthorized; BadRequest and Forbidden for an impersonation."""
        front = self._front
        begun = front.clock.monotonic()
        try:
            identity = await front.authentication.identify(request, front.review_token)
        except Unauthorized:
            front.metrics.authenticated("", front.clock.monotonic() - begun, known=False)
            await self._note_stranger(request, parts, record)
            raise
        took = front.clock.monotonic() - begun
        front.metrics.authenticated(identity.name, took, known=True)
        front.metrics.passed("authentication", took)
        self._count_credentials(request, identity)
        record.trail = self._begun_trail(request, parts, record, identity)
        if record.trail is not None and not await record.trail.kept():
            record.trail = None
            raise _Unaudited
        other, mode = wanted(request.headers), None
        if other is not None:
            asked = asked_of(request, parts)
            mode, identity = await self._impersonation.impersonated(identity, other, asked)
        if record.trail is not None:
            await self._note_decision(request, parts, identity, record.trail, mode)
        return identity

    def _count_credentials(self, request: BaseRequest, identity: Identity) -> None:
        """What a client has shown: a certificate with its end, or a service account's token."""
        front = self._front
        if request.headers.get("Authorization"):
            if service_accounts.split(identity.name) is not None:
                front.metrics.account(bound=_CREDENTIAL in (identity.extra or {}))
            return
        transport = request.transport
        certificate = None if transport is None else transport.get_extra_info("peercert")
        if certificate:
            front.metrics.shown(_end_of(certificate["notAfter"]) - front.clock.now())

    async def _note_stranger(self, request: BaseRequest, parts: list[str], record: Record) -> None:
        """The audit log hears of a request of whom nobody knows, and of nothing more than that."""
        trail = self._begun_trail(request, parts, record, None)
        if trail is not None:
            trail.refused(_UNAUTHORIZED)
            await trail.kept()

    def _begun_trail(
        self, request: BaseRequest, parts: list[str], record: Record, user: Identity | None
    ) -> Trail | None:
        """`user`: None where nobody knows who asks."""
        front = self._front
        if front.audit is None:
            return None
        trail = front.audit.begin(
            request,
            user or Identity(""),
            asked_of(request, parts),
            audit_id=record.audit_id,
            clock=front.clock,
            known=user is not None,
        )
        front.metrics.trailed("None" if trail is None else trail.level)
        return trail

    async def _note_decision(
        self,
        request: BaseRequest,
        parts: list[str],
        identity: Identity,
        trail: Trail,
        mode: str | None,
    ) -> None:
        """The audit log says whether its user may do this, and why. `mode`: in which she acts as another."""
        if mode is not None:
            trail.acts_as(identity, mode)
        try:
            allowed, reason = await self._front.decide(identity, asked_of(request, parts))
        except errors.AuthorizerFailed:
            trail.annotate("authorization.k8s.io/reason", "internal error")
            return
        trail.annotate("authorization.k8s.io/decision", "allow" if allowed else "forbid")
        trail.annotate("authorization.k8s.io/reason", reason)

    async def _authorized(self, request: BaseRequest, parts: list[str], identity: Identity) -> None:
        """Raises Forbidden."""
        asked, clock = asked_of(request, parts), self._front.clock
        begun = clock.monotonic()
        allowed, reason = await self._front.decide(identity, asked)
        self._front.metrics.decided(clock.monotonic() - begun, allowed=allowed)
        if not allowed:
            raise errors.refused(identity, asked, reason)

    def _call(
        self, request: BaseRequest, parts: list[str], identity: Identity, trail: Trail | None
    ) -> Call:
        query, headers = request.query, request.headers
        target = target_of(parts, self._front.scheme)
        verb = verb_of(target, request.method, watch=wants_watch(query))
        accept = "" if target.is_proxy else headers.get("Accept", "")  # that is for who answers
        if not is_representable(accept):
            if target.resource.type is Unstructured:
                raise not_acceptable()  # custom resources have a front of their own in the original
            raise no_representation(collection=verb in ("list", "watch"))
        resource = target.resource
        tables = target.part in _IN_TABLES and "get" in resource.verbs
        if target.part == "status" and resource.key in _STATUS_WITHOUT_TABLE:
            tables = False
        form = negotiate(accept, has_form(resource.api_version, resource.kind), tables)
        if form is None:
            raise not_acceptable()
        agent = headers.get("User-Agent", "")
        return Call(
            request=request,
            query=query,
            target=target,
            verb=verb,
            identity=identity,
            form=form,
            pretty=is_pretty(query.get("pretty"), agent),
            agent=agent,
            warnings=[],
            trail=trail,
        )

    # --- paths that are no resources -------------------------------------------------------

    async def _document(
        self, request: BaseRequest, parts: list[str], identity: Identity
    ) -> StreamResponse:
        await self._authorized(request, parts, identity)
        if not is_page(parts):
            raise PageNotFound
        if len(parts) == 3 and parts[0] == "apis":
            elsewhere = await self._forwarded(request, parts, identity, None)  # it has its seat
            if elsewhere is not None:
                return elsewhere
        return await self._pages.answer(request, parts)


def _length(response: StreamResponse | None) -> int:
    body = response.body if isinstance(response, Response) else None
    return len(body) if isinstance(body, bytes) else 0


def _failed(request: BaseRequest, why: str) -> Response:
    """What the original answers where it cannot even look at a request."""
    words = f"Internal Server Error: {quote(request.raw_path)}: {why}"
    return text_reply(f"{escape(words, quote=False)}\n", status=500)


def _overloaded(record: Record) -> Response:
    """There was no seat for the request, nor a place to wait for one."""
    retry = 1 if record.where is None else record.where.level.retry_seconds
    response = text_reply("Too many requests, please try again later.\n", status=429)
    response.headers["Retry-After"] = str(retry)
    return response
