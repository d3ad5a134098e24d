"""The HTTPS server's life: certificates, listening, stopping."""

import asyncio.sslproto
import gc
import select
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final

import anyio.lowlevel
from aiohttp.web import ServerRunner, TCPSite

from actors import Actor, ActorSystem, Ref
from orchestrator.api.scheme import DEFAULT, Scheme
from orchestrator.apiserver.http import pki as certificates
from orchestrator.apiserver.http.aggregation import Aggregation, Forwarder
from orchestrator.apiserver.http.audit import Audit
from orchestrator.apiserver.http.authentication import (
    Authentication,
    Authenticator,
    TokenAuthenticator,
    TokenIssuer,
)
from orchestrator.apiserver.http.connections import ConnectionServer
from orchestrator.apiserver.http.dispatch import Dispatcher
from orchestrator.apiserver.http.encodings import LIMIT_BYTES, Encodings
from orchestrator.apiserver.http.errors import RealTimeRequired
from orchestrator.apiserver.http.front import Front, Limits
from orchestrator.apiserver.http.kubeconfig import kubeconfig
from orchestrator.apiserver.http.offered_names import offer_names
from orchestrator.apiserver.http.oidc import OidcAuthenticator, OidcSettings
from orchestrator.apiserver.http.pki import ADMIN_USER, Pki
from orchestrator.apiserver.http.tls import context_of
from orchestrator.apiserver.http.token_webhook import TokenWebhook
from orchestrator.apiserver.peers import Peer
from orchestrator.apiserver.telemetry.families import MetricsSource
from orchestrator.machinery.certificates import KeyPair
from orchestrator.protocol import ApiRef, Identity

# asyncio's buffer for what a TLS connection receives: 256 KB as it is, and most connections wait.
_TLS_BUFFER_BYTES: Final = 16 * 1024
# For how long a thread that reads a large body keeps the interpreter: an answer takes it some five times.
_THREAD_SECONDS: Final = 0.001
# What connections that have ended leave is collected in pauses of some 10 ms.
# A connection that was open meanwhile counts as older, and is as much garbage a moment later (asyncio's transports refer to
# themselves): so older objects are looked at after every ten times, and all of them after a hundred of those.
_GARBAGE_THRESHOLDS: Final = (5_000, 10, 100)
# How long open requests have when the front stops.
_SHUTDOWN_SECONDS: Final = 5.0
# TLS hears a turn of the loop after its socket is closed, and its connection one after that.
_TURNS_TO_CLOSE: Final = 2
_ANYWHERE: Final = ("0.0.0.0", "::")


class _Anchor(Actor):
    """Gives the front its place in the tree, and with it its clock, chance and log."""


