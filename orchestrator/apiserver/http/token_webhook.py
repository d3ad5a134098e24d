"""A service that knows tokens: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication.

It is sent the TokenReview that Kubernetes sends, and what it answered counts for two minutes.
"""

import ssl
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from msgspec import Struct

from orchestrator.api.authentication.v1 import TokenReviewStatus
from orchestrator.protocol import AUTHENTICATED, Identity

_ANSWER_SECONDS: Final = 10.0
_REMEMBERED_SECONDS: Final = 120.0
_MOST: Final = 1_000
_STATUS: Final = msgspec.json.Decoder(type=dict[str, Any])


class WebhookSettings(Struct, frozen=True):
    """Where the service is. `authority`: certificates in PEM that its own is verified by; "" is the system's."""

    url: str
    authority: str = ""


class TokenWebhook:
    """Asks the service about tokens that nobody else knows."""

    def __init__(self, settings: WebhookSettings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._known: dict[str, tuple[float, Identity]] = {}

    async def identify(self, token: str) -> Identity | None:
        """Whose the token is; None if the service does not say so, or does not answer."""
        at, identity = self._known.get(token, (float("-inf"), None))
        if identity is not None and self._now() - at < _REMEMBERED_SECONDS:
            return identity
        identity = await self._asked(token)
        self._known.pop(token, None)
        if identity is not None:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[token] = (self._now(), identity)
        return identity

    async def _asked(self, token: str) -> Identity | None:
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "metadata": {"creationTimestamp": None},
            "spec": {"token": token},
            "status": {"user": {}},
        }
        context = ssl.create_default_context(cadata=self._settings.authority or None)
        connector = TCPConnector(ssl=context)
        timeout = ClientTimeout(total=_ANSWER_SECONDS)
        try:
            async with (
                ClientSession(connector=connector, timeout=timeout) as session,
                session.post(self._settings.url, json=review) as answer,
            ):
                answer.raise_for_status()
                document = _STATUS.decode(await answer.read())
            status = msgspec.convert(document.get("status") or {}, TokenReviewStatus)
        except (ClientError, TimeoutError, OSError, msgspec.MsgspecError):
            return None
        user = status.user
        if not status.authenticated or user is None or not user.username:
            return None
        groups = tuple(dict.fromkeys((*user.groups, AUTHENTICATED)))
        return Identity(user.username, groups, user.uid or "", user.extra or None)
