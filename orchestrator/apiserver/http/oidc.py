"""Tokens of an issuer elsewhere: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens.

The issuer's keys are read when the first of its tokens is shown, and again when a token names a key that is
not among them, at most once in some seconds.
"""

import base64
import binascii
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from msgspec import Struct
from msgspec.structs import replace

from orchestrator.apiserver.http.claim_expressions import Expressions, Refused
from orchestrator.protocol import AUTHENTICATED, Identity

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "ES256", "ES384", "ES512"),
    *("PS256", "PS384", "PS512"),
)
_ANSWER_SECONDS: Final = 10.0
_READ_AGAIN_SECONDS: Final = 10.0
_LEEWAY_SECONDS: Final = 60.0
_CONFIGURATION: Final = "/.well-known/openid-configuration"


class OidcSettings(Struct, frozen=True):
    """What kube-apiserver's flags `--oidc-*` say, or a file (see `jwt_configuration`).

    `username_prefix`: "" is that of the issuer's URL unless the claim is `email`, "-" is none.
    `authority`: certificates in PEM that the issuer's is verified by; "" is the system's.
    `expressions` are in CEL, about the claims and about the user that is made of them.
    `audiences`: for whom tokens may be beside the `client`; `discovery`: where the issuer's configuration is, if
    not at its URL.
    """

    issuer: str
    client: str
    username_claim: str = "sub"
    username_prefix: str = ""
    groups_claim: str = ""
    groups_prefix: str = ""
    required: Mapping[str, str] = {}
    authority: str = ""
    audiences: tuple[str, ...] = ()
    discovery: str = ""
    algorithms: tuple[str, ...] = ("RS256",)  # the default of kube-apiserver's flag
    uid_claim: str = ""
    expressions: Expressions = Expressions()


class OidcAuthenticator:
    """Knows the tokens of one issuer. `now` answers seconds since the epoch."""

    def __init__(self, settings: OidcSettings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._keys: Any = None
        self._read_at = float("-inf")

    async def identify(self, token: str) -> Identity | None:
        """Whose the token is; None if it is another's, or not valid now."""
        if _said(token, 1).get("iss") != self._settings.issuer:
            return None
        claims = await self._verified(token)
        if claims is None or not self._holds(claims):
            return None
        return self._identity(claims)

    async def _verified(self, token: str) -> Mapping[str, Any] | None:
        from joserfc import jwt  # late: few clusters have an issuer elsewhere
        from joserfc.errors import JoseError

        keys = await self._key_set(_said(token, 0).get("kid"))
        if keys is None:
            return None
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token, keys, algorithms=list(self._settings.algorithms)
            ).claims
        except (JoseError, ValueError):
            return None
        return claims

    async def _key_set(self, identifier: Any) -> Any:
        """The issuer's keys, read again if they have not that one."""
        known = self._keys
        if known is not None and any(key.kid == identifier for key in known.keys):
            return known
        if self._now() - self._read_at >= _READ_AGAIN_SECONDS:
            self._read_at = self._now()
            self._keys = await self._read_keys() or known
        return self._keys

    async def _read_keys(self) -> Any:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        context = ssl.create_default_context(cadata=self._settings.authority or None)
        connector = TCPConnector(ssl=context)
        timeout = ClientTimeout(total=_ANSWER_SECONDS)
        try:
            async with ClientSession(connector=connector, timeout=timeout) as session:
                configuration = (
                    self._settings.discovery or self._settings.issuer.rstrip("/") + _CONFIGURATION
                )
                document = await _document(session, configuration)
                if document.get("issuer") != self._settings.issuer:
                    return None
                keys: Any = await _document(session, str(document.get("jwks_uri")))
                return KeySet.import_key_set(keys)
        except (ClientError, TimeoutError, ValueError, JoseError, OSError):
            return None

    def _holds(self, claims: Mapping[str, Any]) -> bool:
        """Whether the token is for this cluster, now, and has the claims that are required."""
        audience = claims.get("aud", ())
        audiences = (audience,) if isinstance(audience, str) else tuple(audience)
        ends = claims.get("exp")
        begins = claims.get("nbf", 0)
        ours = {self._settings.client, *self._settings.audiences}
        if ours.isdisjoint(audiences) or not isinstance(ends, int | float):
            return False
        now = self._now()
        if ends < now or not isinstance(begins, int | float) or begins > now + _LEEWAY_SECONDS:
            return False
        return all(claims.get(name) == value for name, value in self._settings.required.items())

    def _identity(self, claims: Mapping[str, Any]) -> Identity | None:
        settings, expressions = self._settings, self._settings.expressions
        try:
            expressions.check_claims(claims)
            name = expressions.username(claims)
            if name is None:
                name = self._name_in(claims)
            if not name:
                return None
            found = expressions.groups(claims)
            if found is None:
                found = self._groups_in(claims)
            uid = expressions.uid(claims)
            if uid is None:
                uid = str(claims.get(settings.uid_claim, "")) if settings.uid_claim else ""
            identity = Identity(name, tuple(found), uid, expressions.extra(claims) or None)
            expressions.check_user(identity)
        except Refused:
            return None
        return replace(identity, groups=tuple(dict.fromkeys((*found, AUTHENTICATED))))

    def _name_in(self, claims: Mapping[str, Any]) -> str:
        """The user's name as a claim says it; "" if it says none that counts."""
        name = claims.get(self._settings.username_claim)
        if not isinstance(name, str) or not name:
            return ""
        is_email = self._settings.username_claim == "email"
        if is_email and claims.get("email_verified", True) is not True:
            return ""
        return self._prefix() + name

    def _groups_in(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        claim = self._settings.groups_claim
        found = claims.get(claim, ()) if claim else ()
        groups = (found,) if isinstance(found, str) else tuple(map(str, found))
        return tuple(self._settings.groups_prefix + each for each in groups)

    def _prefix(self) -> str:
        settings = self._settings
        if settings.username_prefix == "-":
            return ""
        if settings.username_prefix or settings.username_claim == "email":
            return settings.username_prefix
        return f"{settings.issuer}#"


async def _document(session: ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url) as answer:
        answer.raise_for_status()
        found = msgspec.json.decode(await answer.read())
    if not isinstance(found, dict):
        raise ValueError(url)
    return found


def _said(token: str, part: int) -> dict[str, Any]:
    """The head (0) or the claims (1) of a token, before it is verified; nothing of what is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        text = base64.urlsafe_b64decode(parts[part] + "=" * (-len(parts[part]) % 4))
        found = msgspec.json.decode(text)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return {}
    return found if isinstance(found, dict) else {}
