"""The key that signs tokens.

Like the keys of certificates it comes from the operating system's randomness: a seeded key would be no
secret. It is made with the first token, which takes a fifth of a second.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

ALGORITHM: Final = "RS256"
_BITS: Final = 2048


class BadToken(Exception):
    """No token, or none that this key has signed; says why."""


class SigningKey:
    """An RSA key, made when it is needed."""

    @cached_property
    def _key(self) -> Any:
        from joserfc.jwk import RSAKey  # late: see the package

        key = RSAKey.generate_key(_BITS, private=True)
        key.ensure_kid()
        return key

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The claims as a signed token."""
        from joserfc import jwt

        key = self._key
        header = {"alg": ALGORITHM, "kid": key.kid}
        return jwt.encode(header, dict(claims), key, default_type=None)

    def verified(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that this key has signed. Raises BadToken."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            claims: Mapping[str, Any] = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise BadToken("go-jose/go-jose: error in cryptographic primitive") from error
        return claims

    def public(self) -> dict[str, Any]:
        """What everybody may see of it, as RFC 7517 writes it, in the order of Go's library."""
        said = self._key.as_dict(private=False)
        return {
            "use": "sig",
            **{name: said[name] for name in ("kty", "kid")},
            "alg": ALGORITHM,
            **{name: said[name] for name in ("n", "e")},
        }
