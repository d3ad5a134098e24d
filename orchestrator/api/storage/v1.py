# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes storage.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.cluster import (
    TopologySelectorTerm,
)
from orchestrator.api.core.v1.volumes import (
    PersistentVolumeSpec,
)
from orchestrator.api.meta.v1 import (
    LabelSelector,
    ListMeta,
    ObjectMeta,
)
from orchestrator.api.scalars import (
    EMPTY as EMPTY,
    IntOrString as IntOrString,
    Json as Json,
    MicroTime as MicroTime,
    Quantity as Quantity,
    Time as Time,
    required_mapping as required_mapping,
    required_tuple as required_tuple,
    shared as shared,
)


class CSIDriver(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CSIDriver"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: CSIDriverSpec = field(default_factory=shared(lambda: CSIDriverSpec()))


class CSIDriverList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CSIDriverList"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[CSIDriver, ...] = field(default_factory=required_tuple)


class CSIDriverSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    attach_required: bool | None = None
    pod_info_on_mount: bool | None = None
    volume_lifecycle_modes: tuple[str, ...] = ()
    storage_capacity: bool | None = None
    fs_group_policy: str | None = None
    token_requests: tuple[TokenRequest, ...] = ()
    requires_republish: bool | None = None
    se_linux_mount: bool | None = None
    node_allocatable_update_period_seconds: int | None = None
    service_account_token_in_secrets: bool | None = None
    prevent_pod_scheduling_if_missing: bool | None = None


class CSINode(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CSINode"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: CSINodeSpec = field(default_factory=shared(lambda: CSINodeSpec()))


class CSINodeDriver(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    node_id: str = field(default_factory=str, name="nodeID")
    topology_keys: tuple[str, ...] = field(default_factory=required_tuple)
    allocatable: VolumeNodeResources | None = None


class CSINodeList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CSINodeList"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[CSINode, ...] = field(default_factory=required_tuple)


class CSINodeSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    drivers: tuple[CSINodeDriver, ...] = field(default_factory=required_tuple)


class CSIStorageCapacity(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CSIStorageCapacity"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    node_topology: LabelSelector | None = None
    storage_class_name: str = field(default_factory=str)
    capacity: Quantity | None = None
    maximum_volume_size: Quantity | None = None


class CSIStorageCapacityList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CSIStorageCapacityList"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[CSIStorageCapacity, ...] = field(default_factory=required_tuple)


class StorageClass(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "StorageClass"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    provisioner: str = field(default_factory=str)
    parameters: Mapping[str, str] = EMPTY
    reclaim_policy: str | None = None
    mount_options: tuple[str, ...] = ()
    allow_volume_expansion: bool | None = None
    volume_binding_mode: str | None = None
    allowed_topologies: tuple[TopologySelectorTerm, ...] = ()


class StorageClassList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "StorageClassList"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[StorageClass, ...] = field(default_factory=required_tuple)


class TokenRequest(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    audience: str = field(default_factory=str)
    expiration_seconds: int | None = None


class VolumeAttachment(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "VolumeAttachment"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: VolumeAttachmentSpec = field(default_factory=shared(lambda: VolumeAttachmentSpec()))
    status: VolumeAttachmentStatus | None = field(default_factory=shared(lambda: VolumeAttachmentStatus()))


class VolumeAttachmentList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "VolumeAttachmentList"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[VolumeAttachment, ...] = field(default_factory=required_tuple)


class VolumeAttachmentSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    persistent_volume_name: str | None = None
    inline_volume_spec: PersistentVolumeSpec | None = None


class VolumeAttachmentSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    attacher: str = field(default_factory=str)
    source: VolumeAttachmentSource = field(default_factory=shared(lambda: VolumeAttachmentSource()))
    node_name: str = field(default_factory=str)


class VolumeAttachmentStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    attached: bool = field(default_factory=bool)
    attachment_metadata: Mapping[str, str] = EMPTY
    attach_error: VolumeError | None = None
    detach_error: VolumeError | None = None


class VolumeAttributesClass(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "VolumeAttributesClass"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    driver_name: str = field(default_factory=str)
    parameters: Mapping[str, str] = EMPTY


class VolumeAttributesClassList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "VolumeAttributesClassList"
    api_version: ClassVar[str] = "storage.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[VolumeAttributesClass, ...] = field(default_factory=required_tuple)


class VolumeError(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    time: Time | None = field(default_factory=NoneType)
    message: str = ""
    error_code: int | None = None


class VolumeNodeResources(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    count: int | None = None
