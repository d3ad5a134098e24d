"""A server's own tokens: who issues them, for whom, for how long."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from actors import Request
from orchestrator.api.core.v1 import ServiceAccount
from orchestrator.apiserver.authentication.claims import (
    Bound,
    Objects,
    TokenError,
    account_of,
    identity_of,
    private_claims,
    secret_of,
)
from orchestrator.apiserver.authentication.keys import ALGORITHM, BadToken, SigningKey
from orchestrator.apiserver.authentication.legacy import note_use
from orchestrator.machinery import service_accounts
from orchestrator.protocol import Identity

ISSUER: Final = "https://kubernetes.default.svc"
# Pods' own tokens say an hour and these seconds. Clients from before tokens ended must not fail then, so
# they hold for a year, and a warning is due after the hour.
_WARNED_SECONDS: Final = 3607
_EXTENDED_SECONDS: Final = 365 * 24 * 3600


class AskIssuer(Request["Tokens"], frozen=True, gc=False):
    """Answer who issues the server's tokens: its front shows the documents of that."""


class Tokens:
    """Issues and knows tokens of service accounts. It outlives the server's actor, or they would end with that.

    `audiences`: for whom the tokens are that say nothing, and as whom the server itself accepts them.
    """

    def __init__(self, issuer: str = ISSUER, audiences: Sequence[str] = ()) -> None:
        self.issuer = issuer
        self.audiences = tuple(audiences) or (issuer,)
        self._key = SigningKey()

    def issue(
        self,
        account: ServiceAccount,
        bound: Bound,
        audiences: Sequence[str],
        seconds: int,
        *,
        now: float,
        identifier: str,
    ) -> Callable[[], str]:
        """What signs a token for an account that ends after so many seconds; `identifier` is its own."""
        warn_after = None
        ours = set(audiences) <= set(self.audiences)
        if bound.pod is not None and seconds == _WARNED_SECONDS and ours:
            warn_after, seconds = now + seconds, _EXTENDED_SECONDS
        metadata = account.metadata
        claims = {
            "aud": list(audiences),
            "exp": int(now) + seconds,
            "iat": int(now),
            "iss": self.issuer,
            "jti": identifier,
            **private_claims(account, bound, warn_after),
            "nbf": int(now),
            "sub": service_accounts.user_name(metadata.namespace, metadata.name),
        }
        return partial(self._key.sign, claims)

    def identify(
        self, token: str, objects: Objects, audiences: Sequence[str] = ()
    ) -> tuple[Identity, tuple[str, ...]] | None:
        """Who shows the token, and for which of the audiences it is; None if it is none of this issuer's.

        `audiences` are the server's own if none are given. Raises TokenError.
        """
        if _issuer_of(token) != self.issuer:
            return None
        try:
            claims = self._key.verified(token)
        except BadToken as error:
            raise TokenError(str(error)) from error
        wanted, said = tuple(audiences) or self.audiences, _audiences(claims)
        shared = tuple(each for each in said if each in wanted)
        if not shared:
            raise TokenError(
                f"token audiences {_listed(said)} is invalid for the target audiences "
                f"{_listed(wanted)}"
            )
        identity = identity_of(claims, objects)
        secret = secret_of(claims, objects)
        if secret is not None:
            note_use(secret, account_of(claims), token, objects)
        return identity, shared

    # --- discovery -------------------------------------------------------------------------

    def configuration(self, keys_at: str) -> dict[str, Any]:
        """What whoever accepts the tokens elsewhere reads first: the document of OpenID Connect.

        `keys_at`: the URL of the key set.
        """
        return {
            "issuer": self.issuer,
            "jwks_uri": keys_at,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    def key_set(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [self._key.public()]}


def _issuer_of(token: str) -> str:
    """Who says to have issued a token, before it is verified; "" for what is no token."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = msgspec.json.decode(
            base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        )
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return ""
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""


def _audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    found = claims.get("aud", ())
    return (found,) if isinstance(found, str) else tuple(map(str, found))


def _listed(values: Sequence[str]) -> str:
    return f"[{' '.join(map(_quoted, values))}]"


def _quoted(value: str) -> str:
    return f'"{value}"'
