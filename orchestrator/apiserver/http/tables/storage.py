"""Volumes, claims, classes and drivers."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
)
from orchestrator.api.storage.v1 import (
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
)
from orchestrator.apiserver.http.tables.printer import (
    AGE,
    NAME,
    NONE,
    UNSET,
    HasMetadata,
    Printer,
    Row,
    age,
    column,
    wide,
)

_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_OLD_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


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


_VOLUMES: Final = Printer(
    columns=(
        NAME,
        column("Capacity", "How much the volume holds."),
        column("Access Modes", "By how many nodes, and how, it can be used."),
        column("Reclaim Policy", "What happens to it when its claim is gone."),
        column("Status", "Available, Bound, Released or Failed."),
        column("Claim", "The claim that it is bound to."),
        column("StorageClass", "Its storage class."),
        column("VolumeAttributesClass", "Its volume attributes class."),
        column("Reason", "Why it is in this state."),
        AGE,
        wide("VolumeMode", "A file system, or a block device."),
    ),
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


_CLAIMS: Final = Printer(
    columns=(
        NAME,
        column("Status", "Pending, Bound or Lost."),
        column("Volume", "The volume that it is bound to."),
        column("Capacity", "How much the volume holds."),
        column("Access Modes", "By how many nodes, and how, it can be used."),
        column("StorageClass", "The storage class that it asks for."),
        column("VolumeAttributesClass", "The volume attributes class that it asks for."),
        AGE,
        wide("VolumeMode", "A file system, or a block device."),
    ),
    cells=_claim_cells,
)


def _class_cells(obj: StorageClass, now: float) -> Row:
    annotations = obj.metadata.annotations
    default = any(annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    return (
        f"{obj.metadata.name} (default)" if default else obj.metadata.name,
        obj.provisioner,
        obj.reclaim_policy or "Delete",
        obj.volume_binding_mode or "Immediate",
        bool(obj.allow_volume_expansion),
        age(obj, now),
    )


_CLASSES: Final = Printer(
    columns=(
        NAME,
        column("Provisioner", "Who makes volumes of the class."),
        column("ReclaimPolicy", "What happens to them when their claims are gone."),
        column("VolumeBindingMode", "When they are made."),
        column("AllowVolumeExpansion", "Whether they can grow."),
        AGE,
    ),
    cells=_class_cells,
)


def _attributes_class_cells(obj: VolumeAttributesClass, now: float) -> Row:
    return obj.metadata.name, obj.driver_name, age(obj, now)


_ATTRIBUTES_CLASSES: Final = Printer(
    columns=(NAME, column("DriverName", "The driver that knows the attributes."), AGE),
    cells=_attributes_class_cells,
)


def _attachment_cells(obj: VolumeAttachment, now: float) -> Row:
    return (
        obj.metadata.name,
        obj.spec.attacher,
        obj.spec.source.persistent_volume_name or "",
        obj.spec.node_name,
        obj.status is not None and obj.status.attached,
        age(obj, now),
    )


_ATTACHMENTS: Final = Printer(
    columns=(
        NAME,
        column("Attacher", "The driver that attaches it.", format_="name"),
        column("PV", "The volume."),
        column("Node", "The node."),
        column("Attached", "Whether it is attached.", "boolean"),
        AGE,
    ),
    cells=_attachment_cells,
)


def _node_cells(obj: CSINode, now: float) -> Row:
    return obj.metadata.name, len(obj.spec.drivers), age(obj, now)


_NODES: Final = Printer(
    columns=(NAME, column("Drivers", "How many drivers the node has.", "integer"), AGE),
    cells=_node_cells,
)


def _driver_cells(obj: CSIDriver, now: float) -> Row:
    spec = obj.spec
    return (
        obj.metadata.name,
        spec.attach_required is not False,
        bool(spec.pod_info_on_mount),
        bool(spec.storage_capacity),
        ",".join(request.audience for request in spec.token_requests) or UNSET,
        bool(spec.requires_republish),
        ",".join(spec.volume_lifecycle_modes) or NONE,
        age(obj, now),
    )


_DRIVERS: Final = Printer(
    columns=(
        NAME,
        column("AttachRequired", "Whether volumes are attached before they are used.", "boolean"),
        column("PodInfoOnMount", "Whether the driver is told of the pod.", "boolean"),
        column("StorageCapacity", "Whether the driver says what room is left.", "boolean"),
        column("TokenRequests", "For whom the driver gets tokens of the pod."),
        column("RequiresRepublish", "Whether volumes are published again and again.", "boolean"),
        column("Modes", "How long volumes live."),
        AGE,
    ),
    cells=_driver_cells,
)


def _capacity_cells(obj: CSIStorageCapacity, now: float) -> Row:
    capacity = UNSET if obj.capacity is None else str(obj.capacity)
    return obj.metadata.name, obj.storage_class_name, capacity


_CAPACITIES: Final = Printer(
    columns=(
        NAME,
        column("StorageClassName", "For volumes of which class."),
        column("Capacity", "The room that is left."),
    ),
    cells=_capacity_cells,
)

TABLES: Final[Mapping[type[Any], Printer[Any]]] = {
    PersistentVolume: _VOLUMES,
    PersistentVolumeClaim: _CLAIMS,
    StorageClass: _CLASSES,
    VolumeAttributesClass: _ATTRIBUTES_CLASSES,
    VolumeAttachment: _ATTACHMENTS,
    CSINode: _NODES,
    CSIDriver: _DRIVERS,
    CSIStorageCapacity: _CAPACITIES,
}
