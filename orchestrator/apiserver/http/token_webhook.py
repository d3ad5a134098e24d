"""A service that knows tokens: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication.

It is sent the TokenReview that Kubernetes sends, and what it answered counts for two minutes.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from orchestrator.api.authentication.v1 import TokenReviewStatus
from orchestrator.apiserver.peers import Peer, PeerFailed, ask_peer
from orchestrator.protocol import AUTHENTICATED, Identity

_ANSWER_SECONDS: Final = 10.0
_REMEMBERED_SECONDS: Final = 120.0
_MOST: Final = 1_000


class TokenWebhook:
    """Asks the service about tokens that nobody else knows."""

    def __init__(self, peer: Peer, now: Callable[[], float]) -> None:
        self._peer = peer
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
        try:
            document = await ask_peer(self._peer, review, _ANSWER_SECONDS)
            status = msgspec.convert(document.get("status") or {}, TokenReviewStatus)
        except (PeerFailed, msgspec.ValidationError):
            return None
        user = status.user
        if not status.authenticated or user is None or not user.username:
            return None
        groups = tuple(dict.fromkeys((*user.groups, AUTHENTICATED)))
        return Identity(user.username, groups, user.uid or "", user.extra or None)
