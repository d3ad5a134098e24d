"""The phase of each volume, and what becomes of one whose claim is gone.

A released volume that the simulated provisioner made is deleted where its policy says `Delete`, and one of a host or
of NFS is emptied where it says `Recycle`. Others stay `Released`: whoever made them deletes them, or an administrator does.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeStatus,
)
from orchestrator.client import Change, Key, KeyFunction, Source
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.volumes.claims import BOUND_BY_CONTROLLER
from orchestrator.controllers.volumes.matching import claim_named, has_other_mode
from orchestrator.controllers.volumes.provisioner import PROVISIONED_BY, is_simulated
from orchestrator.controllers.volumes.recycler import (
    LOOK_SECONDS,
    RETRY_SECONDS,
    is_recyclable,
    recycle,
    users_of,
)
from orchestrator.machinery.times import format_time
from orchestrator.protocol import NotFound

_OVER: Final = ("Released", "Failed")
_IN_TREE: Final = "kubernetes.io/"
_NOT_RECYCLED: Final = "No recycler plugin found for the volume!"


def is_released(volume: PersistentVolume, claim: PersistentVolumeClaim | None) -> bool:
    """Whether nobody has the volume any more, whose claim of that name is `claim`: the claim that had it is gone, or
    it was made for a claim that has got another.
    """
    spec = volume.spec
    reference = spec.claim_ref if spec is not None else None
    if spec is None or reference is None or not reference.uid:
        return False
    if claim is None or claim.metadata.uid != reference.uid:
        return True
    made = PROVISIONED_BY in volume.metadata.annotations
    given_back = made and spec.persistent_volume_reclaim_policy == "Delete"
    return given_back and _has_another(volume, claim)


def _has_another(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    name = claim.spec.volume_name if claim.spec is not None else ""
    return bool(name) and name != volume.metadata.name


class VolumeKeeper(KubernetesController):
    """Keeps volumes' phases and gives back what is released."""

    name = "persistentvolume-keeper"
    event_source = "persistentvolume-controller"
    account = "persistent-volume-binder"
    dormant = True
    kind = PersistentVolume

    def watches(self) -> Mapping[Any, Source]:
        """A claim concerns the volume that it names, or named, and those that name it."""
        return {PersistentVolumeClaim: self._of_claim}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Volumes by the claim that they name."""
        return {PersistentVolume: {"claim": claim_named}}

    def _of_claim(self, change: Change[PersistentVolumeClaim]) -> Iterable[Key]:
        metadata, spec = change.latest.metadata, change.latest.spec
        claim = f"{metadata.namespace}/{metadata.name}"
        named = self.cache(PersistentVolume).by_index("claim", claim)
        keys = dict.fromkeys(Key("", each.metadata.name) for each in named)
        if spec is not None and spec.volume_name:
            keys[Key("", spec.volume_name)] = None
        return keys

    async def reconcile(self, key: Key) -> float | None:
        """One step of a volume."""
        volume = self.cache(PersistentVolume).get("", key.name)
        if volume is None or volume.spec is None:
            return None
        reference = volume.spec.claim_ref
        if reference is None or not reference.uid:
            await self._enter(volume, "Available")
            return None
        claim = await self._claim(reference)
        if is_released(volume, claim):
            return await self._release(volume, reference)
        if claim is not None and claim.spec is not None:
            if claim.spec.volume_name == volume.metadata.name:
                await self._enter(volume, "Bound")
            elif claim.spec.volume_name:
                await self._unbind(volume, reference)
            else:
                await self._wait(volume, claim)
        return None

    async def _wait(self, volume: PersistentVolume, claim: PersistentVolumeClaim) -> None:
        """The claim that the volume names has not got it yet: the binder sees to it, unless they never fit."""
        if has_other_mode(volume, claim):
            ours, theirs = volume.metadata.name, claim.metadata.name
            said = f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{theirs}" due to incompatible volumeMode.'
            self.events.event(volume, "Warning", "VolumeMismatch", said)
            said = f'Cannot bind PersistentVolume "{ours}" to requested PersistentVolumeClaim due to incompatible volumeMode.'
            self.events.event(claim, "Warning", "VolumeMismatch", said)

    async def _claim(self, reference: ObjectReference) -> PersistentVolumeClaim | None:
        """The claim; looked up live before it counts as gone, since its volume would be deleted."""
        found = self.cache(PersistentVolumeClaim).get(reference.namespace, reference.name)
        if found is not None and found.metadata.uid == reference.uid:
            return found
        try:
            return await self.client.get(
                PersistentVolumeClaim, reference.name, namespace=reference.namespace
            )
        except NotFound:
            return None

    async def _enter(
        self, volume: PersistentVolume, phase: str, message: str = ""
    ) -> PersistentVolume:
        before = volume.status or PersistentVolumeStatus()
        if before.phase == phase:
            return volume
        now = format_time(self.ctx.clock.now())
        status = replace(before, phase=phase, message=message, last_phase_transition_time=now)
        return await self.client.update_status(replace(volume, status=status))

    async def _unbind(self, volume: PersistentVolume, reference: ObjectReference) -> None:
        """The claim got another volume: this one is free again, or kept for the claim as before."""
        assert volume.spec is not None
        annotations = dict(volume.metadata.annotations)
        kept: ObjectReference | None = replace(reference, uid="")
        if annotations.pop(BOUND_BY_CONTROLLER, None) is not None:
            kept = None
        metadata = replace(volume.metadata, annotations=annotations)
        spec = replace(volume.spec, claim_ref=kept)
        freed = await self.client.update(replace(volume, metadata=metadata, spec=spec))
        await self._enter(freed, "Available")

    # --- what nobody has -------------------------------------------------------------------

    async def _release(self, volume: PersistentVolume, reference: ObjectReference) -> float | None:
        if volume.status is None or volume.status.phase not in _OVER:
            volume = await self._enter(volume, "Released")
        if volume.metadata.deletion_timestamp is not None or volume.spec is None:
            return None
        match volume.spec.persistent_volume_reclaim_policy:
            case "Delete":
                await self._delete(volume)
            case "Recycle" if is_recyclable(volume):
                return await self._recycle(volume, reference)
            case "Recycle":
                await self._fail(volume, "VolumeFailedRecycle", _NOT_RECYCLED)
        return None

    async def _recycle(self, volume: PersistentVolume, reference: ObjectReference) -> float | None:
        """Have a volume emptied once its pods are gone, and let it be bound again."""
        # A claim of that name is another by now: who uses it does not use this volume.
        if self.cache(PersistentVolumeClaim).get(reference.namespace, reference.name) is None:
            users = await users_of(self.client, reference)
            if users:
                said = f"Volume is used by pods: {','.join(users)}"
                self.events.event(volume, "Normal", "VolumeFailedRecycle", said)
                return RETRY_SECONDS
        why = await recycle(self.client, volume)
        if why is None:
            return LOOK_SECONDS
        if why:
            await self._fail(volume, "VolumeFailedRecycle", why)
            return RETRY_SECONDS
        self.events.event(volume, "Normal", "VolumeRecycled", "Volume recycled")
        await self._unbind(volume, reference)
        return None

    async def _delete(self, volume: PersistentVolume) -> None:
        metadata = volume.metadata
        why = _undeletable(volume)
        if why:
            await self._fail(volume, "VolumeFailedDelete", why)
        elif is_simulated(volume) or _is_of_host(volume):
            try:
                await self.client.delete(PersistentVolume, metadata.name, uid=metadata.uid)
            except NotFound:
                return

    async def _fail(self, volume: PersistentVolume, reason: str, why: str) -> None:
        if volume.status is not None and volume.status.phase != "Failed":
            failed = await self._enter(volume, "Failed", why)
            self.events.event(failed, "Warning", reason, why)


def _is_of_host(volume: PersistentVolume) -> bool:
    return volume.spec is not None and volume.spec.host_path is not None


def _undeletable(volume: PersistentVolume) -> str:
    """Why a volume cannot be deleted, by whoever that is for; empty: it can, or somebody else sees to it."""
    name, spec = volume.metadata.name, volume.spec
    provisioner = volume.metadata.annotations.get(PROVISIONED_BY, "")
    if provisioner:
        unknown = f"no volume plugin matched name: {provisioner}"
        return unknown if provisioner.startswith(_IN_TREE) else ""
    if spec is None or spec.csi is not None:
        return ""
    if spec.host_path is not None:
        path = spec.host_path.path
        below = path.startswith("/tmp/") and len(path) > len("/tmp/")
        return (
            "" if below else f"host_path deleter only supports /tmp/.+ but received provided {path}"
        )
    return f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
