"""Bootstrap tokens, by which new nodes join: Secrets of kube-system that say what each token is good for.

A token reads `ID.SECRET`; its Secret is called `bootstrap-token-ID`. What a Secret says wrongly makes the
token worthless and is no error, as in Kubernetes.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import Final

from orchestrator.api.core.v1 import Secret
from orchestrator.machinery.times import parse_time

TYPE: Final = "bootstrap.kubernetes.io/token"
NAMESPACE: Final = "kube-system"
PREFIX: Final = "bootstrap-token-"
AUTHENTICATION: Final = "usage-bootstrap-authentication"
SIGNING: Final = "usage-bootstrap-signing"
_DEFAULT_GROUP: Final = "system:bootstrappers"
_TOKEN: Final = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_NAME: Final = re.compile(rf"{PREFIX}([a-z0-9]{{6}})")
_GROUP: Final = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


def is_token(secret: Secret) -> bool:
    """Whether the Secret is of the type, and where such Secrets are."""
    return secret.type == TYPE and secret.metadata.namespace == NAMESPACE


def parsed(token: str) -> tuple[str, str] | None:
    """Identifier and secret of what a client shows; None for what has another form."""
    found = _TOKEN.fullmatch(token)
    return None if found is None else (found[1], found[2])


def said(secret: Secret, key: str) -> str:
    """What the Secret says under a key; empty where it says nothing that can be read."""
    try:
        return base64.b64decode(secret.data.get(key, "")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def expires_at(secret: Secret) -> float | None:
    """When a token expires (epoch seconds; 0 for what cannot be read); None: it does not."""
    text = said(secret, "expiration")
    if not text:
        return 0.0 if secret.data.get("expiration") else None
    try:
        return parse_time(text)
    except ValueError:
        return 0.0


def _has_expired(secret: Secret, now: float) -> bool:
    at = expires_at(secret)
    return at is not None and at <= now


def signing_key(secret: Secret, now: float) -> tuple[str, str] | None:
    """Identifier and secret of a token that may sign `cluster-info` now; None for all others."""
    named = _NAME.fullmatch(secret.metadata.name)
    identifier, key = said(secret, "token-id"), said(secret, "token-secret")
    fits = named is not None and named[1] == identifier and bool(key)
    if not fits or _has_expired(secret, now) or said(secret, SIGNING) != "true":
        return None
    return identifier, key


def groups_of(token: str, secret: Secret | None, now: float) -> tuple[str, ...] | None:
    """The groups of who shows the token, of which this is the Secret; None: it lets nobody in."""
    shown = parsed(token)
    if shown is None or secret is None or not is_token(secret):
        return None
    identifier, key = shown
    right = hmac.compare_digest(said(secret, "token-secret").encode(), key.encode())
    if not right or said(secret, "token-id") != identifier:
        return None
    gone = secret.metadata.deletion_timestamp is not None or _has_expired(secret, now)
    if gone or said(secret, AUTHENTICATION) != "true":
        return None
    extra = said(secret, "auth-extra-groups")
    groups = extra.split(",") if extra else []
    if not all(_GROUP.fullmatch(group) for group in groups):
        return None
    return tuple(sorted({_DEFAULT_GROUP, *groups}))


def detached_signature(content: str, identifier: str, key: str) -> str:
    """A JSON Web Signature (HS256) of the content, without the content."""
    header = _encoded(
        json.dumps({"alg": "HS256", "kid": identifier}, separators=(",", ":")).encode()
    )
    signed = f"{header}.{_encoded(content.encode())}".encode()
    return f"{header}..{_encoded(hmac.digest(key.encode(), signed, hashlib.sha256))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
