"""Volumes of a pod: exactly one source each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.api.core.v1 import (
    ConfigMapVolumeSource,
    CSIVolumeSource,
    DownwardAPIVolumeFile,
    DownwardAPIVolumeSource,
    EmptyDirVolumeSource,
    EphemeralVolumeSource,
    HostPathVolumeSource,
    ImageVolumeSource,
    KeyToPath,
    PersistentVolumeClaimVolumeSource,
    ProjectedVolumeSource,
    SecretVolumeSource,
    Volume,
    VolumeProjection,
)
from orchestrator.apiserver.kinds.core.pods.environment_validation import (
    VOLUME_FIELDS,
    field_ref_errors,
    resource_ref_errors,
)
from orchestrator.apiserver.kinds.core.volumes.claim_validation import claim_template_errors
from orchestrator.apiserver.kinds.core.volumes.sources_validation import (
    ISCSI_TOO_LONG,
    MAX_ISCSI,
    SHARED_SOURCES,
    driver_errors,
    one_source_errors,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    duplicate,
    forbidden,
    invalid,
    named,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import backstep_errors, local_path_errors
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.resources import unreadable
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.names import dns1123_label_errors
from orchestrator.machinery.quantities import nano

_FILE_MODE: Final = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES: Final = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_MIN_TOKEN_SECONDS: Final = 600
_MAX_TOKEN_SECONDS: Final = 1 << 32
_CONFLICTING: Final = "conflicting duplicate paths"

SourceCheck = Callable[[str, Any], Errors]


def volume_errors(path: str, volumes: Sequence[Volume], *, is_pod: bool) -> Errors:
    """A pod's volumes, whatever the pod is called, or a template's."""
    sources = _SOURCES_OF_PODS if is_pod else _SOURCES
    names: set[str] = set()
    for i, volume in enumerate(volumes):
        here = f"{path}[{i}]"
        yield from one_source_errors(here, volume, sources)
        yield from _iscsi_length_errors(here, volume)
        yield from named(f"{here}.name", volume.name, dns1123_label_errors)
        if volume.name in names:
            yield duplicate(f"{here}.name", volume.name)
        names.add(volume.name)


def own_claim_errors(path: str, volumes: Sequence[Volume], pod_name: str) -> Errors:
    """Claims that the pod itself makes for its ephemeral volumes carry the pod's name."""
    made = {f"{pod_name}-{volume.name}" for volume in volumes if volume.ephemeral is not None}
    if not made:
        return
    for i, volume in enumerate(volumes):
        here = f"{path}[{i}]"
        claim = volume.persistent_volume_claim
        if claim is not None and claim.claim_name in made:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            yield invalid(f"{here}.persistentVolumeClaim.claimName", claim.claim_name, detail)
        if volume.ephemeral is not None and volume.name:
            name = f"{pod_name}-{volume.name}"
            for message in dns_subdomain(name):
                yield invalid(f"{here}.name", volume.name, f"PVC name {quote(name)}: {message}")


def usable(volumes: Sequence[Volume], *, is_pod: bool) -> Mapping[str, Volume]:
    """The volumes by name that containers may mount: those without a fault."""
    good: dict[str, Volume] = {}
    for volume in volumes:
        if volume.name in good or any(volume_errors("", (volume,), is_pod=is_pod)):
            continue
        good[volume.name] = volume
    return good


def _iscsi_length_errors(path: str, volume: Volume) -> Errors:
    disk = volume.iscsi
    if disk is None or disk.initiator_name is None:
        return
    if len(f"{volume.name}:{disk.target_portal}".encode()) > MAX_ISCSI:
        yield invalid(f"{path}.name", volume.name, ISCSI_TOO_LONG)


# --- files from objects --------------------------------------------------------------------


def _mode_errors(path: str, mode: int | None) -> Errors:
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid(path, mode, _FILE_MODE)


def _secret_errors(path: str, source: SecretVolumeSource) -> Errors:
    if not source.secret_name:
        yield required(f"{path}.secretName")
    yield from _mode_errors(f"{path}.defaultMode", source.default_mode)
    yield from _item_errors(f"{path}.items", source.items)


def _config_map_errors(path: str, source: ConfigMapVolumeSource) -> Errors:
    if not source.name:
        yield required(f"{path}.name")
    yield from _mode_errors(f"{path}.defaultMode", source.default_mode)
    yield from _item_errors(f"{path}.items", source.items)


