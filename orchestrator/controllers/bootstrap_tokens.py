"""Bootstrap tokens: Secrets of kube-system by which new nodes join, deleted when they expire.

Follows kube-controller-manager's token cleaner. A token without `expiration` stays; one whose expiration
cannot be read counts as expired.
"""

import base64
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from orchestrator.api.core.v1 import Secret
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import NotFound

TYPE: Final = "bootstrap.kubernetes.io/token"
_NAMESPACE: Final = "kube-system"
_EXPIRATION: Final = "expiration"


def expires_at(secret: Secret) -> float | None:
    """When a token expires (epoch seconds; 0 for what cannot be read); None: it does not."""
    encoded = secret.data.get(_EXPIRATION, "")
    if not encoded:
        return None
    try:
        return parse_time(base64.b64decode(encoded).decode())
    except ValueError:
        return 0.0


class TokenCleaner(KubernetesController):
    """Deletes what has expired."""

    name = "token-cleaner"
    account = "token-cleaner"
    dormant = True
    kind = Secret

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A token."""
        return (key_of(change.latest),) if _is_token(change.latest) else ()

    def initial_keys(self) -> Iterable[Key]:
        """The tokens that there are."""
        return [key_of(each) for each in self.cache(Secret).list(_NAMESPACE) if _is_token(each)]

    async def reconcile(self, key: Key) -> float | None:
        """Delete one token, or wait for its end."""
        secret = self.cache(Secret).get(*key)
        if secret is None or not _is_token(secret):
            return None
        at = expires_at(secret)
        if at is None:
            return None
        left = at - self.ctx.clock.now()
        if left > 0:
            return left
        with suppress(NotFound):
            await self.client.delete(
                Secret, key.name, namespace=key.namespace, uid=secret.metadata.uid
            )
        return None


def _is_token(secret: Secret) -> bool:
    return secret.type == TYPE and secret.metadata.namespace == _NAMESPACE
