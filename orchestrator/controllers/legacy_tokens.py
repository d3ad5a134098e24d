"""Tokens in Secrets that nobody uses any more: marked as invalid, and a year later deleted.

Follows kube-controller-manager's cleaner: only Secrets that their account lists (such were made by themselves,
long ago), that no pod mounts, and that were neither made nor used within the period. Who still needs one then
has as long again to see its token refused, and to take the mark away.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from orchestrator.api.core.v1 import ConfigMap, Pod, Secret, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import API_SERVER, KubernetesController, PeriodicController
from orchestrator.machinery.legacy_tokens import (
    ACCOUNT_NAME,
    ACCOUNT_UID,
    INVALID_SINCE,
    LAST_USED,
    SINCE,
    TRACKING,
    TYPE,
    day_of,
    start_of,
)
from orchestrator.machinery.pod_references import secrets_of
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import AlreadyExists, Conflict, NotFound

DAY_SECONDS: Final = 86_400.0
PERIOD_SECONDS: Final = 365 * DAY_SECONDS  # --legacy-service-account-token-clean-up-period
SYNC_SECONDS: Final = DAY_SECONDS  # how often all of them are looked at
# After the ConfigMap was made it is made anew so much later at the earliest.
CREATION_SECONDS: Final = 1800.0

_TRACKING: Final = Key("kube-system", TRACKING)


class LegacyTokenTracker(KubernetesController):
    """Keeps the ConfigMap that says since when the API server notes down the use of tokens in Secrets."""

    name = "legacy-token-tracking"
    account = ""
    identity = API_SERVER
    kind = ConfigMap
    by_default = False

    def prepare(self) -> None:
        """None was made by this incarnation."""
        self._made_at: float | None = None

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """The one."""
        return (_TRACKING,) if key_of(change.latest) == _TRACKING else ()

    def initial_keys(self) -> Iterable[Key]:
        """The one, be it there or not."""
        return (_TRACKING,)

    async def reconcile(self, key: Key) -> float | None:
        """Make it, or write a day into it where there is none."""
        now = self.ctx.clock.now()
        found = self.cache(ConfigMap).get(*key)
        since = {SINCE: day_of(now)}
        if found is None:
            made_at = self._made_at
            if made_at is not None and now < made_at + CREATION_SECONDS:
                return made_at + CREATION_SECONDS - now
            metadata = ObjectMeta(name=key.name, namespace=key.namespace)
            with suppress(AlreadyExists):
                await self.client.create(ConfigMap(metadata=metadata, data=since))
                self._made_at = now
        elif start_of(found.data.get(SINCE, "")) is None:
            with suppress(NotFound):
                await self.client.patch(
                    ConfigMap, key.name, {"data": since}, namespace=key.namespace
                )
        return None


class LegacyTokenCleaner(PeriodicController):
    """Looks at all such Secrets once a day."""

    name = "legacy-serviceaccount-token-cleaner"
    account = "legacy-service-account-token-cleaner"
    kind = Secret

    async def reconcile(self, key: Key) -> float | None:
        """One look at all of them; answers when the next one is due."""
        now = self.ctx.clock.now()
        before = now - PERIOD_SECONDS
        since = await self._tracked_since()
        # The whole first day may have passed before anything was noted down.
        if since is None or now < since + DAY_SECONDS + PERIOD_SECONDS:
            return SYNC_SECONDS
        for secret in list(self.cache(Secret).list()):
            if is_unused(secret, before) and self._was_generated(secret):
                await self._clean(secret, now)
        return SYNC_SECONDS

    async def _tracked_since(self) -> float | None:
        try:
            found = await self.client.get(ConfigMap, TRACKING, namespace="kube-system")
        except NotFound:
            return None
        return start_of(found.data.get(SINCE, ""))

    def _was_generated(self, secret: Secret) -> bool:
        """Whether its account lists it, and no pod uses it."""
        metadata = secret.metadata
        name = metadata.annotations.get(ACCOUNT_NAME, "")
        account = self.cache(ServiceAccount).get(metadata.namespace, name)
        uid = metadata.annotations.get(ACCOUNT_UID, "")
        if account is None or uid not in ("", account.metadata.uid):
            return False
        if all(each.name != metadata.name for each in account.secrets):
            return False
        pods = self.cache(Pod).list(metadata.namespace)
        return all(
            metadata.name not in secrets_of(pod.spec) for pod in pods if pod.spec is not None
        )

    async def _clean(self, secret: Secret, now: float) -> None:
        """Mark it, or delete what has been marked for long enough."""
        metadata = secret.metadata
        since = metadata.labels.get(INVALID_SINCE, "")
        if start_of(since) is None:
            mark = {"metadata": {"uid": metadata.uid, "labels": {INVALID_SINCE: day_of(now)}}}
            with suppress(Conflict, NotFound):
                await self.client.patch(Secret, metadata.name, mark, namespace=metadata.namespace)
        elif since < day_of(now - PERIOD_SECONDS):
            with suppress(Conflict, NotFound):
                await self.client.delete(
                    Secret,
                    metadata.name,
                    namespace=metadata.namespace,
                    resource_version=metadata.resource_version,
                )


def is_unused(secret: Secret, before: float) -> bool:
    """Whether a Secret of a token was neither made nor used since `before` (epoch seconds).

    One that says no day of its last use was not used since that is noted down; a text that is no day says nothing.
    """
    metadata = secret.metadata
    if secret.type != TYPE or metadata.deletion_timestamp is not None:
        return False
    if parse_time(metadata.creation_timestamp or "") >= before:
        return False
    used = metadata.labels.get(LAST_USED)
    return used is None or (start_of(used) is not None and used < day_of(before))
