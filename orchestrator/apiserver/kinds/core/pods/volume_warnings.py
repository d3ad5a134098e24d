"""Volumes that are accepted and do not work, or whose files hide one another."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from orchestrator.api.core.v1 import Volume, VolumeProjection
from orchestrator.apiserver.validation.warnings import fraction_warnings
from orchestrator.machinery.field_errors import quote

# Attribute, Go's name, and what is said of it.
_GONE: Final = (
    ("photon_persistent_disk", "photonPersistentDisk", "in v1.11, non-functional in v1.16+"),
    ("git_repo", "gitRepo", "in v1.11, and disabled by default in v1.33+"),
    ("scale_io", "scaleIO", "in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "in v1.25, non-functional in v1.26+"),
)
_GONE_LATER: Final = (
    ("cephfs", "cephfs", "in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "in v1.28, non-functional in v1.31+"),
)
_NOTHING: Final = VolumeProjection()


class _File(NamedTuple):
    path: str
    source: str = ""

    def __str__(self) -> str:
        return f"{quote(self.path)} ({self.source})" if self.source else quote(self.path)


def volume_warnings(path: str, volumes: Sequence[Volume]) -> Iterator[str]:
    """Of a pod's volumes."""
    for i, volume in enumerate(volumes):
        here = f"{path}[{i}]"
        yield from _gone(here, volume, _GONE)
        if volume.ephemeral is not None and volume.ephemeral.volume_claim_template is not None:
            spec = volume.ephemeral.volume_claim_template.spec
            yield from claim_spec_warnings(f"{here}.ephemeral.volumeClaimTemplate.spec", spec)
        yield from _gone(here, volume, _GONE_LATER)
    for volume in volumes:
        yield from _overlap_warnings(volume)


def claim_spec_warnings(path: str, spec: Any) -> Iterator[str]:
    """Of a claim: amounts that are no whole bytes."""
    resources = spec.resources if spec is not None else None
    if resources is not None:
        yield from fraction_warnings(f"{path}.resources.requests", resources.requests, "storage")
        yield from fraction_warnings(f"{path}.resources.limits", resources.limits, "storage")


def _gone(path: str, volume: Volume, kinds: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for attribute, name, words in kinds:
        if getattr(volume, attribute) is not None:
            yield f"{path}.{name}: deprecated {words}"


def _overlap_warnings(volume: Volume) -> Iterator[str]:
    config_map, secret = volume.config_map, volume.secret
    if config_map is not None:
        named = f"ConfigMap {quote(config_map.name)}"
        yield from _overlaps(volume.name, named, [_File(item.path) for item in config_map.items])
    if secret is not None:
        named = f"Secret {quote(secret.secret_name)}"
        yield from _overlaps(volume.name, named, [_File(item.path) for item in secret.items])
    if volume.downward_api is not None:
        files = [_File(item.path) for item in volume.downward_api.items]
        yield from _overlaps(volume.name, "DownwardAPI", files)
    if volume.projected is not None:
        projected: list[_File] = []
        for source in volume.projected.sources:
            if source == _NOTHING:
                yield f"volume {quote(volume.name)} (Projected) has no sources provided"
            projected += _projected(source)
        yield from _overlaps(volume.name, "Projected", projected)


def _projected(source: VolumeProjection) -> list[_File]:
    if (config_map := source.config_map) is not None:
        named = f"ConfigMap {quote(config_map.name)}"
        return [_File(item.path, named) for item in config_map.items]
    if (secret := source.secret) is not None:
        return [_File(item.path, f"Secret {quote(secret.name)}") for item in secret.items]
    if source.downward_api is not None:
        return [_File(item.path, "DownwardAPI") for item in source.downward_api.items]
    if source.service_account_token is not None:
        return [_File(source.service_account_token.path, "ServiceAccountToken")]
    if (bundle := source.cluster_trust_bundle) is not None:
        name = quote(bundle.name or bundle.signer_name)
        return [_File(bundle.path, f"ClusterTrustBundle {name}")]
    if (certificate := source.pod_certificate) is not None:
        files = (
            _File(certificate.certificate_chain_path, "PodCertificate chain"),
            _File(certificate.key_path, "PodCertificate key"),
            _File(certificate.credential_bundle_path, "PodCertificate credential bundle"),
        )
        return [each for each in files if each.path]
    return []


def _overlaps(name: str, described: str, files: Sequence[_File]) -> Iterator[str]:
    seen: list[_File] = []
    for each in files:
        file = each._replace(path=each.path.rstrip("/"))
        for other in seen if file.path else ():
            if other.path and _is_one_inside(file.path, other.path):
                yield f"volume {quote(name)} ({described}): overlapping paths: {file} with {other}"
        seen.append(file)


def _is_one_inside(path: str, other: str) -> bool:
    return f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")
