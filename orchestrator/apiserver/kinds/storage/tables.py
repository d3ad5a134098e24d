"""What `kubectl get` shows of the kinds of `storage`."""

from typing import Final

from orchestrator.api.storage.v1 import (
    CSIDriver,
    CSINode,
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
)
from orchestrator.apiserver.printing import NONE, UNSET, Printer, Row, age
from orchestrator.machinery.default_classes import STORAGE_MARKS, is_marked


def _class_cells(obj: StorageClass, now: float) -> Row:
    return (
        f"{obj.metadata.name} (default)" if is_marked(obj, STORAGE_MARKS) else obj.metadata.name,
        obj.provisioner,
        obj.reclaim_policy or "Delete",
        obj.volume_binding_mode or "Immediate",
        bool(obj.allow_volume_expansion),
        age(obj, now),
    )


CLASSES: Final = Printer(
    cells=_class_cells,
)


def _attributes_class_cells(obj: VolumeAttributesClass, now: float) -> Row:
    return obj.metadata.name, obj.driver_name, age(obj, now)


ATTRIBUTES_CLASSES: Final = Printer(
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


ATTACHMENTS: Final = Printer(
    cells=_attachment_cells,
)


def _node_cells(obj: CSINode, now: float) -> Row:
    return obj.metadata.name, len(obj.spec.drivers), age(obj, now)


NODES: Final = Printer(
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


DRIVERS: Final = Printer(
    cells=_driver_cells,
)
