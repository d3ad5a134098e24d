"""Claims, volumes and their classes of attributes that are in use are not deleted before they are free.

Admission gives each a finalizer, which is given again if it is lost; here it is taken from a deleted claim that no pod
uses any more, from a deleted volume that no claim is bound to, and from a deleted class that no claim or volume names.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.api.storage.v1 import VolumeAttributesClass
from orchestrator.client import Change, Key, KeyFunction, add_finalizer, remove_finalizer
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.owners import is_controlled_by

CLAIM_FINALIZER: Final = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER: Final = "kubernetes.io/pv-protection"
CLASS_FINALIZER: Final = "kubernetes.io/vac-protection"


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


def holds(pod: Pod, claim: PersistentVolumeClaim) -> bool:
    """Whether a pod keeps a claim from going: it has a node and mounts it, even if it has ended. An ephemeral volume's
    claim is let go as soon as nothing of its pod is left on the node.
    """
    spec, metadata = pod.spec, pod.metadata
    if spec is None or not spec.node_name:
        return False
    name = claim.metadata.name
    shut_down = metadata.deletion_timestamp and metadata.deletion_grace_period_seconds == 0
    return any(
        (v.persistent_volume_claim is not None and v.persistent_volume_claim.claim_name == name)
        or (
            v.ephemeral is not None
            and not shut_down
            and f"{metadata.name}-{v.name}" == name
            and is_controlled_by(claim, pod)
        )
        for v in spec.volumes
    )


def lets_go(pod: Pod) -> bool:
    """Whether a change to this pod may have set a claim free."""
    metadata = pod.metadata
    return bool(metadata.deletion_timestamp) and metadata.deletion_grace_period_seconds == 0


class ClaimProtectionController(KubernetesController):
    """Lets go of deleted claims that no pod uses."""

    name = "pvc-protection"
    account = "pvc-protection-controller"
    kind = PersistentVolumeClaim

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod that ends or goes concerns the claims that it mounts."""
        return {Pod: self._of_pod}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods by their claims."""
        return {Pod: {"claim": claims_of}}

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        if change.new is not None and not lets_go(change.new):
            return ()
        return [Key(*claim.split("/", 1)) for claim in claims_of(change.latest)]

    async def reconcile(self, key: Key) -> float | None:
        """Let one claim go, if it is to go and free: after a live look, since the cache may be behind."""
        claim = self.cache(PersistentVolumeClaim).get(key.namespace, key.name)
        if claim is None:
            return None
        if claim.metadata.deletion_timestamp is None:
            await add_finalizer(self.client, claim, CLAIM_FINALIZER)
            return None
        known = self.cache(Pod).by_index("claim", f"{key.namespace}/{key.name}")
        if CLAIM_FINALIZER not in claim.metadata.finalizers or any(holds(p, claim) for p in known):
            return None
        pods = await self.client.list(Pod, namespace=key.namespace)
        if not any(holds(pod, claim) for pod in pods):
            await remove_finalizer(self.client, claim, CLAIM_FINALIZER)
        return None


class VolumeProtectionController(KubernetesController):
    """Lets go of deleted volumes that no claim is bound to."""

    name = "pv-protection"
    account = "pv-protection-controller"
    kind = PersistentVolume

    async def reconcile(self, key: Key) -> float | None:
        """Let one volume go, if it is to go and free."""
        volume = self.cache(PersistentVolume).get(key.namespace, key.name)
        if volume is None:
            return None
        if volume.metadata.deletion_timestamp is None:
            await add_finalizer(self.client, volume, VOLUME_FINALIZER)
        elif volume.status is None or volume.status.phase != "Bound":
            await remove_finalizer(self.client, volume, VOLUME_FINALIZER)
        return None


def classes_of(obj: PersistentVolume | PersistentVolumeClaim) -> list[str]:
    """The classes of attributes that a volume has, or that a claim asks for, has or is changed to."""
    names = {obj.spec.volume_attributes_class_name} if obj.spec is not None else set()
    if isinstance(obj, PersistentVolumeClaim) and obj.status is not None:
        names.add(obj.status.current_volume_attributes_class_name)
        change = obj.status.modify_volume_status
        names.add(change.target_volume_attributes_class_name if change is not None else None)
    return sorted(name for name in names if name)


class ClassProtectionController(KubernetesController):
    """Lets go of deleted classes of attributes that no claim and no volume names."""

    name = "vac-protection"
    account = "volumeattributesclass-protection-controller"
    kind = VolumeAttributesClass

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A claim or volume that changes or goes may have left a class."""
        return {PersistentVolume: self._of_user, PersistentVolumeClaim: self._of_user}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Claims and volumes by their classes."""
        return {
            PersistentVolume: {"class": classes_of},
            PersistentVolumeClaim: {"class": classes_of},
        }

    def _of_user(self, change: Change[Any]) -> Iterable[Key]:
        old = classes_of(change.old) if change.old is not None else []
        new = classes_of(change.new) if change.new is not None else []
        return [Key("", name) for name in old if name not in new]

    async def reconcile(self, key: Key) -> float | None:
        """Let one class go, if it is to go and nobody names it."""
        found = self.cache(VolumeAttributesClass).get(key.namespace, key.name)
        if found is None:
            return None
        if found.metadata.deletion_timestamp is None:
            await add_finalizer(self.client, found, CLASS_FINALIZER)
            return None
        users = (
            self.cache(PersistentVolume).by_index("class", key.name),
            self.cache(PersistentVolumeClaim).by_index("class", key.name),
        )
        if not any(users):
            await remove_finalizer(self.client, found, CLASS_FINALIZER)
        return None
