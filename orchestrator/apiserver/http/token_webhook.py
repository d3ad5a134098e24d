"""A service that knows tokens: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication.

It is sent the TokenReview that Kubernetes sends, and what it answered counts for two minutes.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from orchestrator.api.authentication.v1 import TokenReviewStatus
from orchestrator.apiserver.peers import Peer, PeerFailed, ask_peer
from orchestrator.apiserver.telemetry.families import Histogram, Series
from orchestrator.protocol import AUTHENTICATED, Identity

_ANSWER_SECONDS: Final = 10.0
_REMEMBERED_SECONDS: Final = 120.0
_MOST: Final = 1_000
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class TokenWebhook:
    """Asks the service about tokens that nobody else knows."""

    def __init__(self, peer: Peer, now: Callable[[], float]) -> None:
        self._peer = peer
        self._now = now
        prefix, labels = "authentication_token_cache_", ("status",)
        self._requests = Series(
            f"{prefix}request_total", "Tokens shown, by whether they were known.", labels
        )
        self._took = Histogram(
            f"{prefix}request_duration_seconds", "How long that took.", labels, _SECONDS
        )
        self._fetches = Series(f"{prefix}fetch_total", "Questions to the service.", labels)
        self._active = Series(f"{prefix}active_fetch_count", "Those under way.", labels, "gauge")
        self._known: dict[str, tuple[float, Identity]] = {}

    async def identify(self, token: str) -> Identity | None:
        """Whose the token is; None if the service does not say so, or does not answer."""
        began = self._now()
        at, identity = self._known.get(token, (float("-inf"), None))
        hit = identity is not None and began - at < _REMEMBERED_SECONDS
        if not hit:
            identity = await self._fetched(token)
        status = "hit" if hit else "miss"
        self._requests.add(status)
        self._took.observe(max(self._now() - began, 0.0), status)
        return identity

    def families(self) -> tuple[Series | Histogram, ...]:
        """What the memory was good for, for the metrics."""
        return self._requests, self._took, self._fetches, self._active

    async def _fetched(self, token: str) -> Identity | None:
        self._active.add("in_flight")
        try:
            identity = await self._asked(token)
        finally:
            self._active.add("in_flight", amount=-1)
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
            self._fetches.add("error")
            return None
        self._fetches.add("ok")
        user = status.user
        if not status.authenticated or user is None or not user.username:
            return None
        groups = tuple(dict.fromkeys((*user.groups, AUTHENTICATED)))
        return Identity(user.username, groups, user.uid or "", user.extra or None)
