"""The binder of claims.

A binding is two writes: first the volume names the claim, then the claim names the volume. What a crash leaves
half done is finished from there. A claim whose class waits for its first consumer is left alone until the
scheduler has chosen a node. Volumes are made by their classes' provisioners, which are told by an annotation.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimStatus,
    Pod,
)
from orchestrator.api.scalars import EMPTY
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.client import Change, Key, KeyFunction, Source
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.volume_protection import claims_of
from orchestrator.controllers.volumes.matching import (
    claim_named,
    class_of,
    find,
    has_class,
    is_claimed_by,
    mismatch,
)
from orchestrator.controllers.volumes.migration import MIGRATED
from orchestrator.controllers.volumes.provisioner import PROVISIONER_ANNOTATION
from orchestrator.machinery.default_classes import STORAGE_MARKS, default_name
from orchestrator.machinery.references import reference_to
from orchestrator.machinery.volumes import BIND_COMPLETED

BOUND_BY_CONTROLLER: Final = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
_STORAGE_PROVISIONERS: Final = (
    PROVISIONER_ANNOTATION,
    "volume.beta.kubernetes.io/storage-provisioner",
)
_IN_TREE: Final = "kubernetes.io/"
_HOST_PATH: Final = "kubernetes.io/host-path"  # the one that is left of those that make volumes
_NFS: Final = "kubernetes.io/nfs"  # which is left, too, but makes none
_RETRY_SECONDS: Final = (
    15.0  # --pvclaimbinder-sync-period: when a claim that waits is looked at again
)
_NOTHING = "no persistent volumes available for this claim and no storage class is set"
_DISABLED = (
    f'Failed to create provisioner: provisioning in volume plugin "{_HOST_PATH}" is disabled'
)
_WAITING = "waiting for first consumer to be created before binding"
_LOST = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
_UNNAMED = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
_MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"


class ClaimBinder(KubernetesController):
    """Finds or has made a volume for each claim."""

    name = "persistentvolume-binder"
    event_source = "persistentvolume-controller"
    account = "persistent-volume-binder"
    dormant = True
    kind = PersistentVolumeClaim

    def watches(self) -> Mapping[Any, Source]:
        """A volume concerns the claim that it is bound to; classes are looked up."""
        return {PersistentVolume: _bound_to, StorageClass: lambda _: ()}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods and volumes by claim."""
        return {Pod: {"claim": claims_of}, PersistentVolume: {"claim": claim_named}}

    async def reconcile(self, key: Key) -> float | None:
        """One step of a claim."""
        claim = self.cache(PersistentVolumeClaim).get(key.namespace, key.name)
        if claim is None or claim.spec is None:
            return None
        if BIND_COMPLETED in claim.metadata.annotations:
            await self._keep(claim)
            return None
        if claim.spec.volume_name:
            return await self._take(claim, claim.spec.volume_name)
        storage_class = self.cache(StorageClass).get("", class_of(claim))
        delayed = storage_class is not None and (
            storage_class.volume_binding_mode == "WaitForFirstConsumer"
        )
        volumes = self.cache(PersistentVolume)
        own = volumes.by_index("claim", f"{key.namespace}/{key.name}")
        found = find(claim, (*own, *volumes.by_index("claim", "")), delayed=delayed)
        if found is not None:
            await self._bind(claim, found)
            return None
        if claim.metadata.deletion_timestamp is not None or await self._assign_class(claim):
            return None
        if delayed and SELECTED_NODE not in claim.metadata.annotations:
            self._tell_waiting(claim)
        elif class_of(claim):
            await self._have_made(claim, storage_class)
            return _RETRY_SECONDS
        else:
            self.events.event(claim, "Normal", "FailedBinding", _NOTHING)
        await self._show_pending(claim)
        return _RETRY_SECONDS

    # --- without a volume ------------------------------------------------------------------

    async def _assign_class(self, claim: PersistentVolumeClaim) -> bool:
        """Give a claim that says nothing of a class the default one, if there is one by now."""
        assert claim.spec is not None
        if has_class(claim):
            return False
        default = default_name(self.cache(StorageClass).list(), STORAGE_MARKS)
        if not default:
            return False
        spec = replace(claim.spec, storage_class_name=default)
        await self.client.update(replace(claim, spec=spec))
        return True

    def _tell_waiting(self, claim: PersistentVolumeClaim) -> None:
        """Say for what a claim waits whose volume is bound when a pod that uses it has a node."""
        metadata = claim.metadata
        users = self.cache(Pod).by_index("claim", f"{metadata.namespace}/{metadata.name}")
        pods = sorted(pod.metadata.name for pod in users if _is_unscheduled(pod))
        if not pods:
            self.events.event(claim, "Normal", "WaitForFirstConsumer", _WAITING)
            return
        what = "pod" if len(pods) == 1 else "pods"
        message = f"waiting for {what} {','.join(pods)} to be scheduled"
        self.events.event(claim, "Normal", "WaitForPodScheduled", message)

    async def _have_made(
        self, claim: PersistentVolumeClaim, storage_class: StorageClass | None
    ) -> None:
        """Tell the provisioner of the claim's class that a volume is wanted."""
        why, provisioner = "", storage_class.provisioner if storage_class is not None else ""
        provisioner = MIGRATED.get(provisioner, provisioner)
        if storage_class is None:
            why = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
        elif provisioner == _NFS:
            why = "no provisionable volume plugin matched"
        elif provisioner.startswith(_IN_TREE) and provisioner != _HOST_PATH:
            why = f"no volume plugin matched name: {provisioner}"
        if why:
            self.events.event(claim, "Warning", "ProvisioningFailed", why)
            return
        wanted = dict.fromkeys(_STORAGE_PROVISIONERS, provisioner)
        if not wanted.items() <= claim.metadata.annotations.items():
            annotations = {**claim.metadata.annotations, **wanted}
            metadata = replace(claim.metadata, annotations=annotations)
            claim = await self.client.update(replace(claim, metadata=metadata))
        if provisioner == _HOST_PATH:
            self.events.event(claim, "Warning", "ProvisioningFailed", _DISABLED)
            return
        message = (
            f"Waiting for a volume to be created either by the external provisioner "
            f"'{provisioner}' or manually by the system administrator. If volume creation is "
            "delayed, please verify that the provisioner is running and correctly registered."
        )
        self.events.event(claim, "Normal", "ExternalProvisioning", message)

    async def _show_pending(self, claim: PersistentVolumeClaim) -> None:
        status = claim.status or PersistentVolumeClaimStatus()
        pending = _without_volume(status, "Pending")
        if pending != status:
            await self.client.update_status(replace(claim, status=pending))

    # --- with a volume ---------------------------------------------------------------------

    async def _take(self, claim: PersistentVolumeClaim, name: str) -> float | None:
        """Bind a claim to the volume that it names, if that is there, free and suits it."""
        volume = self.cache(PersistentVolume).get("", name)
        if volume is None or volume.spec is None:
            await self._show_pending(claim)
            return _RETRY_SECONDS
        if volume.spec.claim_ref is None:
            why = mismatch(volume, claim)
            if not why:
                await self._bind(claim, volume)
                return None
            message = f'Cannot bind to requested volume "{name}": {why}'
            self.events.event(claim, "Warning", "VolumeMismatch", message)
        elif is_claimed_by(volume, claim):
            await self._bind(claim, volume)
            return None
        else:
            message = f'volume "{name}" already bound to a different claim.'
            self.events.event(claim, "Warning", "FailedBinding", message)
        await self._show_pending(claim)
        return _RETRY_SECONDS

    async def _bind(self, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
        assert claim.spec is not None
        volume = await self._reserve(claim, volume)
        metadata, name = claim.metadata, volume.metadata.name
        added = {} if BIND_COMPLETED in metadata.annotations else {BIND_COMPLETED: "yes"}
        if claim.spec.volume_name != name:
            added[BOUND_BY_CONTROLLER] = "yes"
        if added:
            metadata = replace(metadata, annotations={**metadata.annotations, **added})
            named = replace(claim.spec, volume_name=name)
            claim = await self.client.update(replace(claim, metadata=metadata, spec=named))
        await self._show_bound(claim, volume)

    async def _reserve(
        self, claim: PersistentVolumeClaim, volume: PersistentVolume
    ) -> PersistentVolume:
        """Have the volume name the claim."""
        spec, metadata = volume.spec, volume.metadata
        assert spec is not None
        if spec.claim_ref is not None and spec.claim_ref.uid == claim.metadata.uid:
            return volume
        if spec.claim_ref is None:
            annotations = {**metadata.annotations, BOUND_BY_CONTROLLER: "yes"}
            metadata = replace(metadata, annotations=annotations)
        claimed = replace(spec, claim_ref=reference_to(claim))
        return await self.client.update(replace(volume, metadata=metadata, spec=claimed))

    async def _show_bound(self, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
        assert volume.spec is not None
        before = claim.status or PersistentVolumeClaimStatus()
        # What a bound claim has grown to, or changed to, is for its resizer to say.
        known = before.phase == "Bound"
        attributes = volume.spec.volume_attributes_class_name
        status = replace(
            before,
            phase="Bound",
            access_modes=volume.spec.access_modes,
            capacity=before.capacity if known else volume.spec.capacity,
            current_volume_attributes_class_name=(
                before.current_volume_attributes_class_name if known else attributes
            ),
        )
        if status != before:
            await self.client.update_status(replace(claim, status=status))

    async def _keep(self, claim: PersistentVolumeClaim) -> None:
        """A bound claim: lost with its volume."""
        assert claim.spec is not None
        if not claim.spec.volume_name:
            await self._lose(claim, "ClaimLost", _UNNAMED)
            return
        volume = self.cache(PersistentVolume).get("", claim.spec.volume_name)
        if volume is None or volume.spec is None:
            await self._lose(claim, "ClaimLost", _LOST)
            return
        reference = volume.spec.claim_ref
        if reference is None or reference.uid == claim.metadata.uid:
            await self._bind(claim, volume)
        else:
            await self._lose(claim, "ClaimMisbound", _MISBOUND)

    async def _lose(self, claim: PersistentVolumeClaim, reason: str, message: str) -> None:
        status = claim.status or PersistentVolumeClaimStatus()
        if status.phase != "Lost":
            lost = replace(claim, status=_without_volume(status, "Lost"))
            await self.client.update_status(lost)
            self.events.event(claim, "Warning", reason, message)


def _without_volume(status: PersistentVolumeClaimStatus, phase: str) -> PersistentVolumeClaimStatus:
    return replace(
        status,
        phase=phase,
        access_modes=(),
        capacity=EMPTY,
        current_volume_attributes_class_name=None,
    )


def _bound_to(change: Change[PersistentVolume]) -> Iterable[Key | tuple[Key, float]]:
    """The claim of a volume that is bound, or gone; the one that it was bound to before, in the next round.

    A volume that is free, or kept for a claim of some name, is found when claims are looked at again.
    """
    new = change.new
    for key in _claim_named(change.old):
        yield key if new is None else (key, _RETRY_SECONDS)
    if new is not None and new.spec is not None and new.spec.claim_ref is not None:
        yield from _claim_named(new) if new.spec.claim_ref.uid else ()


def _claim_named(volume: PersistentVolume | None) -> tuple[Key, ...]:
    reference = volume.spec.claim_ref if volume is not None and volume.spec is not None else None
    return (Key(reference.namespace, reference.name),) if reference is not None else ()


def _is_unscheduled(pod: Pod) -> bool:
    phase = pod.status.phase if pod.status is not None else ""
    ended = phase in ("Succeeded", "Failed")
    return not ended and (pod.spec is None or not pod.spec.node_name)
