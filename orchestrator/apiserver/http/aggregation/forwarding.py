"""Requests for groups that other servers serve, and what discovery says of these."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from aiohttp.web import BaseRequest, Response, StreamResponse
from multidict import CIMultiDict

from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.elsewhere import Forward
from orchestrator.apiserver.http import metrics_api
from orchestrator.apiserver.http.aggregation.availability import (
    SERVICES,
    condition_of,
    is_available,
    keep,
)
from orchestrator.apiserver.http.aggregation.backends import (
    FRONT_PROXY,
    Backend,
    Unreachable,
    backend_of,
    headers_of,
    session,
    tls_of,
)
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.pki import Pki, client_certificate
from orchestrator.apiserver.pod_ports import reached
from orchestrator.apiserver.telemetry.families import Series
from orchestrator.machinery.certificates import KeyPair
from orchestrator.machinery.times import format_time
from orchestrator.protocol import (
    ADMIN,
    UNABLE,
    ApiError,
    Get,
    Identity,
    List,
    NotFound,
    ServiceUnavailable,
    Unclassified,
)

_PAUSE_SECONDS: Final = 1.0  # between two looks at what is available
_REDIRECTED: Final = "the backend attempted to redirect this request, which is not permitted"
_FIRST: Final = (-(1 << 31), "")  # where the group of APIServices is
_LOOK_SECONDS: Final = 5.0  # how long a look may take
_HOP: Final = frozenset(
    (
        "authorization",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


class Unavailable(Exception):
    """The server of a group cannot be reached; the text is the answer."""


class Aggregation:
    """The other servers of one front. `pki` makes the front proxy's certificate."""

    def __init__(self, front: Front, pki: Pki) -> None:
        self._front = front
        self._scheme: Scheme = front.scheme
        now = front.clock.now()
        self._pair: KeyPair = client_certificate(pki.authority, now, FRONT_PROXY)
        self._session: Any = None
        self._others: list[APIService] = []  # of other servers, as they were looked at last
        self._places: dict[str, tuple[int, str]] = {}  # of groups, by their APIServices
        self._resources: dict[str, list[Mapping[str, Any]]] = {}  # what those servers serve
        self._unavailable: dict[str, bool] = {}  # by the name of every APIService
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look at the servers from now on."""
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def end(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # --- requests --------------------------------------------------------------------------

    async def serves(self, parts: list[str]) -> APIService | None:
        """The APIService whose server serves a path; None: this server, or nobody."""
        if len(parts) < 3 or parts[0] != "apis":
            return None
        group, version = parts[1], parts[2]
        if group == metrics_api.GROUP or version in self._scheme.versions(group):
            return None  # metrics are the front's own, whichever service they are said to come from
        try:
            found: APIService = await self._front.ask(
                Get(resource=SERVICES, name=f"{version}.{group}")
            )
        except NotFound:
            return None
        return found if found.spec is not None and found.spec.service is not None else None

    async def forward(
        self, request: BaseRequest, service: APIService, identity: Identity, body: bytes
    ) -> StreamResponse:
        """The server's answer, as it comes. Raises Unavailable."""
        if not is_available(service):
            raise Unavailable("service unavailable")
        try:
            backend = await backend_of(service, self._front.ask, self._front.random)
        except Unreachable:
            raise Unavailable("service unavailable") from None
        kept = [(name, each) for name, each in request.headers.items() if _passes(name)]
        headers = CIMultiDict([*kept, *headers_of(identity)])
        answer = self._request(request.method, request.path_qs, backend, headers, body)
        from aiohttp import ClientError

        try:
            async with answer as received:
                return await self._passed_on(request, received)
        except (ClientError, OSError) as error:
            raise Unavailable(f"error trying to reach service: {error}") from error

    async def fetch(self, message: Forward) -> Mapping[str, Any]:
        """A document of another server. Raises its error as an ApiError, and ServiceUnavailable."""
        from aiohttp import ClientError

        service, asked = message.service, message.asked
        assert service.spec is not None
        if not is_available(service):
            raise ServiceUnavailable(UNABLE)
        path = asked.path(service.spec.version or "")
        if asked.query:
            path += f"?{urlencode(asked.query)}"
        headers = CIMultiDict([("Accept", "application/json"), *headers_of(asked.identity)])
        try:
            backend = await backend_of(service, self._front.ask, self._front.random)
            async with self._request("GET", path, backend, headers, b"") as answer:
                return _document(await answer.read(), answer.status)
        except (Unreachable, ClientError, OSError) as error:
            raise ServiceUnavailable(UNABLE) from error

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, backend: Backend, headers: CIMultiDict[str], body: bytes
    ) -> AsyncIterator[Any]:
        from yarl import URL

        if self._session is None:
            self._session = session()
        async with reached(backend.endpoint, self._front.kubelet_of) as (address, port):
            host = f"[{address}]" if ":" in address else address
            async with self._session.request(
                method,
                URL(f"https://{host}:{port}{path}", encoded=True),
                data=body or None,
                headers=headers,
                ssl=tls_of(backend.authority, backend.verified, self._pair),
                server_hostname=backend.name,
                allow_redirects=False,
            ) as received:
                yield received

    async def _passed_on(self, request: BaseRequest, received: Any) -> StreamResponse:
        if received.status // 100 == 3 and received.headers.get("Location"):
            # A client would take its credentials along.
            return Response(status=502, text=_REDIRECTED)
        kept = [(name, each) for name, each in received.headers.items() if _passes(name)]
        response = StreamResponse(status=received.status, headers=CIMultiDict(kept))
        await response.prepare(request)
        async for piece in received.content.iter_any():
            await response.write(piece)
        await response.write_eof()
        return response

    def families(self) -> tuple[Series, ...]:
        """Whether the servers are there, for the metrics; of groups that this one serves it always is."""
        return self.gone(self._unavailable)

    @staticmethod
    def gone(unavailable: Mapping[str, bool]) -> tuple[Series, ...]:
        """The family of these APIServices."""
        gone = Series(
            "aggregator_unavailable_apiservice", "Servers that are away.", ("name",), "gauge"
        )
        for name, away in unavailable.items():
            gone.set(float(away), name)
        return (gone,)

    # --- availability ----------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            try:
                await self._look_at_all()
            except ApiError as error:
                self._front.log.warning("APIServices were not looked at", error=str(error))
            await self._front.clock.sleep(_PAUSE_SECONDS)

    async def _look_at_all(self) -> None:
        page = await self._front.ask(List(resource=SERVICES))
        present = [each for each in page.items if each.spec is not None and each.spec.service]
        names = {each.metadata.name for each in present}
        for name in self._resources.keys() - names:
            del self._resources[name]
        seen = [(service, await condition_of(service, self._look)) for service in present]
        # One that is down is listed, too: clients say then what it is that they cannot ask.
        self._others = [each for each in present if each.spec.group != metrics_api.GROUP]
        self._places = _places(page.items)
        away = {service.metadata.name for service, found in seen if found.status != "True"}
        self._unavailable = {each.metadata.name: each.metadata.name in away for each in page.items}
        now = format_time(self._front.clock.now())
        for service, found in seen:
            await keep(service, found, now, self._front.ask)

    async def _look(self, service: APIService) -> None:
        """Read the server's discovery. Raises Unreachable."""
        spec, name = service.spec, service.metadata.name
        assert spec is not None
        self._resources.pop(name, None)
        if spec.group == metrics_api.GROUP:
            return
        backend = await backend_of(service, self._front.ask, self._front.random)
        path = f"/apis/{spec.group}/{spec.version}"
        url = f"https://{backend.endpoint.host}:{backend.endpoint.port}{path}"
        headers = CIMultiDict([("Accept", "application/json"), *headers_of(ADMIN)])
        from aiohttp import ClientError

        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                async with self._request("GET", path, backend, headers, b"") as answer:
                    data, code = await answer.read(), answer.status
        except (ClientError, OSError, TimeoutError) as error:
            why = f"failing or missing response from {url}: {error}"
            raise Unreachable("FailedDiscoveryCheck", why) from error
        if not 200 <= code < 300:
            why = f"failing or missing response from {url}: bad status from {url}: {code}"
            raise Unreachable("FailedDiscoveryCheck", why)
        self._resources[name] = _resources_in(data)

    # --- discovery -------------------------------------------------------------------------

    def groups(self) -> list[dict[str, Any]]:
        """The groups of other servers, as `/apis` has them."""
        found: dict[str, list[tuple[int, str]]] = {}
        for service in self._others:
            spec = service.spec
            assert spec is not None
            group, version = spec.group or "", spec.version or ""
            if version not in self._scheme.versions(group):
                found.setdefault(group, []).append((-spec.version_priority, version))
        return [_group(group, versions) for group, versions in sorted(found.items())]

    def place(self, group: str) -> tuple[int, str]:
        """As `OtherGroups.place`; a group that has no APIService, or not yet, is last."""
        return _FIRST if group == SERVICES.group else self._places.get(group, (1, group))

    def aggregated(self) -> list[dict[str, Any]]:
        """The same as the aggregated form has them, with what the servers were seen to serve."""
        return [
            {
                "metadata": {"name": group["name"]},
                "versions": [
                    self._aggregated_version(group["name"], each["version"])
                    for each in group["versions"]
                ],
            }
            for group in self.groups()
        ]

    def _aggregated_version(self, group: str, version: str) -> dict[str, Any]:
        resources = self._resources.get(f"{version}.{group}")
        if resources is None:
            return {"version": version, "freshness": "Stale"}
        own = {"group": group, "version": version}
        parts: dict[str, list[dict[str, Any]]] = {}
        for each in resources:
            plural, _, part = str(each["name"]).partition("/")
            if part:
                entry = {"subresource": part, "verbs": each["verbs"], **_responds(each, own)}
                parts.setdefault(plural, []).append(entry)
        whole = [each for each in resources if "/" not in str(each["name"])]
        entries = [_entry(each, own, parts.get(str(each["name"]))) for each in whole]
        return {"version": version, "resources": entries, "freshness": "Current"}


