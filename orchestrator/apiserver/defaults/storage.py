"""Defaults of volumes as objects: PersistentVolumes, claims, classes, drivers."""

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
)
from orchestrator.api.storage.v1 import CSIDriver, StorageClass
from orchestrator.apiserver.defaults.change import fill, put
from orchestrator.apiserver.defaults.volumes import DISK_DEFAULTS, default_claim_spec


def default_volume(volume: PersistentVolume) -> PersistentVolume:
    """Kept when it is released, and a file system."""
    spec = fill(
        volume.spec or PersistentVolumeSpec(),
        persistent_volume_reclaim_policy="Retain",
        volume_mode="Filesystem",
    )
    disks = {
        name: default(source)
        for name, default in DISK_DEFAULTS.items()
        if (source := getattr(spec, name, None)) is not None
    }
    status = fill(volume.status or PersistentVolumeStatus(), phase="Pending")
    return put(volume, spec=put(spec, **disks), status=status)


def default_claim(claim: PersistentVolumeClaim) -> PersistentVolumeClaim:
    """Pending until a volume is found."""
    return put(
        claim,
        spec=default_claim_spec(claim.spec or PersistentVolumeClaimSpec()),
        status=fill(claim.status or PersistentVolumeClaimStatus(), phase="Pending"),
    )


def default_storage_class(storage_class: StorageClass) -> StorageClass:
    """Volumes are bound at once, and deleted with their claim."""
    return fill(storage_class, reclaim_policy="Delete", volume_binding_mode="Immediate")


def default_driver(driver: CSIDriver) -> CSIDriver:
    """What a driver that says nothing can do."""
    spec = fill(
        driver.spec,
        attach_required=True,
        pod_info_on_mount=False,
        storage_capacity=False,
        fs_group_policy="ReadWriteOnceWithFSType",
        requires_republish=False,
        se_linux_mount=False,
    )
    if not spec.volume_lifecycle_modes:
        spec = put(spec, volume_lifecycle_modes=("Persistent",))
    return put(driver, spec=spec)
