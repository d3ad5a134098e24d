"""Who asks: certificates, tokens, and acting as somebody else.

A request has the identity of the first authenticator that knows its credentials. Credentials that
nobody knows are refused, even where no credentials would do: whoever shows a wrong token should
hear so. Who shows nothing is `system:anonymous`, whom the authorizer lets see the server's health and
version only.
"""

import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeAlias
from urllib.parse import unquote

from aiohttp.web import BaseRequest
from msgspec import Struct
from multidict import CIMultiDictProxy

from orchestrator.apiserver.http.errors import unauthenticated
from orchestrator.machinery.field_errors import quote
from orchestrator.protocol import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    BadRequest,
    Forbidden,
    Identity,
)

# As Python's ssl gives it: a sequence of relative distinguished names.
Subject: TypeAlias = tuple[tuple[tuple[str, str], ...], ...]

_EXTRA: Final = "impersonate-extra-"
_OPEN_PATHS: Final = ("/healthz", "/livez", "/readyz", "/version")


class Credentials(Struct, frozen=True):
    """What a request shows: the subject of a verified client certificate, a bearer token."""

    subject: Subject | None = None
    token: str = ""


class Authenticator(Protocol):
    """Knows one kind of credentials. Called for each request, so it must be cheap."""

    def identify(self, credentials: Credentials) -> Identity | None:
        """Whose these are; None if they are not of the kind, or not known."""
        ...


class CertificateAuthenticator:
    """The common name is the user, the organizations are the groups."""

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

    def __init__(self, authenticators: Sequence[Authenticator]) -> None:
        self._authenticators = (CertificateAuthenticator(), *authenticators)

    def identify(self, request: BaseRequest) -> Identity:
        """Who asks. Raises Unauthorized; BadRequest and Forbidden for an impersonation."""
        credentials = _credentials(request)
        identity = self._known(credentials)
        if identity is None:
            if credentials.token:
                raise unauthenticated()
            identity = ANONYMOUS
        return impersonated(identity, request.headers)

    def _known(self, credentials: Credentials) -> Identity | None:
        for authenticator in self._authenticators:
            identity = authenticator.identify(credentials)
            if identity is not None:
                return identity
        return None


def is_open(path: str) -> bool:
    """Whether everybody may read the path."""
    return f"/{path.split('/', 2)[1]}" in _OPEN_PATHS


def _credentials(request: BaseRequest) -> Credentials:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    transport = request.transport
    certificate = None if transport is None else transport.get_extra_info("peercert")
    return Credentials(
        subject=certificate["subject"] if certificate else None,
        token=token.strip() if scheme.lower() == "bearer" else "",
    )


def impersonated(identity: Identity, headers: CIMultiDictProxy[str]) -> Identity:
    """The identity that `kubectl --as` asks for, else the one given; masters may act as everybody.

    An empty name is no name. Raises BadRequest for groups, a uid or extras without a user: whoever sends
    them means to have fewer rights than they have. Raises Forbidden.
    """
    user, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    groups, extra = headers.getall("Impersonate-Group", []), _extra(headers)
    if not user:
        if groups or uid or extra:
            raise _nobody(groups, uid, extra)
        return identity
    if MASTERS not in identity.groups:
        raise Forbidden(
            f'users "{user}" is forbidden: User "{identity.name}" cannot impersonate resource '
            '"users" in API group "" at the cluster scope',
            kind="users",
            name=user,
        )
    return Identity(
        user,
        tuple(dict.fromkeys((*groups, AUTHENTICATED))),
        uid,
        extra or None,
    )


def _extra(headers: CIMultiDictProxy[str]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        if name.lower().startswith(_EXTRA):
            key = unquote(name[len(_EXTRA) :].lower())
            extra[key] = (*extra.get(key, ()), value)
    return extra


def _nobody(groups: Sequence[str], uid: str, extra: Mapping[str, tuple[str, ...]]) -> BadRequest:
    """Kubernetes shows the user that it cannot make as Go would write the value."""
    listed = ", ".join(f"{quote(k)}:{_strings(v)}" for k, v in sorted(extra.items()))
    shown = f"map[string][]string{{{listed}}}" if extra else "map[string][]string(nil)"
    return BadRequest(
        f'requested &user.DefaultInfo{{Name:"", UID:{quote(uid)}, Groups:{_strings(groups)}, '
        f"Extra:{shown}}} without impersonating a user name"
    )


def _strings(values: Sequence[str]) -> str:
    return f"[]string{{{', '.join(map(quote, values))}}}" if values else "[]string(nil)"