def _places(services: Iterable[APIService]) -> dict[str, tuple[int, str]]:
    """The groups with the highest priority first, which their versions may say differently; then by name."""
    found: dict[str, tuple[int, str]] = {}
    for service in services:
        spec = service.spec
        if spec is not None:
            place = (-spec.group_priority_minimum, service.metadata.name)
            found[spec.group or ""] = min(place, found.get(spec.group or "", place))
    return found


def _passes(name: str) -> bool:
    lower = name.lower()
    return lower not in _HOP and not lower.startswith("x-remote-")


def _document(body: bytes, code: int) -> Mapping[str, Any]:
    """What a server has answered. Raises what its Status says, or what can be said without one."""
    try:
        found: Mapping[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        found = {}
    if 200 <= code < 300:
        return found
    if code == HTTPStatus.SERVICE_UNAVAILABLE and found.get("kind") != "Status":
        raise ServiceUnavailable(UNABLE)
    text = found.get("message") or f"an error on the server has prevented the request: {code}"
    error = Unclassified(str(text))
    error.code = code
    raise error


def _group(name: str, versions: list[tuple[int, str]]) -> dict[str, Any]:
    found = [
        {"groupVersion": f"{name}/{version}", "version": version} for _, version in sorted(versions)
    ]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _resources_in(data: bytes) -> list[Mapping[str, Any]]:
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return []
    found = document.get("resources") if isinstance(document, dict) else None
    return [each for each in found or () if isinstance(each, dict) and each.get("name")]


def _responds(each: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    kind = {**own, **{k: each[k] for k in ("group", "version") if each.get(k)}}
    return {"responseKind": {**kind, "kind": each.get("kind", "")}}


def _entry(
    each: Mapping[str, Any], own: Mapping[str, str], parts: list[dict[str, Any]] | None
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": each["name"],
        **_responds(each, own),
        "scope": "Namespaced" if each.get("namespaced") else "Cluster",
        "singularResource": each.get("singularName", ""),
        "verbs": each.get("verbs", []),
    }
    for name in ("shortNames", "categories"):
        if each.get(name):
            entry[name] = each[name]
    if parts:
        entry["subresources"] = parts
    return entry
