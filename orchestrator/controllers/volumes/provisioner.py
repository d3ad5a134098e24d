"""The provisioner of simulated disks, for storage classes that name it."""

from typing import Final

from orchestrator.api.core.v1 import (
    CSIPersistentVolumeSource,
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.machinery.volumes import SIMULATED_DRIVER

PROVISIONER: Final = "simulation.orchestrator.dev/disk"
PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"


def volume_for(claim: PersistentVolumeClaim, storage_class: StorageClass) -> PersistentVolume:
    """The volume that is made for a claim, kept for it, and as large as it asks."""
    spec = claim.spec
    assert spec is not None
    name = f"pvc-{claim.metadata.uid}"
    return PersistentVolume(
        metadata=ObjectMeta(name=name, annotations={PROVISIONED_BY: PROVISIONER}),
        spec=PersistentVolumeSpec(
            access_modes=spec.access_modes,
            capacity=dict(spec.resources.requests) if spec.resources is not None else {},
            claim_ref=reference_to(claim),
            csi=CSIPersistentVolumeSource(driver=SIMULATED_DRIVER, volume_handle=name),
            mount_options=storage_class.mount_options,
            persistent_volume_reclaim_policy=storage_class.reclaim_policy or "Delete",
            storage_class_name=storage_class.metadata.name,
            volume_mode=spec.volume_mode,
        ),
    )


def is_simulated(volume: PersistentVolume) -> bool:
    """Whether the provisioner here made the volume."""
    return volume.metadata.annotations.get(PROVISIONED_BY) == PROVISIONER


def reference_to(claim: PersistentVolumeClaim) -> ObjectReference:
    """A volume's reference to its claim."""
    metadata = claim.metadata
    return ObjectReference(
        api_version=PersistentVolumeClaim.api_version,
        kind=PersistentVolumeClaim.kind,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
    )
