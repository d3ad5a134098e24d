# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes core.v1.volumes."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.references import (
    LocalObjectReference,
    NodeSelector,
    ObjectReference,
    SecretReference,
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


class AWSElasticBlockStoreVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    partition: int | None = None
    read_only: bool | None = None
    volume_id: str = field(default_factory=str, name="volumeID")


class AzureDiskVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    caching_mode: str | None = None
    disk_name: str = field(default_factory=str)
    disk_uri: str = field(default_factory=str, name="diskURI")
    fs_type: str = ""
    kind: str = ""
    read_only: bool | None = None


class AzureFilePersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    read_only: bool | None = None
    secret_name: str = field(default_factory=str)
    secret_namespace: str | None = field(default_factory=NoneType)
    share_name: str = field(default_factory=str)


class AzureFileVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    read_only: bool | None = None
    secret_name: str = field(default_factory=str)
    share_name: str = field(default_factory=str)


class CSIPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    controller_expand_secret_ref: SecretReference | None = None
    controller_publish_secret_ref: SecretReference | None = None
    driver: str = field(default_factory=str)
    fs_type: str = ""
    node_expand_secret_ref: SecretReference | None = None
    node_publish_secret_ref: SecretReference | None = None
    node_stage_secret_ref: SecretReference | None = None
    read_only: bool | None = None
    volume_attributes: Mapping[str, str] = EMPTY
    volume_handle: str = field(default_factory=str)


class CSIVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    driver: str = field(default_factory=str)
    fs_type: str = ""
    node_publish_secret_ref: LocalObjectReference | None = None
    read_only: bool | None = None
    volume_attributes: Mapping[str, str] = EMPTY


class CephFSPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    monitors: tuple[str, ...] = field(default_factory=required_tuple)
    path: str = ""
    read_only: bool | None = None
    secret_file: str = ""
    secret_ref: SecretReference | None = None
    user: str = ""


class CephFSVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    monitors: tuple[str, ...] = field(default_factory=required_tuple)
    path: str = ""
    read_only: bool | None = None
    secret_file: str = ""
    secret_ref: LocalObjectReference | None = None
    user: str = ""


class CinderPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    read_only: bool | None = None
    secret_ref: SecretReference | None = None
    volume_id: str = field(default_factory=str, name="volumeID")


class CinderVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    volume_id: str = field(default_factory=str, name="volumeID")


