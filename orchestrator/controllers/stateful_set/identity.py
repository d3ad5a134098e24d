"""Who the pods of a StatefulSet are: their ordinals, names, labels, and the claims of their storage."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import StatefulSet
from orchestrator.api.core.v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimVolumeSource,
    Pod,
    PodTemplateSpec,
    Volume,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.pods import stamped

POD_NAME: Final = "statefulset.kubernetes.io/pod-name"
POD_INDEX: Final = "apps.kubernetes.io/pod-index"
REVISION: Final = "controller-revision-hash"


def ordinal_of(set_name: str, pod_name: str) -> int | None:
    """The ordinal in the name of a pod; None for a name that no pod of the set has."""
    parent, _, number = pod_name.rpartition("-")
    return int(number) if parent == set_name and number.isdecimal() else None


def ordinals(stateful_set: StatefulSet) -> range:
    """The ordinals that the set is asked to have."""
    spec = stateful_set.spec
    assert spec is not None
    start = spec.ordinals.start or 0 if spec.ordinals is not None else 0
    return range(start, start + (1 if spec.replicas is None else spec.replicas))


def pod_of(
    stateful_set: StatefulSet, template: PodTemplateSpec, revision: str, ordinal: int
) -> Pod:
    """The pod of an ordinal, made from the template of a revision."""
    spec = stateful_set.spec
    assert spec is not None
    name = f"{stateful_set.metadata.name}-{ordinal}"
    pod = stamped(stateful_set, template)
    labels = {POD_NAME: name, POD_INDEX: str(ordinal), REVISION: revision}
    metadata = replace(pod.metadata, name=name, labels={**pod.metadata.labels, **labels})
    if pod.spec is None:
        return replace(pod, metadata=metadata)
    volumes = _with_own(pod.spec.volumes, volumes_of(stateful_set, ordinal))
    pod_spec = replace(pod.spec, hostname=name, subdomain=spec.service_name, volumes=volumes)
    return replace(pod, metadata=metadata, spec=pod_spec)


def mended(stateful_set: StatefulSet, pod: Pod, ordinal: int) -> Pod:
    """The pod with the labels that name it and the volumes that are its own; the very same if it has them."""
    metadata, name = pod.metadata, pod.metadata.name
    if metadata.labels.get(POD_NAME) != name:
        labels = {**metadata.labels, POD_NAME: name, POD_INDEX: str(ordinal)}
        pod = replace(pod, metadata=replace(metadata, labels=labels))
    if pod.spec is None or has_own_volumes(stateful_set, pod, ordinal):
        return pod
    volumes = _with_own(pod.spec.volumes, volumes_of(stateful_set, ordinal))
    return replace(pod, spec=replace(pod.spec, volumes=volumes))


def has_own_volumes(stateful_set: StatefulSet, pod: Pod, ordinal: int) -> bool:
    """Whether the claims of its ordinal are among the pod's volumes."""
    have = {
        volume.name: volume.persistent_volume_claim.claim_name
        for volume in (pod.spec.volumes if pod.spec is not None else ())
        if volume.persistent_volume_claim is not None
    }
    return all(
        have.get(volume.name) == volume.persistent_volume_claim.claim_name
        for volume in volumes_of(stateful_set, ordinal)
        if volume.persistent_volume_claim is not None
    )


def _with_own(volumes: tuple[Volume, ...], own: tuple[Volume, ...]) -> tuple[Volume, ...]:
    if not own:
        return volumes
    names = {volume.name for volume in own}
    return (*own, *(volume for volume in volumes if volume.name not in names))


def volumes_of(stateful_set: StatefulSet, ordinal: int) -> tuple[Volume, ...]:
    """The volumes of a pod that are claims of its own."""
    return tuple(
        Volume(
            name=claim_template.metadata.name,
            persistent_volume_claim=PersistentVolumeClaimVolumeSource(
                claim_name=claim_name(stateful_set, claim_template, ordinal)
            ),
        )
        for claim_template in _claim_templates(stateful_set)
    )


def claims_of(stateful_set: StatefulSet, ordinal: int) -> tuple[PersistentVolumeClaim, ...]:
    """The claims of a pod, as they are created."""
    spec = stateful_set.spec
    assert spec is not None
    assert spec.selector is not None
    selected = spec.selector.match_labels
    return tuple(
        PersistentVolumeClaim(
            metadata=ObjectMeta(
                name=claim_name(stateful_set, each, ordinal),
                namespace=stateful_set.metadata.namespace,
                labels={**each.metadata.labels, **selected},
                annotations=each.metadata.annotations,
            ),
            spec=each.spec,
        )
        for each in _claim_templates(stateful_set)
    )


def claim_name(
    stateful_set: StatefulSet, claim_template: PersistentVolumeClaim, ordinal: int
) -> str:
    """The name of a pod's claim."""
    return f"{claim_template.metadata.name}-{stateful_set.metadata.name}-{ordinal}"


def _claim_templates(stateful_set: StatefulSet) -> tuple[PersistentVolumeClaim, ...]:
    return stateful_set.spec.volume_claim_templates if stateful_set.spec is not None else ()
