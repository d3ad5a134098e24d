"""Claims that ask for more than they have, or for other attributes: their volume follows, if it is a simulated disk.

Follows kube-controller-manager's expand controller, which leaves the volumes of CSI drivers to the driver's
resizer and says so; the simulated disk's is here, and needs no time.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    ModifyVolumeStatus,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimStatus,
)
from orchestrator.api.storage.v1 import VolumeAttributesClass
from orchestrator.client import Change, Key, Source, write_status
from orchestrator.controllers.base import API_SERVER, KubernetesController
from orchestrator.controllers.volumes.matching import asked_of, is_bound, is_claimed_by, size_of
from orchestrator.controllers.volumes.migration import MIGRATED, plugin_of
from orchestrator.controllers.volumes.provisioner import is_simulated
from orchestrator.machinery.quantities import nano
from orchestrator.machinery.volumes import SIMULATED_DRIVER

_STORAGE: Final = "storage"
_RETRY_SECONDS: Final = 15.0
_RESIZER: Final = (
    "volume.kubernetes.io/storage-resizer"  # which driver's resizer is to see to a claim
)
_WAITING: Final = "waiting for an external controller to expand this PVC"


class ExpandController(KubernetesController):
    """Says of each claim that wants to grow who will see to it."""

    name = "volume-expand"
    event_source = "volume_expand"
    account = "expand-controller"
    dormant = True
    kind = PersistentVolumeClaim

    def watches(self) -> Mapping[Any, Source]:
        """Volumes are only looked up."""
        return {PersistentVolume: lambda _: ()}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A claim that asks for more than before."""
        old, new = change.old, change.new
        if old is None or new is None or asked_of(new) <= asked_of(old):
            return ()
        return (Key(new.metadata.namespace, new.metadata.name),)

    async def reconcile(self, key: Key) -> float | None:
        """Look at one claim."""
        claim = self.cache(PersistentVolumeClaim).get(*key)
        volume = None if claim is None else _volume(self.cache(PersistentVolume), claim)
        if claim is None or volume is None or not wants_more(claim) or is_simulated(volume):
            return None
        plugin = plugin_of(volume)
        if not plugin:
            self.events.event(claim, "Normal", "ExternalExpanding", _WAITING)
            return None
        message = (
            f"CSI migration enabled for {plugin}; waiting for external resizer to expand the pvc"
        )
        self.events.event(claim, "Normal", "ExternalExpanding", message)
        if claim.metadata.annotations.get(_RESIZER) != MIGRATED[plugin]:
            body = {"metadata": {"annotations": {_RESIZER: MIGRATED[plugin]}}}
            await self.client.patch(
                PersistentVolumeClaim,
                key.name,
                body,
                namespace=key.namespace,
                subresource="status",
            )
        return None


class SimulatedResizer(KubernetesController):
    """Grows simulated disks, and gives them other attributes: what a CSI driver's external resizer does."""

    name = "simulated-resizer"
    event_source = "external-resizer simulation.orchestrator.dev"
    account = ""
    identity = API_SERVER
    dormant = True
    kind = PersistentVolumeClaim

    def watches(self) -> Mapping[Any, Source]:
        """Volumes are only looked up."""
        return {PersistentVolume: lambda _: ()}

    async def reconcile(self, key: Key) -> float | None:
        """Let the volume of one claim become what the claim asks for, then say so in the claim."""
        claim = self.cache(PersistentVolumeClaim).get(*key)
        volume = None if claim is None else _volume(self.cache(PersistentVolume), claim)
        if claim is None or volume is None or not is_simulated(volume):
            return None
        if wants_more(claim):
            await self._grow(claim, volume)
        elif target := wants_other(claim):
            return await self._modify(claim, volume, target)
        return None

    async def _grow(self, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
        assert claim.spec is not None
        assert claim.spec.resources is not None
        assert volume.spec is not None
        size = claim.spec.resources.requests[_STORAGE]
        if asked_of(claim) > size_of(volume):
            message = f"External resizer is resizing volume {volume.metadata.name}"
            self.events.event(claim, "Normal", "Resizing", message)
            grown = replace(volume.spec, capacity={**volume.spec.capacity, _STORAGE: size})
            await self.client.update(replace(volume, spec=grown))
        status = claim.status or PersistentVolumeClaimStatus()
        said = replace(
            status,
            capacity={**status.capacity, _STORAGE: size},
            allocated_resources={**status.allocated_resources, _STORAGE: size},
        )
        await write_status(self.client, claim, said)
        self.events.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")

    async def _modify(
        self, claim: PersistentVolumeClaim, volume: PersistentVolume, target: str
    ) -> float | None:
        """Give the volume the attributes of another class, once there is one of its driver."""
        assert volume.spec is not None
        status, name = claim.status or PersistentVolumeClaimStatus(), volume.metadata.name
        found = self.cache(VolumeAttributesClass).get("", target)
        if found is None or found.driver_name != SIMULATED_DRIVER:
            state = "Pending" if found is None else "Infeasible"
            change = ModifyVolumeStatus(target_volume_attributes_class_name=target, status=state)
            if status.modify_volume_status != change:
                waiting = replace(status, modify_volume_status=change)
                await write_status(self.client, claim, waiting)
            why = f"VAC {target} does not exist"
            if found is not None:
                why = f"VAC {target} is of driver {found.driver_name}"
            self.events.event(claim, "Warning", "VolumeModifyFailed", why)
            return _RETRY_SECONDS
        if volume.spec.volume_attributes_class_name != target:
            message = f"external resizer is modifying volume {name} with vac {target}"
            self.events.event(claim, "Normal", "VolumeModify", message)
            changed = replace(volume.spec, volume_attributes_class_name=target)
            await self.client.update(replace(volume, spec=changed))
        done = replace(
            status, current_volume_attributes_class_name=target, modify_volume_status=None
        )
        await write_status(self.client, claim, done)
        message = f"external resizer modified volume {name} with vac {target} successfully"
        self.events.event(claim, "Normal", "VolumeModifySuccessful", message)
        return None


def wants_more(claim: PersistentVolumeClaim) -> bool:
    """Whether a bound claim asks for more than its status says it has."""
    has = claim.status.capacity.get(_STORAGE) if claim.status is not None else None
    return has is not None and is_bound(claim) and asked_of(claim) > nano(has)


def wants_other(claim: PersistentVolumeClaim) -> str:
    """The class of attributes that a bound claim is to have and does not; empty: it has what it asks for."""
    wanted = claim.spec.volume_attributes_class_name if claim.spec is not None else ""
    has = claim.status.current_volume_attributes_class_name if claim.status is not None else ""
    return wanted if wanted and wanted != has and is_bound(claim) else ""


def _volume(volumes: Any, claim: PersistentVolumeClaim) -> PersistentVolume | None:
    found: PersistentVolume | None = volumes.get("", claim.spec.volume_name if claim.spec else "")
    return found if found is not None and is_claimed_by(found, claim) else None