class ClusterTrustBundleProjection(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    label_selector: LabelSelector | None = None
    name: str = ""
    optional: bool | None = None
    path: str = field(default_factory=str)
    signer_name: str = ""


class ConfigMapProjection(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    items: tuple[KeyToPath, ...] = ()
    name: str = ""
    optional: bool | None = None


class ConfigMapVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    default_mode: int | None = None
    items: tuple[KeyToPath, ...] = ()
    name: str = ""
    optional: bool | None = None


class DownwardAPIProjection(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    items: tuple[DownwardAPIVolumeFile, ...] = ()


class DownwardAPIVolumeFile(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    field_ref: ObjectFieldSelector | None = None
    mode: int | None = None
    path: str = field(default_factory=str)
    resource_field_ref: ResourceFieldSelector | None = None


class DownwardAPIVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    default_mode: int | None = None
    items: tuple[DownwardAPIVolumeFile, ...] = ()


class EmptyDirVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    medium: str = ""
    size_limit: Quantity | None = None


class EphemeralVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    volume_claim_template: PersistentVolumeClaimTemplate | None = None


class FCVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    lun: int | None = None
    read_only: bool | None = None
    target_wwns: tuple[str, ...] = field(default=(), name="targetWWNs")
    wwids: tuple[str, ...] = ()


class FlexPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    driver: str = field(default_factory=str)
    fs_type: str = ""
    options: Mapping[str, str] = EMPTY
    read_only: bool | None = None
    secret_ref: SecretReference | None = None


class FlexVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    driver: str = field(default_factory=str)
    fs_type: str = ""
    options: Mapping[str, str] = EMPTY
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None


class FlockerVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    dataset_name: str = ""
    dataset_uuid: str = field(default="", name="datasetUUID")


class GCEPersistentDiskVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    partition: int | None = None
    pd_name: str = field(default_factory=str)
    read_only: bool | None = None


class GitRepoVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    directory: str = ""
    repository: str = field(default_factory=str)
    revision: str = ""


class GlusterfsPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    endpoints: str = field(default_factory=str)
    endpoints_namespace: str = ""
    path: str = field(default_factory=str)
    read_only: bool | None = None


class GlusterfsVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    endpoints: str = field(default_factory=str)
    path: str = field(default_factory=str)
    read_only: bool | None = None


class HostPathVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    path: str = field(default_factory=str)
    type: str | None = None


class ISCSIPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    chap_auth_discovery: bool | None = None
    chap_auth_session: bool | None = None
    fs_type: str = ""
    initiator_name: str | None = None
    iqn: str = field(default_factory=str)
    iscsi_interface: str = ""
    lun: int = field(default_factory=int)
    portals: tuple[str, ...] = ()
    read_only: bool | None = None
    secret_ref: SecretReference | None = None
    target_portal: str = field(default_factory=str)


class ISCSIVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    chap_auth_discovery: bool | None = None
    chap_auth_session: bool | None = None
    fs_type: str = ""
    initiator_name: str | None = None
    iqn: str = field(default_factory=str)
    iscsi_interface: str = ""
    lun: int = field(default_factory=int)
    portals: tuple[str, ...] = ()
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    target_portal: str = field(default_factory=str)


class ImageVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    pull_policy: str = ""
    reference: str = ""


class KeyToPath(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    mode: int | None = None
    path: str = field(default_factory=str)


class LocalVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    path: str = field(default_factory=str)


class ModifyVolumeStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    status: str = field(default_factory=str)
    target_volume_attributes_class_name: str = ""


class NFSVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    path: str = field(default_factory=str)
    read_only: bool | None = None
    server: str = field(default_factory=str)


class ObjectFieldSelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_version: str = ""
    field_path: str = field(default_factory=str)


class PersistentVolume(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PersistentVolume"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PersistentVolumeSpec | None = field(default_factory=shared(lambda: PersistentVolumeSpec()))
    status: PersistentVolumeStatus | None = field(default_factory=shared(lambda: PersistentVolumeStatus()))


class PersistentVolumeClaim(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PersistentVolumeClaim"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PersistentVolumeClaimSpec | None = field(default_factory=shared(lambda: PersistentVolumeClaimSpec()))
    status: PersistentVolumeClaimStatus | None = field(default_factory=shared(lambda: PersistentVolumeClaimStatus()))


class PersistentVolumeClaimCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_probe_time: Time | None = field(default_factory=NoneType)
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str = ""
    reason: str = ""
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class PersistentVolumeClaimList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PersistentVolumeClaimList"
    api_version: ClassVar[str] = "v1"
    items: tuple[PersistentVolumeClaim, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class PersistentVolumeClaimSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    access_modes: tuple[str, ...] = ()
    data_source: TypedLocalObjectReference | None = None
    data_source_ref: TypedObjectReference | None = None
    resources: VolumeResourceRequirements | None = field(default_factory=shared(lambda: VolumeResourceRequirements()))
    selector: LabelSelector | None = None
    storage_class_name: str | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    volume_name: str = ""


class PersistentVolumeClaimStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    access_modes: tuple[str, ...] = ()
    allocated_resource_statuses: Mapping[str, str] = EMPTY
    allocated_resources: Mapping[str, Quantity] = EMPTY
    capacity: Mapping[str, Quantity] = EMPTY
    conditions: tuple[PersistentVolumeClaimCondition, ...] = ()
    current_volume_attributes_class_name: str | None = None
    modify_volume_status: ModifyVolumeStatus | None = None
    phase: str = ""


class PersistentVolumeClaimTemplate(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PersistentVolumeClaimSpec = field(default_factory=shared(lambda: PersistentVolumeClaimSpec()))


class PersistentVolumeClaimVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    claim_name: str = field(default_factory=str)
    read_only: bool | None = None


class PersistentVolumeList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PersistentVolumeList"
    api_version: ClassVar[str] = "v1"
    items: tuple[PersistentVolume, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class PersistentVolumeSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    access_modes: tuple[str, ...] = ()
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    azure_disk: AzureDiskVolumeSource | None = None
    azure_file: AzureFilePersistentVolumeSource | None = None
    capacity: Mapping[str, Quantity] = EMPTY
    cephfs: CephFSPersistentVolumeSource | None = None
    cinder: CinderPersistentVolumeSource | None = None
    claim_ref: ObjectReference | None = None
    csi: CSIPersistentVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flex_volume: FlexPersistentVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    iscsi: ISCSIPersistentVolumeSource | None = None
    local: LocalVolumeSource | None = None
    mount_options: tuple[str, ...] = ()
    nfs: NFSVolumeSource | None = None
    node_affinity: VolumeNodeAffinity | None = None
    persistent_volume_reclaim_policy: str = ""
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    portworx_volume: PortworxVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDPersistentVolumeSource | None = None
    scale_io: ScaleIOPersistentVolumeSource | None = field(default=None, name="scaleIO")
    storage_class_name: str | None = None
    storageos: StorageOSPersistentVolumeSource | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None


class PersistentVolumeStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_phase_transition_time: Time | None = None
    message: str = ""
    phase: str = ""
    reason: str = ""


class PhotonPersistentDiskVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    pd_id: str = field(default_factory=str, name="pdID")


class PodCertificateProjection(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    certificate_chain_path: str = ""
    credential_bundle_path: str = ""
    key_path: str = ""
    key_type: str = ""
    max_expiration_seconds: int | None = None
    signer_name: str = ""
    user_annotations: Mapping[str, str] = EMPTY


class PortworxVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    read_only: bool | None = None
    volume_id: str = field(default_factory=str, name="volumeID")


class ProjectedVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    default_mode: int | None = None
    sources: tuple[VolumeProjection, ...] = field(default_factory=required_tuple)


class QuobyteVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    group: str = ""
    read_only: bool | None = None
    registry: str = field(default_factory=str)
    tenant: str = ""
    user: str = ""
    volume: str = field(default_factory=str)


class RBDPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    image: str = field(default_factory=str)
    keyring: str = ""
    monitors: tuple[str, ...] = field(default_factory=required_tuple)
    pool: str = ""
    read_only: bool | None = None
    secret_ref: SecretReference | None = None
    user: str = ""


class RBDVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    image: str = field(default_factory=str)
    keyring: str = ""
    monitors: tuple[str, ...] = field(default_factory=required_tuple)
    pool: str = ""
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    user: str = ""


class ResourceFieldSelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    container_name: str = ""
    divisor: Quantity = field(default_factory=lambda: "0")
    resource: str = field(default_factory=str)


class ScaleIOPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    gateway: str = field(default_factory=str)
    protection_domain: str = ""
    read_only: bool | None = None
    secret_ref: SecretReference = field(default_factory=shared(lambda: SecretReference()))
    ssl_enabled: bool | None = None
    storage_mode: str = ""
    storage_pool: str = ""
    system: str = field(default_factory=str)
    volume_name: str = ""


class ScaleIOVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    gateway: str = field(default_factory=str)
    protection_domain: str = ""
    read_only: bool | None = None
    secret_ref: LocalObjectReference = field(default_factory=shared(lambda: LocalObjectReference()))
    ssl_enabled: bool | None = None
    storage_mode: str = ""
    storage_pool: str = ""
    system: str = field(default_factory=str)
    volume_name: str = ""


class SecretProjection(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    items: tuple[KeyToPath, ...] = ()
    name: str = ""
    optional: bool | None = None


class SecretVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    default_mode: int | None = None
    items: tuple[KeyToPath, ...] = ()
    optional: bool | None = None
    secret_name: str = ""


class ServiceAccountTokenProjection(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    audience: str = ""
    expiration_seconds: int | None = None
    path: str = field(default_factory=str)


class StorageOSPersistentVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    read_only: bool | None = None
    secret_ref: ObjectReference | None = None
    volume_name: str = ""
    volume_namespace: str = ""


class StorageOSVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    volume_name: str = ""
    volume_namespace: str = ""


class TypedLocalObjectReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_group: str | None = field(default_factory=NoneType)
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)


class TypedObjectReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_group: str | None = field(default_factory=NoneType)
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)
    namespace: str | None = None


class Volume(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    azure_disk: AzureDiskVolumeSource | None = None
    azure_file: AzureFileVolumeSource | None = None
    cephfs: CephFSVolumeSource | None = None
    cinder: CinderVolumeSource | None = None
    config_map: ConfigMapVolumeSource | None = None
    csi: CSIVolumeSource | None = None
    downward_api: DownwardAPIVolumeSource | None = field(default=None, name="downwardAPI")
    empty_dir: EmptyDirVolumeSource | None = None
    ephemeral: EphemeralVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flex_volume: FlexVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    git_repo: GitRepoVolumeSource | None = None
    glusterfs: GlusterfsVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    image: ImageVolumeSource | None = None
    iscsi: ISCSIVolumeSource | None = None
    name: str = field(default_factory=str)
    nfs: NFSVolumeSource | None = None
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    portworx_volume: PortworxVolumeSource | None = None
    projected: ProjectedVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDVolumeSource | None = None
    scale_io: ScaleIOVolumeSource | None = field(default=None, name="scaleIO")
    secret: SecretVolumeSource | None = None
    storageos: StorageOSVolumeSource | None = None
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None


class VolumeNodeAffinity(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    required: NodeSelector | None = None


class VolumeProjection(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    config_map: ConfigMapProjection | None = None
    downward_api: DownwardAPIProjection | None = field(default=None, name="downwardAPI")
    pod_certificate: PodCertificateProjection | None = None
    secret: SecretProjection | None = None
    service_account_token: ServiceAccountTokenProjection | None = None


class VolumeResourceRequirements(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    limits: Mapping[str, Quantity] = EMPTY
    requests: Mapping[str, Quantity] = EMPTY


class VsphereVirtualDiskVolumeSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    fs_type: str = ""
    storage_policy_id: str = field(default="", name="storagePolicyID")
    storage_policy_name: str = ""
    volume_path: str = field(default_factory=str)