def _item_errors(path: str, items: Sequence[KeyToPath]) -> Errors:
    for i, item in enumerate(items):
        here = f"{path}[{i}]"
        if not item.key:
            yield required(f"{here}.key")
        if not item.path:
            yield required(f"{here}.path")
        yield from complaints(f"{here}.path", item.path, local_path_errors(item.path))
        yield from _mode_errors(f"{here}.mode", item.mode)


def _downward_errors(path: str, source: DownwardAPIVolumeSource) -> Errors:
    yield from _mode_errors(f"{path}.defaultMode", source.default_mode)
    for file in source.items:
        yield from _downward_file_errors(path, file)


def _downward_file_errors(path: str, file: DownwardAPIVolumeFile) -> Errors:
    if not file.path:
        yield required(f"{path}.path")
    yield from complaints(f"{path}.path", file.path, local_path_errors(file.path))
    if file.field_ref is not None:
        yield from field_ref_errors(f"{path}.fieldRef", file.field_ref, VOLUME_FIELDS)
        if file.resource_field_ref is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield invalid(path, "resource", detail)
    elif file.resource_field_ref is not None:
        where = f"{path}.resourceFieldRef"
        yield from resource_ref_errors(where, file.resource_field_ref, volume=True)
    else:
        yield required(path, "one of fieldRef and resourceFieldRef is required")
    yield from _mode_errors(f"{path}.mode", file.mode)


# --- projections ---------------------------------------------------------------------------


def _projected_errors(path: str, source: ProjectedVolumeSource) -> Errors:
    yield from _mode_errors(f"{path}.defaultMode", source.default_mode)
    taken: set[str] = set()
    for i, projection in enumerate(source.sources):
        here = f"{path}.sources[{i}]"
        yield from _projection_errors(path, here, projection)
        for owner, file in _projected_paths(projection):
            if file in taken:
                yield invalid(path, owner, _CONFLICTING)
            taken.add(file)
        if len(_given(projection)) > 1:
            yield forbidden(here, "may not specify more than 1 volume type per source")


def _given(projection: VolumeProjection) -> list[str]:
    fields = projection.__struct_fields__
    return [name for name in fields if getattr(projection, name) is not None]


def _projected_paths(projection: VolumeProjection) -> Iterator[tuple[str, str]]:
    """(who is blamed for a conflict, the file's path), in the order of the sources."""
    for source in (projection.secret, projection.config_map):
        for item in source.items if source is not None else ():
            if item.path:
                yield (source.name if source else "") or "", item.path
    for file in projection.downward_api.items if projection.downward_api is not None else ():
        if file.path:
            yield file.path, file.path
    if projection.cluster_trust_bundle is not None:
        yield projection.cluster_trust_bundle.path, projection.cluster_trust_bundle.path


def _projection_errors(volume: str, path: str, projection: VolumeProjection) -> Errors:
    maps = (("secret", projection.secret), ("configMap", projection.config_map))
    for name, source in maps:
        if source is not None:
            if not source.name:
                yield required(f"{path}.{name}.name")
            yield from _item_errors(f"{path}.{name}.items", source.items)
    if projection.downward_api is not None:
        for file in projection.downward_api.items:
            yield from _downward_file_errors(f"{path}.downwardAPI", file)
    if projection.service_account_token is not None:
        yield from _token_errors(volume, path, projection)
    if projection.cluster_trust_bundle is not None:
        yield from _trust_bundle_errors(f"{path}.clusterTrustBundle", projection)


def _token_errors(volume: str, path: str, projection: VolumeProjection) -> Errors:
    token = projection.service_account_token
    assert token is not None
    seconds = token.expiration_seconds or 0
    where = f"{path}.serviceAccountToken.expirationSeconds"
    if seconds < _MIN_TOKEN_SECONDS:
        yield invalid(where, seconds, "may not specify a duration less than 10 minutes")
    if seconds > _MAX_TOKEN_SECONDS:
        yield invalid(where, seconds, "may not specify a duration larger than 2^32 seconds")
    # Kubernetes, too, reports the token's path at the volume.
    if not token.path:
        yield required(f"{volume}.path")
    else:
        yield from complaints(f"{volume}.path", token.path, local_path_errors(token.path))


def _trust_bundle_errors(path: str, projection: VolumeProjection) -> Errors:
    bundle = projection.cluster_trust_bundle
    assert bundle is not None
    if bundle.name and bundle.signer_name:
        yield invalid(path, bundle, "only one of name and signerName may be used")
    elif bundle.name:
        if bundle.label_selector is not None:
            detail = "labelSelector must be unset if name is specified"
            yield invalid(f"{path}.labelSelector", bundle.label_selector, detail)
    elif bundle.signer_name:
        yield from label_selector_errors(f"{path}.labelSelector", bundle.label_selector)
    else:
        yield required(path, "either name or signerName must be specified")
    if not bundle.path:
        yield required(f"{path}.path")
    yield from complaints(f"{path}.path", bundle.path, local_path_errors(bundle.path))


