"""The paths that are no resources: discovery, descriptions, health, version, metrics, who signs tokens."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import msgspec
from aiohttp.http import HttpVersion11
from aiohttp.web import BaseRequest, Response, StreamResponse
from multidict import CIMultiDict

from orchestrator.api.go_text import as_go_writes
from orchestrator.api.scheme import KUBERNETES_GROUPS
from orchestrator.apiserver.authentication import AskIssuer
from orchestrator.apiserver.debugging import actors_page
from orchestrator.apiserver.http import metrics_api
from orchestrator.apiserver.http.aggregation import Aggregation
from orchestrator.apiserver.http.discovery import (
    AGGREGATED_PARAMETERS,
    Document,
    form_of,
    with_groups,
)
from orchestrator.apiserver.http.errors import (
    PageNotFound,
    method_not_allowed,
    no_representation_but,
    no_such_path,
    not_acceptable,
)
from orchestrator.apiserver.http.fairness.dumps import TABLES
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.health import check_paths, health_reply
from orchestrator.apiserver.http.keeping import (
    http_time,
    is_present,
    likes_gzip,
    unchanged,
    without_body,
)
from orchestrator.apiserver.http.metrics import present_families
from orchestrator.apiserver.http.negotiation import Form, accepts, is_pretty
from orchestrator.apiserver.http.one_piece import CACHE_CONTROL
from orchestrator.apiserver.http.openapi import Moved, NoDocument, NoForm, OpenApi
from orchestrator.apiserver.http.presentation import rendered
from orchestrator.apiserver.http.replies import (
    GZIP_BYTES,
    accepts_gzip,
    compressed,
    document_reply,
    indented_reply,
    text_reply,
)
from orchestrator.apiserver.http.self_description import (
    OLD_VERSIONS,
    PAGE_FORMS,
    flagz,
    form_of_page,
    page_object,
    statusz,
)
from orchestrator.apiserver.http.turns import dumped_requests
from orchestrator.apiserver.http.version import version_document
from orchestrator.apiserver.state import AskState
from orchestrator.apiserver.telemetry.families import MEDIA_TYPE, text_of

Page: TypeAlias = Callable[["Pages", BaseRequest, list[str]], Awaitable[StreamResponse]]

_CONFIGURATION: Final = "/.well-known/openid-configuration"
_KEY_SET: Final = "/openid/v1/jwks"
_KEY_SET_TYPE: Final = "application/jwk-set+json"
_JSON: Final = "application/json"
_NO_CACHE: Final[Mapping[str, str]] = {"Cache-Control": CACHE_CONTROL}
_PUBLIC: Final[Mapping[str, str]] = {"Cache-Control": "public"}
_GZIP: Final[Mapping[str, str]] = {"Content-Encoding": "gzip"}
_BY_FORM: Final = ("Accept",)
# How long a description may be kept that is asked for by its hash.
_YEAR_SECONDS: Final = 365 * 24 * 3600
_PATHS: Final = (
    _CONFIGURATION,
    _KEY_SET,
    "/flagz",
    "/metrics",
    "/metrics/slis",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/statusz",
    "/version",
)


class Pages:
    """Answers requests for paths that are no resources, of users who may ask for them."""

    def __init__(self, front: Front, aggregation: Aggregation | None) -> None:
        self._front = front
        self._aggregation = aggregation
        self._openapi_documents = OpenApi(front.scheme, front.clock.now)

    async def answer(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        """The page at a path whose first part `is_page` knows. Raises PageNotFound, and what ApiErrors there are."""
        return await _PAGES[parts[0]](self, request, parts)

    async def _discovery(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        front = self._front
        front.discovery.add(metrics_api.RESOURCES if await metrics_api.is_served(front) else ())
        of_version = len(parts) == (2 if parts[0] == "api" else 3)
        document = self._found(parts, aggregated=False)
        if document is None:
            known = parts[0] == "api" or parts[1] in KUBERNETES_GROUPS
            raise no_such_path() if of_version and known and all(parts) else PageNotFound
        if of_version or parts == ["api"]:
            _check_is_get(request)
        slash = request.path.endswith("/")
        form, aggregated = form_of(request.headers.get("Accept", ""), parts, slash=slash)
        pretty = is_pretty(request.query.get("pretty"), request.headers.get("User-Agent", ""))
        if not aggregated:
            data, media_type = rendered(document.data, form, pretty=pretty)
            return document_reply(data, media_type=media_type)
        document = self._found(parts, aggregated=True)
        assert document is not None, "there is one in either form"
        keeping = {**_PUBLIC, "Etag": document.etag}
        if request.headers.get("If-None-Match") == document.etag:
            return unchanged(keeping, _BY_FORM)
        data, media_type = rendered(document.data, form, pretty=pretty)
        media_type += AGGREGATED_PARAMETERS
        headers = CIMultiDict({**keeping, "Vary": "Accept"})
        if len(data) > GZIP_BYTES and accepts_gzip(request):
            data = await compressed(data)
            headers.extend((*_GZIP.items(), ("Vary", "Accept-Encoding")))
        reply = document_reply(data, media_type=media_type, headers=headers)
        if request.version == HttpVersion11:
            reply.enable_chunked_encoding()  # it is longer than what Go waits for
        return reply

    def _found(self, parts: list[str], *, aggregated: bool) -> Document | None:
        """A discovery document with all that there is to tell; None: there is none."""
        document = self._front.discovery.find(parts, aggregated=aggregated)
        return document if self._aggregation is None else self._with_others(document, parts)

    def _with_others(self, document: Document | None, parts: list[str]) -> Document | None:
        """A discovery document with the groups that other servers serve."""
        assert self._aggregation is not None
        if parts[0] != "apis" or len(parts) > 2 or (len(parts) == 2 and document is not None):
            return document
        if len(parts) == 1:
            assert document is not None
            return with_groups(document, self._aggregation)
        groups = self._aggregation.groups()
        found = next((each for each in groups if each["name"] == parts[1]), None)
        if found is None:
            return None
        return Document(msgspec.json.encode({"kind": "APIGroup", "apiVersion": "v1", **found}))

    async def _openapi(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        accept, expected = request.headers.get("Accept", ""), request.query.get("hash", "")
        if request.path.endswith("/"):
            parts = [*parts, ""]
        # Version 2 is compressed by a filter before it, which says so of all that it sees.
        of_v2 = parts[1:] == ["v2"]
        vary = ("Accept-Encoding", *_BY_FORM) if of_v2 else _BY_FORM
        try:
            schema = await self._openapi_documents.find(parts, accept, expected)
        except NoDocument:
            if parts[1:2] != ["v3"]:
                raise PageNotFound from None
            return without_body(404, _NO_CACHE)
        except NoForm:
            return without_body(406, _NO_CACHE, vary)
        except Moved as moved:
            said = {"Vary": "Accept", "Etag": moved.etag, "Location": moved.location}
            return document_reply(b"", status=301, headers={**_NO_CACHE, **said})
        made = {"Last-Modified": http_time(schema.moment)}
        if not schema.etag:
            told = {**_NO_CACHE, **made}
            if is_present(request, "", schema.moment):
                return unchanged(told)
            return document_reply(schema.data, media_type=schema.media_type, headers=told)
        keeping = {**_NO_CACHE, "Etag": schema.etag}
        if expected:
            year = self._front.clock.now() + _YEAR_SECONDS
            keeping["Cache-Control"] = "public, immutable"
            keeping["Expires"] = http_time(year, "UTC")
        if is_present(request, schema.etag, schema.moment):
            return unchanged(keeping, vary)
        zips = schema.gzipped is not None and likes_gzip(request)
        headers = CIMultiDict({**keeping, **made, **(_GZIP if zips else {})})
        headers.extend(("Vary", each) for each in vary)
        data = schema.gzipped if zips else schema.data
        reply = document_reply(data or b"", media_type=schema.media_type, headers=headers)
        if zips and request.version == HttpVersion11:
            reply.enable_chunked_encoding()  # the filter does not know where it ends
        return reply

    async def _health(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        if request.path.endswith("/"):
            raise PageNotFound
        return await health_reply(self._front, parts, request.query)

    async def _self_description(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        """What the server says of itself, in plain words or as an object."""
        if len(parts) > 1:
            raise PageNotFound
        front = self._front
        form = form_of_page(request.headers.get("Accept", ""), parts[0])
        if form is None:
            raise not_acceptable(PAGE_FORMS)
        if form.media == "text":
            if parts[0] == "flagz":
                return text_reply(flagz(front.flags))
            return text_reply(statusz(front.started, front.clock.now()))
        page = page_object(parts[0], form.version, front.flags, front.started, front.clock.now())
        pretty = is_pretty(request.query.get("pretty"), request.headers.get("User-Agent", ""))
        data, media_type = rendered(
            as_go_writes(msgspec.json.encode(page)), Form(form.media), pretty=pretty or form.pretty
        )
        reply = document_reply(data, media_type=f"{media_type};{form.told}")
        if form.version in OLD_VERSIONS:
            old = f"This version of the {parts[0]} endpoint is deprecated. Please use a newer version."
            reply.headers["Warning"] = f'299 - "{old}"'
        return reply

    async def _version(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        if len(parts) > 1:
            raise no_such_path()
        _check_is_get(request)
        _check_takes_json(request)
        return indented_reply(version_document())

    async def _metrics(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        front = self._front
        if request.path.endswith("/"):
            raise PageNotFound
        if parts[1:] == ["slis"]:
            return await self._measures(request, text_of(front.health.families()))
        if len(parts) > 1:
            raise PageNotFound
        state = await front.ask(AskState())
        others = [family for each in front.other_metrics for family in await each()]
        own = [family for each in front.sources for family in each()]
        present = present_families(front.fairness, state, front.encodings)
        families = (*front.metrics.families(), *own, *present, *others)
        return await self._measures(request, text_of(families))

    async def _measures(self, request: BaseRequest, text: str) -> Response:
        """Measures, and since when there are any; in gzip, however few, for those who take it."""
        data, headers = text.encode(), dict(_NO_CACHE)
        if likes_gzip(request):
            data = await compressed(data)
            headers.update(_GZIP)
        headers["Process-Start-Time-Unix"] = str(int(self._front.started))
        return document_reply(data, media_type=MEDIA_TYPE, headers=headers)

    async def _issuer(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        """The documents by which others verify the server's tokens."""
        path = request.path.rstrip("/")
        if path not in (_CONFIGURATION, _KEY_SET):
            raise PageNotFound
        _check_is_get(request)
        front = self._front
        issuer = await front.ask(AskIssuer())
        headers = {"Cache-Control": "public, max-age=3600"}
        if path == _KEY_SET:
            if not accepts(request.headers.get("Accept", ""), _KEY_SET_TYPE):
                raise no_representation_but(_KEY_SET_TYPE)
            data = msgspec.json.encode(issuer.key_set())
            return document_reply(data, media_type=_KEY_SET_TYPE, headers=headers)
        # By the name under which the client found the server: pods know it by another than the host does.
        _check_takes_json(request)
        address = f"https://{request.headers.get('Host') or front.discovery.address}{_KEY_SET}"
        return document_reply(msgspec.json.encode(issuer.configuration(address)), headers=headers)

    # Kubernetes does not list its own /debug either.
    async def _debug(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        if parts[1:2] == ["api_priority_and_fairness"] and len(parts) == 3:
            if parts[2] == "dump_requests":
                detailed = bool(request.query.get("includeRequestDetails"))
                return text_reply(dumped_requests(self._front, detailed=detailed))
            if parts[2] in TABLES:
                return text_reply(TABLES[parts[2]](self._front.fairness))
        if parts[1:] != ["actors"]:
            raise PageNotFound
        return document_reply(msgspec.json.encode(actors_page(self._front.system)))

    async def _root(self, request: BaseRequest, parts: list[str]) -> StreamResponse:
        """The paths of what is no object, in order."""
        if request.path not in ("/", "/index.html"):
            raise PageNotFound
        paths = sorted((*_PATHS, *self._front.discovery.paths(), *check_paths()))
        return indented_reply(msgspec.json.encode({"paths": paths}))


def is_page(parts: list[str]) -> bool:
    """Whether there can be a page at a path."""
    return parts[0] in _PAGES


def _check_is_get(request: BaseRequest) -> None:
    """Some documents have routes, the others answer whatever method comes. Raises MethodNotAllowed."""
    if request.method != "GET":
        raise method_not_allowed()


def _check_takes_json(request: BaseRequest) -> None:
    """Some documents have no form but JSON. Raises NotAcceptable for a client that takes none."""
    if not accepts(request.headers.get("Accept", ""), _JSON):
        raise no_representation_but(_JSON)


def page_of(parts: list[str]) -> str:
    """A path as the metrics name it, in few words, for clients make up any number of paths."""
    return f"/{parts[0]}" if parts[0] in _PAGES else ""


_PAGES: Final[Mapping[str, Page]] = {
    "": Pages._root,
    "index.html": Pages._root,
    "api": Pages._discovery,
    "apis": Pages._discovery,
    "openapi": Pages._openapi,
    "openid": Pages._issuer,
    ".well-known": Pages._issuer,
    "version": Pages._version,
    "healthz": Pages._health,
    "livez": Pages._health,
    "readyz": Pages._health,
    "metrics": Pages._metrics,
    "statusz": Pages._self_description,
    "flagz": Pages._self_description,
    "debug": Pages._debug,
}
