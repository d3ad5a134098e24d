"""The phase of each volume, and what becomes of one whose claim is gone.

A released volume that the simulated provisioner made is deleted where its policy says `Delete`. Others stay
`Released`: whoever made them deletes them, or an administrator does.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeStatus,
)
from orchestrator.client import Change, Key, Source
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.volumes.provisioner import is_simulated
from orchestrator.machinery.times import format_time
from orchestrator.protocol import NotFound


def phase_of(volume: PersistentVolume, claim: PersistentVolumeClaim | None) -> str:
    """The phase of a volume, whose claim is `claim` if there is one of the name that it says."""
    before = volume.status.phase if volume.status is not None else ""
    reference = volume.spec.claim_ref if volume.spec is not None else None
    if reference is None or not reference.uid:
        return "Available"
    if claim is None or claim.metadata.uid != reference.uid:
        return "Released"
    if claim.spec is not None and claim.spec.volume_name == volume.metadata.name:
        return "Bound"
    return before or "Pending"


class VolumeKeeper(KubernetesController):
    """Keeps volumes' phases and gives back what is released."""

    name = "persistentvolume-keeper"
    event_source = "persistentvolume-controller"
    account = "persistent-volume-binder"
    dormant = True
    kind = PersistentVolume

    def watches(self) -> Mapping[Any, Source]:
        """A claim concerns the volume that it names, or named."""
        return {PersistentVolumeClaim: _of_claim}

    async def reconcile(self, key: Key) -> float | None:
        """One step of a volume."""
        volume = self.cache(PersistentVolume).get("", key.name)
        if volume is None or volume.spec is None:
            return None
        reference = volume.spec.claim_ref
        claim = await self._claim(reference) if reference is not None else None
        phase = phase_of(volume, claim)
        before = volume.status or PersistentVolumeStatus()
        if phase != before.phase:
            now = format_time(self.ctx.clock.now())
            status = replace(before, phase=phase, last_phase_transition_time=now)
            volume = await self.client.update_status(replace(volume, status=status))
        if phase == "Released" and volume.metadata.deletion_timestamp is None:
            await self._give_back(volume)
        return None

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

    async def _give_back(self, volume: PersistentVolume) -> None:
        assert volume.spec is not None
        metadata = volume.metadata
        if volume.spec.persistent_volume_reclaim_policy != "Delete" or not is_simulated(volume):
            return
        try:
            await self.client.delete(PersistentVolume, metadata.name, uid=metadata.uid)
        except NotFound:
            return


def _of_claim(change: Change[PersistentVolumeClaim]) -> Iterable[Key]:
    spec = change.latest.spec
    return (Key("", spec.volume_name),) if spec is not None and spec.volume_name else ()
