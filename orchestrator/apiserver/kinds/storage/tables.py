"""What `kubectl get` shows of the kinds of `storage`."""

from typing import Final

from orchestrator.api.storage.v1 import (
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
)
from orchestrator.apiserver.printing import AGE, NAME, NONE, UNSET, Printer, Row, age, column

_DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
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


CLASSES: Final = Printer(
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


ATTRIBUTES_CLASSES: Final = Printer(
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


ATTACHMENTS: Final = Printer(
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


NODES: Final = Printer(
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


DRIVERS: Final = Printer(
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


CAPACITIES: Final = Printer(
    columns=(
        NAME,
        column("StorageClassName", "For volumes of which class."),
        column("Capacity", "The room that is left."),
    ),
    cells=_capacity_cells,
)