# --- other sources -------------------------------------------------------------------------


def _empty_dir_errors(path: str, source: EmptyDirVolumeSource) -> Errors:
    if source.size_limit is None:
        return
    if error := unreadable(f"{path}.sizeLimit", source.size_limit):
        yield error
    elif nano(source.size_limit) < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def host_path_errors(path: str, source: HostPathVolumeSource) -> Errors:
    """A path of the node's file system."""
    if not source.path:
        yield required(f"{path}.path")
        return
    yield from complaints(f"{path}.path", source.path, backstep_errors(source.path))
    if source.type is not None and source.type not in _HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", source.type, _HOST_PATH_TYPES)


def _claim_errors(path: str, source: PersistentVolumeClaimVolumeSource) -> Errors:
    if not source.claim_name:
        yield required(f"{path}.claimName")


def _ephemeral_errors(path: str, source: EphemeralVolumeSource) -> Errors:
    if source.volume_claim_template is None:
        yield required(f"{path}.volumeClaimTemplate")
    else:
        template = source.volume_claim_template
        yield from claim_template_errors(f"{path}.volumeClaimTemplate", template)


def _csi_errors(path: str, source: CSIVolumeSource) -> Errors:
    yield from driver_errors(f"{path}.driver", source.driver)
    secret = source.node_publish_secret_ref
    if secret is None:
        return
    if not secret.name:
        yield required(f"{path}.nodePublishSecretRef.name")
    else:
        yield from complaints(f"{path}.name", secret.name, dns_subdomain(secret.name))


def _image_errors(path: str, source: ImageVolumeSource) -> Errors:
    yield from chosen(f"{path}.pullPolicy", source.pull_policy, _PULL_POLICIES)


def _pod_image_errors(path: str, source: ImageVolumeSource) -> Errors:
    """A pod says which image; a template may leave it to whoever stamps pods from it."""
    if not source.reference:
        yield required(f"{path}.reference")
    yield from _image_errors(path, source)


# In Kubernetes' order: of two sources the later one is the one too many.
_SOURCES: Final[dict[str, tuple[str, SourceCheck]]] = {
    "empty_dir": ("emptyDir", _empty_dir_errors),
    "host_path": ("hostPath", host_path_errors),
    "git_repo": SHARED_SOURCES["git_repo"],
    "gce_persistent_disk": SHARED_SOURCES["gce_persistent_disk"],
    "aws_elastic_block_store": SHARED_SOURCES["aws_elastic_block_store"],
    "secret": ("secret", _secret_errors),
    "nfs": SHARED_SOURCES["nfs"],
    "iscsi": SHARED_SOURCES["iscsi"],
    "glusterfs": SHARED_SOURCES["glusterfs"],
    "flocker": SHARED_SOURCES["flocker"],
    "persistent_volume_claim": ("persistentVolumeClaim", _claim_errors),
    "rbd": SHARED_SOURCES["rbd"],
    "cinder": SHARED_SOURCES["cinder"],
    "cephfs": SHARED_SOURCES["cephfs"],
    "quobyte": SHARED_SOURCES["quobyte"],
    "downward_api": ("downwardAPI", _downward_errors),
    "fc": SHARED_SOURCES["fc"],
    "flex_volume": SHARED_SOURCES["flex_volume"],
    "config_map": ("configMap", _config_map_errors),
    "azure_file": SHARED_SOURCES["azure_file"],
    "vsphere_volume": SHARED_SOURCES["vsphere_volume"],
    "photon_persistent_disk": SHARED_SOURCES["photon_persistent_disk"],
    "portworx_volume": SHARED_SOURCES["portworx_volume"],
    "azure_disk": SHARED_SOURCES["azure_disk"],
    "storageos": SHARED_SOURCES["storageos"],
    "projected": ("projected", _projected_errors),
    "scale_io": SHARED_SOURCES["scale_io"],
    "csi": ("csi", _csi_errors),
    "ephemeral": ("ephemeral", _ephemeral_errors),
    "image": ("image", _image_errors),
}
_SOURCES_OF_PODS: Final[Mapping[str, tuple[str, SourceCheck]]] = {
    **_SOURCES,
    "image": ("image", _pod_image_errors),
}
