"""Defaults of a pod's volumes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import (
    DownwardAPIVolumeFile,
    EmptyDirVolumeSource,
    EphemeralVolumeSource,
    ImageVolumeSource,
    PersistentVolumeClaimSpec,
    ProjectedVolumeSource,
    Volume,
    VolumeProjection,
)
from orchestrator.apiserver.defaults.change import each, fill, fill_zero, maybe, put
from orchestrator.apiserver.kinds.core.pods.container_defaults import (
    default_field_ref,
    default_resource_ref,
    pull_policy,
)

_FILE_MODE: Final = 0o644
_TOKEN_SECONDS: Final = 3600


def default_volume(volume: Volume) -> Volume:
    """A volume without a source is an empty directory; sources have defaults of their own."""
    sources = {name: getattr(volume, name) for name in _SOURCES}
    given = {name: source for name, source in sources.items() if source is not None}
    if not given and not any(getattr(volume, name) is not None for name in _PLAIN_SOURCES):
        return put(volume, empty_dir=EmptyDirVolumeSource())
    return put(volume, **{name: _SOURCES[name](source) for name, source in given.items()})


def default_claim_spec(spec: PersistentVolumeClaimSpec) -> PersistentVolumeClaimSpec:
    """A claim's volume is a file system."""
    return fill(spec, volume_mode="Filesystem")


def _with_mode(source: Any) -> Any:
    return fill(source, default_mode=_FILE_MODE)


def _default_downward(source: Any) -> Any:
    return put(_with_mode(source), items=each(source.items, _default_file))


def _default_file(file: DownwardAPIVolumeFile) -> DownwardAPIVolumeFile:
    return put(
        file,
        field_ref=maybe(file.field_ref, default_field_ref),
        resource_field_ref=maybe(file.resource_field_ref, default_resource_ref),
    )


def _default_projected(source: ProjectedVolumeSource) -> ProjectedVolumeSource:
    source = fill(source, default_mode=_FILE_MODE)
    return put(source, sources=each(source.sources, _default_projection))


def _default_projection(projection: VolumeProjection) -> VolumeProjection:
    token, downward = projection.service_account_token, projection.downward_api
    if token is not None:
        token = fill(token, expiration_seconds=_TOKEN_SECONDS)
    if downward is not None:
        downward = put(downward, items=each(downward.items, _default_file))
    # Two sources are switched off in Kubernetes as it comes, which forgets them.
    return put(
        projection,
        service_account_token=token,
        downward_api=downward,
        cluster_trust_bundle=None,
        pod_certificate=None,
    )


def _default_ephemeral(source: EphemeralVolumeSource) -> EphemeralVolumeSource:
    template = source.volume_claim_template
    if template is not None and template.spec is not None:
        template = put(template, spec=default_claim_spec(template.spec))
    return put(source, volume_claim_template=template)


def _default_image(source: ImageVolumeSource) -> ImageVolumeSource:
    return fill_zero(source, pull_policy=pull_policy(source.reference or ""))


def _filled(**defaults: Any) -> Callable[[Any], Any]:
    return lambda source: fill_zero(source, **defaults)


def _default_azure_disk(source: Any) -> Any:
    source = fill(source, caching_mode="ReadWrite", read_only=False)
    return fill_zero(source, fs_type="ext4", kind="Shared")


def _default_host_path(source: Any) -> Any:
    # "" says that nothing is checked; it is given, not left out.
    return source if source.type is not None else put(source, type="")


# What an attached disk of these sorts has by default, in a pod and in a PersistentVolume.
DISK_DEFAULTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "iscsi": _filled(iscsi_interface="default"),
    "rbd": _filled(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "azure_disk": _default_azure_disk,
    "scale_io": _filled(storage_mode="ThinProvisioned", fs_type="xfs"),
    "host_path": _default_host_path,
}
_SOURCES: Final[Mapping[str, Callable[[Any], Any]]] = {
    **DISK_DEFAULTS,
    "secret": _with_mode,
    "config_map": _with_mode,
    "downward_api": _default_downward,
    "projected": _default_projected,
    "ephemeral": _default_ephemeral,
    "image": _default_image,
}
_PLAIN_SOURCES: Final = tuple(
    name for name in Volume.__struct_fields__ if name != "name" and name not in _SOURCES
)
