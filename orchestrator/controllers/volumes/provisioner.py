"""The provisioner of simulated disks, for storage classes that name it: a CSI driver's external provisioner."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import (
    CSIPersistentVolumeSource,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeSpec,
    TypedObjectReference,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.storage.v1 import StorageClass, VolumeAttributesClass
from orchestrator.client import Change, Key, Source, TemporaryError
from orchestrator.controllers.base import API_SERVER, KubernetesController
from orchestrator.controllers.volumes.matching import (
    asked_of,
    class_of,
    has_other_mode,
    is_bound,
    size_of,
)
from orchestrator.machinery.references import reference_to
from orchestrator.machinery.volumes import CLONED_FROM, SIMULATED_DRIVER, storage_of
from orchestrator.protocol import AlreadyExists

PROVISIONER: Final = "simulation.orchestrator.dev/disk"
PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"
PROVISIONER_ANNOTATION: Final = "volume.kubernetes.io/storage-provisioner"
_RETRY_SECONDS: Final = 15.0
_CLAIM: Final = "PersistentVolumeClaim"


class _Refused(Exception):
    """No volume can be made for a claim; the text says why."""


class SimulatedProvisioner(KubernetesController):
    """Makes simulated disks for the claims that wait for them."""

    name = "simulated-provisioner"
    event_source = PROVISIONER
    account = ""
    identity = API_SERVER
    dormant = True
    kind = PersistentVolumeClaim

    def watches(self) -> Mapping[Any, Source]:
        """Classes, and the volumes of which others are copies, are only looked up."""
        return {PersistentVolume: _nobody, StorageClass: _nobody}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A claim that has been told to wait for this provisioner."""
        claim: PersistentVolumeClaim | None = change.new
        if claim is None or not _is_wanted(claim):
            return ()
        return (Key(claim.metadata.namespace, claim.metadata.name),)

    async def reconcile(self, key: Key) -> float | None:
        """Make the volume of one claim."""
        claim = self.cache(PersistentVolumeClaim).get(*key)
        if claim is None or not _is_wanted(claim):
            return None
        storage_class = self.cache(StorageClass).get("", class_of(claim))
        if storage_class is None or storage_class.provisioner != PROVISIONER:
            return None
        if self.cache(PersistentVolume).get("", _name_for(claim)) is not None:
            return None
        namespace, name = key
        message = f'External provisioner is provisioning volume for claim "{namespace}/{name}"'
        self.events.event(claim, "Normal", "Provisioning", message)
        try:
            volume = volume_for(claim, storage_class, self._copied(claim))
            self._check_attributes(claim)
        except _Refused as why:
            message = f'failed to provision volume with StorageClass "{class_of(claim)}": {why}'
            self.events.event(claim, "Warning", "ProvisioningFailed", message)
            raise TemporaryError(message, seconds=_RETRY_SECONDS) from None
        try:
            await self.client.create(volume)
        except AlreadyExists:
            return None  # the cache is behind
        message = f"Successfully provisioned volume {volume.metadata.name}"
        self.events.event(claim, "Normal", "ProvisioningSucceeded", message)
        return None

    def _copied(self, claim: PersistentVolumeClaim) -> str:
        """The storage of which the claim wants a copy; empty: none. Raises _Refused."""
        source = source_of(claim)
        if source is None:
            return ""
        about = f"error getting handle for DataSource Type {source.kind} by Name {source.name}"
        if source.kind != _CLAIM or source.api_group:
            raise _Refused(f"{about}: simulated disks can be copied from claims alone")
        namespace = claim.metadata.namespace
        found = self.cache(PersistentVolumeClaim).get(namespace, source.name)
        if found is None or found.spec is None:
            missing = f'persistentvolumeclaims "{source.name}" not found'
            raise _Refused(
                f'{about}: error getting PVC {source.name} (namespace "{namespace}") from api server: {missing}'
            )
        if not is_bound(found):
            raise _Refused(f"{about}: the PVC {source.name} is not bound")
        volume = self.cache(PersistentVolume).get("", found.spec.volume_name)
        if volume is None or not is_simulated(volume):
            raise _Refused(f"{about}: the volume of PVC {source.name} is no simulated disk")
        if asked_of(claim) < size_of(volume):
            raise _Refused(
                "error, new PVC request must be greater than or equal in size to the specified PVC data "
                f"source, requested {_size(claim)} but source is {_capacity(volume)}"
            )
        if has_other_mode(volume, claim):
            raise _Refused(f"{about}: the PVC {source.name} has another volumeMode")
        return storage_of(volume)

    def _check_attributes(self, claim: PersistentVolumeClaim) -> None:
        """Raises _Refused if the class of attributes is not there, or another driver's."""
        name = claim.spec.volume_attributes_class_name if claim.spec is not None else ""
        if not name:
            return
        found = self.cache(VolumeAttributesClass).get("", name)
        if found is None:
            raise _Refused(f'volumeattributesclass.storage.k8s.io "{name}" not found')
        if found.driver_name != SIMULATED_DRIVER:
            raise _Refused(
                f"VAC {name} is of driver {found.driver_name}, and the disk of {SIMULATED_DRIVER}"
            )


