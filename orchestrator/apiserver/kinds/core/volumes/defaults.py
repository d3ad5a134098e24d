"""What Kubernetes fills in of the kinds of `volumes`."""

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
)
from orchestrator.apiserver.defaults.change import fill, fill_zero, put
from orchestrator.apiserver.kinds.core.pods.volume_defaults import DISK_DEFAULTS, default_claim_spec


def default_volume(volume: PersistentVolume) -> PersistentVolume:
    """Kept when it is released, and a file system."""
    spec = fill(
        fill_zero(volume.spec or PersistentVolumeSpec(), persistent_volume_reclaim_policy="Retain"),
        volume_mode="Filesystem",
    )
    disks = {
        name: default(source)
        for name, default in DISK_DEFAULTS.items()
        if (source := getattr(spec, name, None)) is not None
    }
    if spec.storage_class_name == "":
        spec = put(spec, storage_class_name=None)
    status = fill_zero(volume.status or PersistentVolumeStatus(), phase="Pending")
    return put(volume, spec=put(spec, **disks), status=status)


def default_claim(claim: PersistentVolumeClaim) -> PersistentVolumeClaim:
    """Pending until a volume is found."""
    return put(
        claim,
        spec=default_claim_spec(claim.spec or PersistentVolumeClaimSpec()),
        status=fill_zero(claim.status or PersistentVolumeClaimStatus(), phase="Pending"),
    )
