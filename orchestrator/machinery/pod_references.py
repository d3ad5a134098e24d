"""What pods and volumes name in their namespace: secrets, config maps, claims."""

from collections.abc import Iterator
from typing import Any, Final

from orchestrator.api.core.v1 import PersistentVolume, Pod, PodSpec

# The sources of volumes that name a secret in a reference.
_WITH_SECRET: Final = ("cephfs", "cinder", "flex_volume", "iscsi", "rbd", "scale_io", "storageos")
_CSI_SECRETS: Final = ("node_publish_secret_ref", "node_stage_secret_ref", "node_expand_secret_ref")


def secrets_of(spec: PodSpec) -> Iterator[str]:
    """The names of the secrets that a pod uses."""
    yield from (each.name for each in spec.image_pull_secrets)
    for container in _containers(spec):
        yield from (s.secret_ref.name for s in container.env_from if s.secret_ref)
        yield from (
            e.value_from.secret_key_ref.name
            for e in container.env
            if e.value_from and e.value_from.secret_key_ref
        )
    for volume in spec.volumes:
        yield from _secrets_of_volume(volume)


def _secrets_of_volume(volume: Any) -> Iterator[str]:
    if volume.secret is not None:
        yield volume.secret.secret_name or ""
    elif volume.projected is not None:
        yield from (s.secret.name for s in volume.projected.sources if s.secret)
    elif volume.azure_file is not None:
        yield volume.azure_file.secret_name
    elif volume.csi is not None:
        if volume.csi.node_publish_secret_ref is not None:
            yield volume.csi.node_publish_secret_ref.name
    else:
        for source in (getattr(volume, each) for each in _WITH_SECRET):
            if source is not None and source.secret_ref is not None:
                yield source.secret_ref.name


def config_maps_of(spec: PodSpec) -> Iterator[str]:
    """The names of the config maps that a pod uses."""
    for container in _containers(spec):
        yield from (s.config_map_ref.name for s in container.env_from if s.config_map_ref)
        yield from (
            e.value_from.config_map_key_ref.name
            for e in container.env
            if e.value_from and e.value_from.config_map_key_ref
        )
    for volume in spec.volumes:
        if volume.config_map is not None:
            yield volume.config_map.name
        elif volume.projected is not None:
            yield from (s.config_map.name for s in volume.projected.sources if s.config_map)


def claims_of(pod: Pod) -> Iterator[str]:
    """The names of the persistent volume claims that a pod uses."""
    for volume in pod.spec.volumes if pod.spec else ():
        if volume.persistent_volume_claim is not None:
            yield volume.persistent_volume_claim.claim_name
        elif volume.ephemeral is not None:
            yield f"{pod.metadata.name}-{volume.name}"


def resource_claims_of(pod: Pod) -> Iterator[str]:
    """The names of the claims of devices that a pod uses, as far as they are known."""
    status = pod.status
    made = {s.name: s.resource_claim_name for s in status.resource_claim_statuses} if status else {}
    for claim in pod.spec.resource_claims if pod.spec else ():
        yield claim.resource_claim_name or made.get(claim.name) or ""
    extended = status.extended_resource_claim_status if status else None
    if extended is not None:
        yield extended.resource_claim_name


def secrets_of_volume(volume: PersistentVolume) -> Iterator[tuple[str, str]]:
    """The secrets, by namespace and name, that a kubelet needs to mount a persistent volume."""
    spec = volume.spec
    if spec is None:
        return
    own = spec.claim_ref.namespace if spec.claim_ref else ""
    if spec.azure_file is not None:
        yield spec.azure_file.secret_namespace or own, spec.azure_file.secret_name
    for source in (getattr(spec, each) for each in _WITH_SECRET):
        if source is not None and source.secret_ref is not None:
            yield source.secret_ref.namespace or own, source.secret_ref.name or ""
    if spec.csi is not None:
        for reference in (getattr(spec.csi, each) for each in _CSI_SECRETS):
            if reference is not None:
                yield reference.namespace or "", reference.name or ""


def _containers(spec: PodSpec) -> Iterator[Any]:
    yield from spec.init_containers
    yield from spec.containers
    yield from spec.ephemeral_containers
