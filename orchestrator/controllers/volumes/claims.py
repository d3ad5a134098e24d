"""The binder of claims.

A binding is two writes: first the volume names the claim, then the claim names the volume. What a crash leaves
half done is finished from there. A claim whose class waits for its first consumer is left alone until the
scheduler has chosen a node.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimStatus,
)
from orchestrator.api.scalars import EMPTY
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.client import Change, Key, Source, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.volumes.matching import (
    class_of,
    find,
    is_claimed_by,
    suits,
)
from orchestrator.controllers.volumes.provisioner import (
    PROVISIONER,
    reference_to,
    volume_for,
)
from orchestrator.machinery.volumes import BIND_COMPLETED
from orchestrator.protocol import AlreadyExists

BOUND_BY_CONTROLLER: Final = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
_STORAGE_PROVISIONERS: Final = (
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
_NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"
_RETRY_SECONDS: Final = 15.0
_NOTHING = "no persistent volumes available for this claim and no storage class is set"
_WAITING = "waiting for first consumer to be created before binding"
_LOST = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"


class ClaimBinder(KubernetesController):
    """Finds or has made a volume for each claim."""

    name = "persistentvolume-binder"
    event_source = "persistentvolume-controller"
    account = "persistent-volume-binder"
    dormant = True
    kind = PersistentVolumeClaim

    def watches(self) -> Mapping[Any, Source]:
        """A volume concerns its claim, or all that wait for one; a class those that wait for it."""
        return {PersistentVolume: self._of_volume, StorageClass: self._of_class}

    def _of_volume(self, change: Change[PersistentVolume]) -> Iterable[Key]:
        spec = change.latest.spec
        reference = spec.claim_ref if spec is not None else None
        if reference is not None:
            return (Key(reference.namespace, reference.name),)
        if change.new is None:
            return ()
        return [
            key_of(claim)
            for claim in self.cache(PersistentVolumeClaim).list()
            if not is_bound(claim) and suits(change.new, claim)
        ]

    def _of_class(self, change: Change[StorageClass]) -> Iterable[Key]:
        name = change.latest.metadata.name
        claims = self.cache(PersistentVolumeClaim).list()
        return [key_of(each) for each in claims if not is_bound(each) and class_of(each) == name]

    async def reconcile(self, key: Key) -> float | None:
        """One step of a claim."""
        claim = self.cache(PersistentVolumeClaim).get(key.namespace, key.name)
        if claim is None or claim.spec is None:
            return None
        named = self.cache(PersistentVolume).get("", claim.spec.volume_name)
        if is_bound(claim):
            await self._keep(claim, named)
            return None
        if claim.metadata.deletion_timestamp is not None:
            return None
        if claim.spec.volume_name:
            if named is not None and _is_for(named, claim):
                await self._bind(claim, named)
            return None
        storage_class = self.cache(StorageClass).get("", class_of(claim))
        waits = storage_class is not None and (
            storage_class.volume_binding_mode == "WaitForFirstConsumer"
        )
        volumes = list(self.cache(PersistentVolume).list())
        if waits and SELECTED_NODE not in claim.metadata.annotations:
            # The scheduler binds or selects; what it has bound names the claim already.
            volumes = [volume for volume in volumes if is_claimed_by(volume, claim)]
        found = find(claim, volumes)
        if found is not None:
            await self._bind(claim, found)
            return None
        return await self._have_made(claim, storage_class, waits)

    # --- without a volume ------------------------------------------------------------------

    async def _have_made(
        self, claim: PersistentVolumeClaim, storage_class: StorageClass | None, waits: bool
    ) -> float | None:
        if storage_class is None:
            if not class_of(claim):
                self.events.event(claim, "Normal", "FailedBinding", _NOTHING)
            else:
                message = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
                self.events.event(claim, "Warning", "ProvisioningFailed", message)
            return _RETRY_SECONDS
        if waits and SELECTED_NODE not in claim.metadata.annotations:
            self.events.event(claim, "Normal", "WaitForFirstConsumer", _WAITING)
            return _RETRY_SECONDS
        provisioner = storage_class.provisioner
        if provisioner == _NO_PROVISIONER:
            self.events.event(claim, "Normal", "FailedBinding", _NOTHING)
            return _RETRY_SECONDS
        wanted = dict.fromkeys(_STORAGE_PROVISIONERS, provisioner)
        if not wanted.items() <= claim.metadata.annotations.items():
            await self._annotate(claim, wanted)
            return None  # its change brings the claim back
        if provisioner != PROVISIONER:
            message = (
                f"Waiting for a volume to be created either by the external provisioner "
                f"'{provisioner}' or manually by the system administrator. If volume creation is "
                "delayed, please verify that the provisioner is running and correctly registered."
            )
            self.events.event(claim, "Normal", "ExternalProvisioning", message)
            return _RETRY_SECONDS
        volume = volume_for(claim, storage_class)
        try:
            await self.client.create(volume)
        except AlreadyExists:
            return None  # the cache is behind: its coming brings the claim back
        message = f"Successfully provisioned volume {volume.metadata.name}"
        self.events.event(claim, "Normal", "ProvisioningSucceeded", message)
        return None

    async def _annotate(
        self, claim: PersistentVolumeClaim, wanted: Mapping[str, str]
    ) -> PersistentVolumeClaim:
        annotations = {**claim.metadata.annotations, **wanted}
        metadata = replace(claim.metadata, annotations=annotations)
        return await self.client.update(replace(claim, metadata=metadata))

    # --- with a volume ---------------------------------------------------------------------

    async def _bind(self, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
        spec = volume.spec
        assert spec is not None
        assert claim.spec is not None
        if spec.claim_ref is None or not spec.claim_ref.uid:
            metadata = volume.metadata
            if spec.claim_ref is None:
                annotations = {**metadata.annotations, BOUND_BY_CONTROLLER: "yes"}
                metadata = replace(metadata, annotations=annotations)
            claimed = replace(spec, claim_ref=reference_to(claim))
            volume = await self.client.update(replace(volume, metadata=metadata, spec=claimed))
        added = {BIND_COMPLETED: "yes"}
        if not claim.spec.volume_name:
            added[BOUND_BY_CONTROLLER] = "yes"
        metadata = replace(claim.metadata, annotations={**claim.metadata.annotations, **added})
        named = replace(claim.spec, volume_name=volume.metadata.name)
        claim = await self.client.update(replace(claim, metadata=metadata, spec=named))
        await self._show_bound(claim, volume)

    async def _show_bound(self, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
        assert volume.spec is not None
        before = claim.status or PersistentVolumeClaimStatus()
        status = replace(
            before,
            phase="Bound",
            access_modes=volume.spec.access_modes,
            # How much a bound claim has grown is for its resizer to say.
            capacity=before.capacity if before.phase == "Bound" else volume.spec.capacity,
        )
        if status != before:
            await self.client.update_status(replace(claim, status=status))

    async def _keep(self, claim: PersistentVolumeClaim, volume: PersistentVolume | None) -> None:
        """A bound claim: lost with its volume."""
        if volume is None or not is_claimed_by(volume, claim):
            status = claim.status or PersistentVolumeClaimStatus()
            if status.phase != "Lost":
                lost = replace(status, phase="Lost", access_modes=(), capacity=EMPTY)
                await self.client.update_status(replace(claim, status=lost))
                self.events.event(claim, "Warning", "ClaimLost", _LOST)
            return
        await self._show_bound(claim, volume)


def is_bound(claim: PersistentVolumeClaim) -> bool:
    """Whether the claim has been bound to a volume for good."""
    named = claim.spec is not None and bool(claim.spec.volume_name)
    return named and BIND_COMPLETED in claim.metadata.annotations


def _is_for(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether a volume that a claim names is free, or the claim's, and what it asks for."""
    free = volume.spec is not None and volume.spec.claim_ref is None
    return is_claimed_by(volume, claim) or (free and suits(volume, claim))
