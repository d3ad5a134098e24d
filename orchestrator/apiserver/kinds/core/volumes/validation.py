"""What Kubernetes refuses of the kinds of `volumes`."""

from posixpath import normpath
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeSpec,
    SecretReference,
    VolumeNodeAffinity,
)
from orchestrator.apiserver.kinds.core.pods.volume_validation import host_path_errors
from orchestrator.apiserver.kinds.core.volumes.claim_validation import (
    VOLUME_MODES,
    access_mode_errors,
)
from orchestrator.apiserver.kinds.core.volumes.sources_validation import (
    PERSISTENT_ISCSI,
    SHARED_SOURCES,
    SourceCheck,
    driver_errors,
    one_source_errors,
)
from orchestrator.apiserver.validation.diff import printed_difference
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import backstep_errors
from orchestrator.apiserver.validation.golang import as_go, part_as_go
from orchestrator.apiserver.validation.golang_volumes import SOURCE
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.resources import (
    basic_quantity_errors,
    positive_quantity_errors,
    unreadable,
)
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.apiserver.validation.selectors import (
    node_selector_errors,
)
from orchestrator.machinery.names import dns1123_label_errors

_RECLAIM_POLICIES: Final = ("Delete", "Recycle", "Retain")


def _volume_errors(volume: PersistentVolume) -> Errors:
    spec = volume.spec or PersistentVolumeSpec()
    if not spec.access_modes:
        yield required("spec.accessModes")
    yield from access_mode_errors("spec.accessModes", spec.access_modes)
    yield from _capacity_errors("spec.capacity", spec)
    policy = spec.persistent_volume_reclaim_policy
    if policy and policy not in _RECLAIM_POLICIES:
        yield not_supported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM_POLICIES)
    if spec.node_affinity is not None:
        yield from _affinity_errors("spec.nodeAffinity", spec.node_affinity)
    yield from _source_errors("spec", spec)
    if policy == "Recycle" and spec.host_path and normpath(spec.host_path.path) == "/":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden("spec.persistentVolumeReclaimPolicy", detail)
    if spec.storage_class_name:
        messages = dns_subdomain(spec.storage_class_name)
        yield from complaints("spec.storageClassName", spec.storage_class_name, messages)
    if spec.volume_mode is not None and spec.volume_mode not in VOLUME_MODES:
        yield not_supported("spec.volumeMode", spec.volume_mode, VOLUME_MODES)
    if spec.volume_attributes_class_name is not None:
        yield from _attributes_class_errors(spec, spec.volume_attributes_class_name)


def _attributes_class_errors(spec: PersistentVolumeSpec, name: str) -> Errors:
    where = "spec.volumeAttributesClassName"
    if not name:
        yield required(where, "an empty string is disallowed")
    else:
        yield from complaints(where, name, dns_subdomain(name))
    if spec.csi is None:
        yield required("spec.csi", "has to be specified when using volumeAttributesClassName")


def inline_volume_errors(path: str, spec: PersistentVolumeSpec) -> Errors:
    """A volume that an attachment describes itself: a CSI one, as far as attaching needs it."""
    inline = "in the context of inline volumes"
    if spec.claim_ref is not None:
        yield forbidden(f"{path}.claimRef", f"may not be specified {inline}")
    if spec.capacity:
        yield forbidden(f"{path}.capacity", f"may not be specified {inline}")
    if spec.csi is None:
        yield required(f"{path}.csi", f"has to be specified {inline}")
    if not spec.access_modes:
        yield required(f"{path}.accessModes")
    yield from access_mode_errors(f"{path}.accessModes", spec.access_modes)
    if spec.persistent_volume_reclaim_policy not in (None, "", "Retain"):
        yield forbidden(f"{path}.persistentVolumeReclaimPolicy", f"may only be Retain {inline}")
    if spec.node_affinity is not None:
        yield forbidden(f"{path}.nodeAffinity", f"may not be specified {inline}")
    yield from _source_errors(path, spec)
    if spec.storage_class_name:
        yield forbidden(f"{path}.storageClassName", f"may not be specified {inline}")
    if spec.volume_mode not in (None, "Filesystem"):
        detail = f"may not specify volumeMode other than Filesystem {inline}"
        yield forbidden(f"{path}.volumeMode", detail)


def _capacity_errors(path: str, spec: PersistentVolumeSpec) -> Errors:
    if not spec.capacity:
        yield required(path)
    if set(spec.capacity) != {"storage"}:
        yield not_supported(path, as_go(spec.capacity), ("storage",))
    for name, quantity in spec.capacity.items():
        yield from basic_quantity_errors(f"{path}[{name}]", quantity)
        if not unreadable("", quantity):
            yield from positive_quantity_errors(f"{path}[{name}]", quantity)


