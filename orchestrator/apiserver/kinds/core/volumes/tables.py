"""What `kubectl get` shows of the kinds of `volumes`."""

from typing import Final

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
)
from orchestrator.apiserver.printing import (
    UNSET,
    HasMetadata,
    Printer,
    Row,
    age,
)

_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


_OLD_CLASS: Final = "volume.beta.kubernetes.io/storage-class"


def _modes(modes: tuple[str, ...]) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in modes)


def _class_of(obj: HasMetadata, name: str | None) -> str:
    """The storage class: by the annotation that was before the field."""
    return obj.metadata.annotations.get(_OLD_CLASS, name or "")


def _phase(obj: HasMetadata, phase: str) -> str:
    return phase if obj.metadata.deletion_timestamp is None else "Terminating"


def _volume_cells(obj: PersistentVolume, now: float) -> Row:
    spec, status = obj.spec or PersistentVolumeSpec(), obj.status or PersistentVolumeStatus()
    claim = spec.claim_ref
    return (
        obj.metadata.name,
        str(spec.capacity.get("storage", 0)),
        _modes(spec.access_modes),
        spec.persistent_volume_reclaim_policy,
        _phase(obj, status.phase),
        "" if claim is None else f"{claim.namespace}/{claim.name}",
        _class_of(obj, spec.storage_class_name),
        spec.volume_attributes_class_name or UNSET,
        status.reason,
        age(obj, now),
        spec.volume_mode or UNSET,
    )


VOLUMES: Final = Printer(
    cells=_volume_cells,
)


def _claim_cells(obj: PersistentVolumeClaim, now: float) -> Row:
    spec = obj.spec or PersistentVolumeClaimSpec()
    status = obj.status or PersistentVolumeClaimStatus()
    bound = bool(spec.volume_name)
    return (
        obj.metadata.name,
        _phase(obj, status.phase),
        spec.volume_name,
        str(status.capacity.get("storage", 0)) if bound else "",
        _modes(status.access_modes) if bound else "",
        _class_of(obj, spec.storage_class_name),
        spec.volume_attributes_class_name or UNSET,
        age(obj, now),
        spec.volume_mode or UNSET,
    )


CLAIMS: Final = Printer(
    cells=_claim_cells,
)
