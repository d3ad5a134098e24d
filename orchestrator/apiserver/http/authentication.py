"""Who asks: certificates and tokens.

A request has the identity of the first authenticator that knows its credentials. Credentials that
nobody knows are refused, even where no credentials would do: whoever shows a wrong token should
hear so. Who shows nothing is `system:anonymous`, whom the default roles let see the server's health and
version only.
"""

import hmac
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol, TypeAlias

from aiohttp import hdrs
from aiohttp.web import BaseRequest
from msgspec import Struct

from orchestrator.apiserver.http.connections import Connection
from orchestrator.apiserver.http.errors import unauthenticated
from orchestrator.apiserver.http.websockets import BadProtocols, token_of
from orchestrator.apiserver.telemetry.families import Histogram, Series
from orchestrator.machinery.memo import LONGEST_TEXT
from orchestrator.protocol import (
    ANONYMOUS,
    AUTHENTICATED,
    Identity,
)

# As Python's ssl gives it: a sequence of relative distinguished names.
Subject: TypeAlias = tuple[tuple[tuple[str, str], ...], ...]

Ask: TypeAlias = Callable[[str], Awaitable[Any]]  # a TokenReview of a token, answered

_BEARER: Final = "bearer "
_MOST: Final = 4_096  # tokens whose holders are remembered


class Credentials(Struct, frozen=True):
    """What a request shows: the subject of a verified client certificate, a bearer token."""

    subject: Subject | None = None
    token: str = ""
    is_of_request: bool = False  # the token is no header that the next request may have, too


class Authenticator(Protocol):
    """Knows one kind of credentials. Called for each request, so it must be cheap.

    One that has `lasting = True` knows the same as long as it lives: of a connection whose requests show the same
    again it is asked once.
    """

    def identify(self, credentials: Credentials) -> Identity | None:
        """Whose these are; None if they are not of the kind, or not known."""
        ...


class TokenIssuer(Protocol):
    """Knows bearer tokens, and may have to look elsewhere: asked after all authenticators and the server itself."""

    async def identify(self, token: str) -> Identity | None:
        """Whose the token is; None if it is not of this issuer, or not valid. Raises nothing."""
        ...


class CertificateAuthenticator:
    """The common name is the user, the organizations are the groups."""

    lasting = True

    def identify(self, credentials: Credentials) -> Identity | None:
        """TLS has verified the certificate already; a name without a user is nobody."""
        return None if credentials.subject is None else _of_subject(credentials.subject)


@lru_cache(maxsize=1024)
def _of_subject(subject: Subject) -> Identity | None:
    names = [pair for part in subject for pair in part]
    user = next((value for key, value in names if key == "commonName"), "")
    groups = tuple(value for key, value in names if key == "organizationName")
    return Identity(user, (*groups, AUTHENTICATED)) if user else None


class TokenAuthenticator:
    """A fixed table of bearer tokens."""

    lasting = True

    def __init__(self, tokens: Mapping[str, Identity]) -> None:
        self._tokens = {
            token.encode(): Identity(
                identity.name,
                tuple(dict.fromkeys((*identity.groups, AUTHENTICATED))),
                identity.uid,
                identity.extra,
            )
            for token, identity in tokens.items()
        }

    def identify(self, credentials: Credentials) -> Identity | None:
        """Compares with every token in constant time, so that timing tells nothing of them."""
        found = None
        shown = credentials.token.encode()
        for token, identity in self._tokens.items():
            if hmac.compare_digest(token, shown):
                found = identity
        return found


class Authentication:
    """The authenticators of one server, asked in order."""

    def __init__(
        self,
        authenticators: Sequence[Authenticator],
        issuers: Sequence[TokenIssuer] = (),
        *,
        anonymous: bool | Collection[str] = True,
    ) -> None:
        """`anonymous`: whether who shows nothing is let in, or the paths at which alone she is."""
        self._issuers = issuers
        self._anonymous = anonymous
        self._authenticators = (CertificateAuthenticator(), *authenticators)
        self._is_lasting = all(getattr(each, "lasting", False) for each in self._authenticators)
        self._shown: dict[str, Identity] = {}

    def families(self) -> Iterator[Series | Histogram]:
        """What those have counted who ask elsewhere, for the metrics."""
        for issuer in self._issuers:
            yield from getattr(issuer, "families", tuple)()

    def known(self, request: BaseRequest, shown: str) -> Identity | None:
        """Who asks, if one of the authenticators knows it; None: `identify` has to look elsewhere.

        `shown`: what the request has for its Authorization. Raises Unauthorized.
        """
        connection = request.protocol
        assert isinstance(connection, Connection)
        if connection.holder is not None and connection.shown == shown:
            return connection.holder
        credentials = _credentials(request)
        found = self._known(credentials)
        if self._is_lasting and len(shown) <= LONGEST_TEXT and not credentials.is_of_request:
            connection.shown, connection.holder = shown, found
        return found

    async def identify(self, request: BaseRequest, ask: Ask) -> Identity:
        """Who asks that is not `known`, before she acts as somebody else. Raises Unauthorized."""
        token = _credentials(request).token
        return await self._by_server(token, ask) if token else self._unknown(request.path)

    async def holder(self, token: str) -> Identity | None:
        """Whose a token is that is none of the server's own; None if nobody here knows it."""
        found = self._known(Credentials(token=token))
        return found or await self._issued(token)

    def _unknown(self, path: str) -> Identity:
        """Who shows nothing. Raises Unauthorized."""
        allowed = self._anonymous
        if not (allowed if isinstance(allowed, bool) else path in allowed):
            raise unauthenticated()
        return ANONYMOUS

    async def _by_server(self, token: str, ask: Ask) -> Identity:
        """The server's own tokens are the API server's to know: their accounts may be gone by now."""
        status = (await ask(token)).status
        if status is not None and status.authenticated:
            user = status.user
            found = Identity(user.username or "", user.groups, user.uid or "", user.extra or None)
        else:
            found = await self._elsewhere(token)
        # The same identity while nothing changes: what is granted it is remembered by that.
        known = self._shown.get(token)
        if known == found:
            return known
        if len(self._shown) >= _MOST:
            self._shown.clear()
        self._shown[token] = found
        return found

    async def _elsewhere(self, token: str) -> Identity:
        identity = await self._issued(token)
        if identity is None:
            raise unauthenticated()
        return identity

    async def _issued(self, token: str) -> Identity | None:
        for issuer in self._issuers:
            identity = await issuer.identify(token)
            if identity is not None:
                return identity
        return None

    def _known(self, credentials: Credentials) -> Identity | None:
        for authenticator in self._authenticators:
            identity = authenticator.identify(credentials)
            if identity is not None:
                return identity
        return None


def _credentials(request: BaseRequest) -> Credentials:
    """Raises Unauthorized for who has no certificate, and a token that cannot be read."""
    shown = request.headers.get(hdrs.AUTHORIZATION, "")
    transport = request.transport
    certificate = None if transport is None else transport.get_extra_info("peercert")
    subject = certificate["subject"] if certificate else None
    token = shown[len(_BEARER) :].strip() if shown[: len(_BEARER)].lower() == _BEARER else ""
    if token or subject is not None:
        return Credentials(subject, token)
    try:
        token = token_of(request)
    except BadProtocols:
        raise unauthenticated() from None
    return Credentials(token=token, is_of_request=bool(token))