class HttpFront:
    """`async with HttpFront(api, system) as front:` serves until the end of the block.

    `tokens` are bearer tokens, and `oidc` and `token_webhook` who knows others; without `anonymous` everybody
    has to show something, but at the paths that it lists. Clients' certificates may be signed by the cluster's own
    authority, or by one of `client_authorities` (PEM). `read_only` closes it to writes; it is what their senders are told. Without `pki`
    its certificates are signed by the `authority`, or by a new one. `audit` says what is written of
    requests, and where to. `metrics` are others in the process that have something to tell at /metrics.
    `flags` are the options that /flagz shows.
    """

    def __init__(
        self,
        api: ApiRef,
        system: ActorSystem,
        *,
        scheme: Scheme = DEFAULT,
        host: str = "127.0.0.1",
        port: int = 0,
        pki: Pki | None = None,
        authority: Callable[[], KeyPair] | None = None,
        names: Sequence[str] = (),
        tokens: Mapping[str, Identity] | None = None,
        authenticators: Sequence[Authenticator] = (),
        oidc: Sequence[OidcSettings] = (),
        token_webhook: Peer | None = None,
        anonymous: bool | Collection[str] = True,
        client_authorities: str = "",
        limits: Limits = Limits(),  # noqa: B008 - frozen
        cache_bytes: int = LIMIT_BYTES,
        cluster: str = "kubernetes",
        read_only: str = "",
        audit: Audit | None = None,
        metrics: Sequence[MetricsSource] = (),
        flags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._audit = audit
        self._metrics = metrics
        self._api = api
        self._system = system
        self._scheme = scheme
        self._host = host
        self._port = port
        self._pki = pki
        self._authority = authority
        self._names = names
        tables = (TokenAuthenticator(tokens),) if tokens else ()
        now = system.clock.now
        issuers: list[TokenIssuer] = [OidcAuthenticator(each, now) for each in oidc]
        if token_webhook is not None:
            issuers.append(TokenWebhook(token_webhook, now))
        self._authentication = Authentication(
            (*tables, *authenticators), issuers, anonymous=anonymous
        )
        self._client_authorities = client_authorities
        self._limits = limits
        self._cache_bytes = cache_bytes
        self._cluster = cluster
        self._read_only = read_only
        self._flags = flags
        self._anchor: Ref[Any] | None = None

    async def __aenter__(self) -> "HttpFront":
        """Raises RealTimeRequired in virtual time, OSError when the address cannot be had."""
        system = self._system
        if system.clock.virtual:
            raise RealTimeRequired
        if self._pki is None:
            names = (*self._names, self._host)
            authority = None if self._authority is None else self._authority()
            now = system.clock.now()
            self._pki = certificates.generate(now, hosts=names, authority=authority)
        self._anchor = system.spawn(_Anchor, system.unique_name("http"))
        self._front = self._new_front(self._anchor)
        self._front.other_metrics = self._metrics
        self._aggregation = Aggregation(self._front, self._pki)
        server = ConnectionServer(
            Dispatcher(self._front, self._aggregation),
            head_seconds=self._limits.head_seconds,
            log=self._front.log,
            handler_cancellation=True,  # a watch must hear that its client has gone
            keepalive_timeout=self._limits.idle_seconds,
        )
        self._runner = ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
        try:
            await self._runner.setup()
            failed = self._front.metrics.handshake_failed
            context = context_of(self._pki, self.client_authorities, failed)
            if not offer_names(context, self.client_authorities):
                self._front.log.warning("authorities_not_offered", needs="the symbols of OpenSSL")
            await TCPSite(
                self._runner, self._host, self._port, ssl_context=context, backlog=1024
            ).start()
        except BaseException:
            await self._closed()
            raise
        self._port = self._runner.addresses[0][1]
        self._front.discovery.address = self.url.removeprefix("https://")
        self._aggregation.begin()
        system.spawn(
            partial(Forwarder, self._aggregation),
            system.unique_name("forwarder"),
            parent=self._anchor,
        )
        await self._front.fairness.begin(system, self._api)
        self._front.log.info("serving", url=self.url)
        return self

    def _new_front(self, anchor: Ref[Any]) -> Front:
        return Front(
            self._api,
            self._system.make_context(anchor),
            self._scheme,
            self._authentication,
            self._limits,
            Encodings(self._cache_bytes),
            self._read_only,
            self._audit,
            self._flags,
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._front.stop()
        await self._front.fairness.end()
        await self._aggregation.end()
        await self._closed()

    async def _closed(self) -> None:
        connections = self._runner.server.connections if self._runner.server else []
        transports = [each.transport for each in connections if each.transport is not None]
        await self._runner.cleanup()
        for (
            each
        ) in transports:  # a client that waits does not answer the end of TLS before it reads
            each.abort()
        for _ in range(_TURNS_TO_CLOSE if transports else 0):
            await anyio.lowlevel.checkpoint()
        if self._anchor is not None:
            await self._system.stop_actor(self._anchor)

    # --- for who serves --------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`https://127.0.0.1:6443`."""
        host = self._host
        if host in _ANYWHERE:
            host = "127.0.0.1"
        return f"https://[{host}]:{self._port}" if ":" in host else f"https://{host}:{self._port}"

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return self._port

    @property
    def pki(self) -> Pki:
        """The certificates that it serves with."""
        assert self._pki is not None, "the front has not begun"
        return self._pki

    @property
    def client_authorities(self) -> str:
        """The certificates of those who may sign clients', in PEM form."""
        return self.pki.authority.certificate.decode() + self._client_authorities

    def waits(self) -> bool:
        """Whether a client's bytes wait to be read; any thread may ask."""
        sockets = [each for site in self._runner.sites for each in _sockets(site)]
        connections = self._runner.server.connections if self._runner.server else []
        for connection in connections:
            transport = connection.transport
            if transport is not None:
                sockets.append(transport.get_extra_info("socket"))
        poll = select.poll()
        for each in sockets:
            if each is not None and each.fileno() >= 0:
                poll.register(each.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def client(self, user: str, groups: Sequence[str] = ()) -> KeyPair:
        """A client's certificate, by which it is `user` in `groups`."""
        now = self._system.clock.now()
        return certificates.client_certificate(self.pki.authority, now, user, groups)

    def kubeconfig(self, user: str = ADMIN_USER, client: KeyPair | None = None) -> str:
        """A kubeconfig's text: the administrator's, or that of another client."""
        pair = self.pki.admin if client is None else client
        return kubeconfig(
            self.url, self.pki.authority.certificate, pair, user=user, cluster=self._cluster
        )

    def write_kubeconfig(self, path: Path | str) -> Path:
        """The administrator's kubeconfig as a file that only its owner may read."""
        path = Path(path)
        certificates.write_private(path, self.kubeconfig().encode())
        return path


def _sockets(site: Any) -> Sequence[Any]:
    server = site._server  # aiohttp tells addresses, and not the sockets that listen there
    return server.sockets if server is not None else ()


def serve(api: ApiRef, system: ActorSystem, **options: Any) -> HttpFront:
    """`async with serve(api, system) as front:`; the options are those of `HttpFront`."""
    return HttpFront(api, system, **options)


def tune_process() -> None:
    """Let waiting connections cost 16 KB instead of 256, and threads and garbage hold the event loop up for less, in the whole process.

    Python offers no way to say so for one server, so only a process that is a server of ours and nothing
    else calls it.
    """
    asyncio.sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES
    sys.setswitchinterval(_THREAD_SECONDS)
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