def _affinity_errors(path: str, affinity: VolumeNodeAffinity) -> Errors:
    if affinity.required is None:
        yield required(f"{path}.required", "must specify required node constraints")
    else:
        yield from node_selector_errors(f"{path}.required", affinity.required)


def _source_errors(path: str, spec: PersistentVolumeSpec) -> Errors:
    def local_errors(where: str, source: Any) -> Errors:
        yield from _local_errors(where, source)
        if spec.node_affinity is None:
            yield required(f"{path}.nodeAffinity", "Local volume requires node affinity")

    sources = {**_SOURCES, "local": ("local", local_errors)}
    yield from one_source_errors(path, spec, sources, uncounted="flex_volume")


def _local_errors(path: str, source: Any) -> Errors:
    if not source.path:
        yield required(f"{path}.path")
        return
    yield from complaints(f"{path}.path", source.path, backstep_errors(source.path))


def _csi_errors(path: str, source: Any) -> Errors:
    yield from driver_errors(f"{path}.driver", source.driver)
    if not source.volume_handle:
        yield required(f"{path}.volumeHandle")
    for attribute, wire in (
        ("controller_publish_secret_ref", "controllerPublishSecretRef"),
        ("controller_expand_secret_ref", "controllerExpandSecretRef"),
        ("node_publish_secret_ref", "nodePublishSecretRef"),
        ("node_expand_secret_ref", "nodeExpandSecretRef"),
    ):
        ref = getattr(source, attribute)
        if ref is not None:
            yield from _secret_errors(f"{path}.{wire}", ref)


def _secret_errors(path: str, ref: SecretReference) -> Errors:
    for name, value, rule in (
        ("name", ref.name, dns_subdomain),
        ("namespace", ref.namespace, dns1123_label_errors),
    ):
        if not value:
            yield required(f"{path}.{name}")
        else:
            yield from complaints(f"{path}.{name}", value, rule(value))


def _azure_file_errors(path: str, source: Any) -> Errors:
    yield from SHARED_SOURCES["azure_file"][1](path, source)
    if source.secret_namespace == "":
        yield required(f"{path}.secretNamespace")


# In Kubernetes' order: of two sources the later one is the one too many.
_SOURCES: Final[dict[str, tuple[str, SourceCheck]]] = {
    "host_path": ("hostPath", host_path_errors),
    **{
        name: SHARED_SOURCES[name]
        for name in (
            "gce_persistent_disk", "aws_elastic_block_store", "glusterfs", "flocker", "nfs", "rbd",
            "quobyte", "cephfs", "iscsi", "cinder", "fc", "flex_volume", "azure_file",
            "vsphere_volume", "photon_persistent_disk", "portworx_volume", "azure_disk",
            "scale_io",
        )
    },
    "iscsi": PERSISTENT_ISCSI,
    "azure_file": ("azureFile", _azure_file_errors),
    "local": ("local", _local_errors),
    "storageos": SHARED_SOURCES["storageos"],
    "csi": ("csi", _csi_errors),
}  # fmt: skip


def _volume_change_errors(new: PersistentVolume, old: PersistentVolume) -> Errors:
    if new.spec is None or old.spec is None or new.spec is old.spec:
        return
    after, before = _comparable(new.spec, old.spec), old.spec
    if _sources(after) != _sources(before):
        detail = "spec.persistentvolumesource is immutable after creation\n"
        changed = printed_difference(part_as_go(before, SOURCE), part_as_go(after, SOURCE))
        yield forbidden("spec.persistentvolumesource", detail + changed)
    yield from immutable("volumeMode", new.spec.volume_mode, old.spec.volume_mode)
    affinity = (new.spec.node_affinity, old.spec.node_affinity)
    if affinity[1] is not None and affinity[0] != affinity[1]:
        detail = "field is immutable, except for updating from beta label to GA"
        yield invalid("nodeAffinity", as_go(affinity[0]), detail)
    classes = (new.spec.volume_attributes_class_name, old.spec.volume_attributes_class_name)
    if classes[0] is None and classes[1] is not None:
        where = "spec.volumeAttributesClassName"
        yield forbidden(where, "update from non-nil value to nil is forbidden")


def _comparable(after: PersistentVolumeSpec, before: PersistentVolumeSpec) -> PersistentVolumeSpec:
    """The new spec as far as it may not be another: a secret for expanding may come later."""
    if before.csi is None or after.csi is None or before.csi.controller_expand_secret_ref:
        return after
    return replace(after, csi=replace(after.csi, controller_expand_secret_ref=None))


def _sources(spec: PersistentVolumeSpec) -> dict[str, Any]:
    found = {wire: getattr(spec, attribute) for attribute, (wire, _) in _SOURCES.items()}
    return {wire: source for wire, source in found.items() if source is not None}


PERSISTENT_VOLUME_RULES: Final = Rules(
    spec=_volume_errors,
    update=_volume_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
    recheck="twice",
)
