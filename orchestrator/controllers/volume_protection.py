"""Claims and volumes that are in use are not deleted before they are free.

Admission gives each a finalizer; here it is taken from a deleted claim that no pod uses any more, and
from a deleted volume that no claim is bound to.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.client import Change, Key, KeyFunction, remove_finalizer
from orchestrator.controllers.base import KubernetesController

CLAIM_FINALIZER: Final = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER: Final = "kubernetes.io/pv-protection"


def claims_of(pod: Pod) -> list[str]:
    """`namespace/name` of the claims that a pod mounts, those of its ephemeral volumes too."""
    if pod.spec is None:
        return []
    metadata, found = pod.metadata, []
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            found.append(volume.persistent_volume_claim.claim_name)
        elif volume.ephemeral is not None:
            found.append(f"{metadata.name}-{volume.name}")
    return [f"{metadata.namespace}/{name}" for name in found]


def uses(pod: Pod) -> bool:
    """Whether what a pod mounts is in use: it is on a node, and has not ended."""
    phase = pod.status.phase if pod.status is not None else ""
    assigned = pod.spec is not None and bool(pod.spec.node_name)
    return assigned and phase not in ("Succeeded", "Failed")


class ClaimProtectionController(KubernetesController):
    """Lets go of deleted claims that no pod uses."""

    name = "pvc-protection"
    kind = PersistentVolumeClaim

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod that ends or goes concerns the claims that it mounts."""
        return {Pod: self._of_pod}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods by their claims."""
        return {Pod: {"claim": claims_of}}

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        if change.new is not None and uses(change.new):
            return ()
        return [Key(*claim.split("/", 1)) for claim in claims_of(change.latest)]

    async def reconcile(self, key: Key) -> float | None:
        """Let one claim go, if it is to go and free."""
        claim = self.cache(PersistentVolumeClaim).get(key.namespace, key.name)
        if claim is None or claim.metadata.deletion_timestamp is None:
            return None
        pods = self.cache(Pod).by_index("claim", f"{key.namespace}/{key.name}")
        if not any(uses(pod) for pod in pods):
            await remove_finalizer(self.client, claim, CLAIM_FINALIZER)
        return None


class VolumeProtectionController(KubernetesController):
    """Lets go of deleted volumes that no claim is bound to."""

    name = "pv-protection"
    kind = PersistentVolume

    async def reconcile(self, key: Key) -> float | None:
        """Let one volume go, if it is to go and free."""
        volume = self.cache(PersistentVolume).get(key.namespace, key.name)
        if volume is None or volume.metadata.deletion_timestamp is None:
            return None
        if volume.status is None or volume.status.phase != "Bound":
            await remove_finalizer(self.client, volume, VOLUME_FINALIZER)
        return None