def volume_for(
    claim: PersistentVolumeClaim, storage_class: StorageClass, copied: str = ""
) -> PersistentVolume:
    """The volume that is made for a claim, kept for it, and as large as it asks; a copy of the storage `copied`."""
    spec = claim.spec
    assert spec is not None
    name = _name_for(claim)
    return PersistentVolume(
        metadata=ObjectMeta(name=name, annotations={PROVISIONED_BY: PROVISIONER}),
        spec=PersistentVolumeSpec(
            access_modes=spec.access_modes,
            capacity=dict(spec.resources.requests) if spec.resources is not None else {},
            claim_ref=reference_to(claim),
            csi=CSIPersistentVolumeSource(
                driver=SIMULATED_DRIVER,
                volume_handle=name,
                volume_attributes={CLONED_FROM: copied} if copied else {},
            ),
            mount_options=storage_class.mount_options,
            persistent_volume_reclaim_policy=storage_class.reclaim_policy or "Delete",
            storage_class_name=storage_class.metadata.name,
            volume_attributes_class_name=spec.volume_attributes_class_name or None,
            volume_mode=spec.volume_mode,
        ),
    )


def source_of(claim: PersistentVolumeClaim) -> TypedObjectReference | None:
    """What the claim's volume is to be filled with."""
    spec = claim.spec
    if spec is None or (spec.data_source_ref is None and spec.data_source is None):
        return None
    if spec.data_source_ref is not None:
        return spec.data_source_ref
    assert spec.data_source is not None
    old = spec.data_source
    return TypedObjectReference(api_group=old.api_group, kind=old.kind, name=old.name)


def is_simulated(volume: PersistentVolume) -> bool:
    """Whether the provisioner here made the volume."""
    return volume.metadata.annotations.get(PROVISIONED_BY) == PROVISIONER


def _name_for(claim: PersistentVolumeClaim) -> str:
    return f"pvc-{claim.metadata.uid}"


def _is_wanted(claim: PersistentVolumeClaim) -> bool:
    """Whether a claim waits for the provisioner here; the binder says so only once a node is selected, if one has to be."""
    metadata = claim.metadata
    return (
        metadata.annotations.get(PROVISIONER_ANNOTATION) == PROVISIONER
        and metadata.deletion_timestamp is None
        and claim.spec is not None
        and not claim.spec.volume_name
    )


def _nobody(_change: Change[Any]) -> Iterable[Key]:
    return ()


def _size(claim: PersistentVolumeClaim) -> str:
    resources = claim.spec.resources if claim.spec is not None else None
    return str(resources.requests.get("storage", "0")) if resources is not None else "0"


def _capacity(volume: PersistentVolume) -> str:
    return str(volume.spec.capacity.get("storage", "0")) if volume.spec is not None else "0"
