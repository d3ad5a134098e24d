"""Groups of pods that are deleted go when none of their pods is active any more.

Admission gives each a finalizer; here it is taken from a deleted group. Clusters have this controller that serve groups.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheduling.v1alpha2 import PROTECTION, PodGroup
from orchestrator.client import Change, Key, KeyFunction, remove_finalizer
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.pods import has_ended


def groups_of(pod: Pod) -> list[str]:
    """`namespace/name` of the group of a pod."""
    group = pod.spec.scheduling_group if pod.spec is not None else None
    name = group.pod_group_name if group is not None else None
    return [f"{pod.metadata.namespace}/{name}"] if name else []


class PodGroupProtectionController(KubernetesController):
    """Lets go of deleted groups without active pods."""

    name = "podgroup-protection"
    account = "podgroup-protection-controller"
    kind = PodGroup

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod that ends or goes concerns its group."""
        return {Pod: self._of_pod}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods by their groups."""
        return {Pod: {"group": groups_of}}

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        if change.new is not None and not has_ended(change.new):
            return ()
        return [Key(*group.split("/", 1)) for group in groups_of(change.latest)]

    async def reconcile(self, key: Key) -> float | None:
        """Let one group go, if it is to go and no pod of it is active: after a live look, since the cache may be behind."""
        group = self.cache(PodGroup).get(key.namespace, key.name)
        if group is None or group.metadata.deletion_timestamp is None:
            return None
        name = f"{key.namespace}/{key.name}"
        if not all(map(has_ended, self.cache(Pod).by_index("group", name))):
            return None
        pods = await self.client.list(Pod, namespace=key.namespace)
        if all(has_ended(pod) for pod in pods if name in groups_of(pod)):
            await remove_finalizer(self.client, group, PROTECTION)
        return None
