"""ResourceQuotas: the status says how much of each quota is used.

The API server itself counts before each write, and refuses what would exceed a quota; this controller counts
for those who read the status. It watches a kind from when the first quota counts it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus
from orchestrator.api.scheme import Resource
from orchestrator.client import Change, Key, key_of, same_but_status
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.pods import has_ended
from orchestrator.machinery.quantities import format_nano
from orchestrator.machinery.quotas import family_of, in_scope, total_of

_COUNT: Final = "count/"
_CLASS: Final = ".storageclass.storage.k8s.io/"


def counted_by(name: str) -> str:
    """The key of the resource that a name in a quota counts."""
    if name.startswith(_COUNT):
        return name[len(_COUNT) :]
    if _CLASS in name or name in ("requests.storage", "persistentvolumeclaims"):
        return "persistentvolumeclaims"
    if name.startswith("services"):
        return "services"
    whole = ("replicationcontrollers", "secrets", "configmaps", "resourcequotas")
    return name if name in whole else "pods"


class ResourceQuotaController(KubernetesController):
    """Counts what each quota counts."""

    name = "resourcequota"
    account = "resourcequota-controller"
    dormant = True
    kind = ResourceQuota
    rest_seconds = 0.1

    def prepare(self) -> None:
        """No resource is known yet."""
        self._resources: dict[str, Resource] = {}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """All quotas of the namespace, which may count each other; not after a write of the status."""
        old, new = change.old, change.new
        if old is not None and new is not None and same_but_status(old, new):
            return ()
        return self._quotas(change.latest.metadata.namespace)

    def _of_object(self, change: Change[Any]) -> Iterable[Key]:
        """The quotas of an object that is new or gone, or may use more or less than before."""
        old, new = change.old, change.new
        if old is not None and new is not None:
            ended = isinstance(old, Pod) and has_ended(old) != has_ended(new)
            if not ended and getattr(old, "spec", None) is getattr(new, "spec", None):
                return ()
        return self._quotas(change.latest.metadata.namespace)

    def _quotas(self, namespace: str) -> list[Key]:
        return [key_of(quota) for quota in self.cache(ResourceQuota).list(namespace)]

    async def reconcile(self, key: Key) -> float | None:
        """Count, and write what has changed."""
        quota = self.cache(ResourceQuota).get(key.namespace, key.name)
        if quota is None or quota.spec is None:
            return None
        spec = quota.spec
        used = self._used(spec, key.namespace)
        before = quota.status
        if before is None or dict(before.hard) != dict(spec.hard) or dict(before.used) != used:
            status = ResourceQuotaStatus(hard=spec.hard, used=used)
            await self.client.update_status(replace(quota, status=status))
        return None

    def _used(self, spec: ResourceQuotaSpec, namespace: str) -> dict[str, Any]:
        counted: dict[str, None] = dict.fromkeys(counted_by(name) for name in spec.hard)
        totals: dict[str, Mapping[str, int]] = {}
        for resource_key in counted:
            resource = self._find(resource_key)
            if resource is not None:
                objects = self.cache_of(resource, self._of_object).list(namespace)
                totals[resource_key] = total_of(
                    resource, (each for each in objects if in_scope(spec, each))
                )
        return {
            name: format_nano(totals.get(counted_by(name), {}).get(name, 0), family_of(name, spec))
            for name in spec.hard
        }

    def _find(self, resource_key: str) -> Resource | None:
        """The resource of a key, in the version that it is stored in; None when there is none yet."""
        scheme = self.client.scheme
        known = self._resources.get(resource_key)
        if known is not None:
            return known
        for resource in scheme.resources():
            if resource.key == resource_key:
                found = self._resources[resource_key] = scheme.storage(resource)
                return found
        return None
