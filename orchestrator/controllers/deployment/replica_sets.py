"""The ReplicaSets of a Deployment: which is the new one, what revision each has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment, ReplicaSet, ReplicaSetSpec
from orchestrator.api.core.v1 import PodTemplateSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.owners import owner_reference
from orchestrator.machinery.template_hash import template_hash

HASH_LABEL: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"
REVISION_HISTORY: Final = "deployment.kubernetes.io/revision-history"
DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
MAXIMUM: Final = "deployment.kubernetes.io/max-replicas"
# Annotations of the Deployment that its ReplicaSets do not inherit.
_NOT_COPIED: Final = frozenset(
    (
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    )
)


def replicas_of(replica_set: ReplicaSet) -> int:
    """How many pods the set is asked to have."""
    spec = replica_set.spec
    return 1 if spec is None or spec.replicas is None else spec.replicas


def desired_of(deployment: Deployment) -> int:
    """How many pods the Deployment is asked to have."""
    spec = deployment.spec
    return 1 if spec is None or spec.replicas is None else spec.replicas


def find_new(deployment: Deployment, sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The oldest set whose template is the Deployment's, the hash label apart."""
    assert deployment.spec is not None
    wanted = deployment.spec.template
    for replica_set in by_age(sets):
        if replica_set.spec is not None and same_template(replica_set.spec.template, wanted):
            return replica_set
    return None


def same_template(one: PodTemplateSpec | None, other: PodTemplateSpec | None) -> bool:
    """Whether two templates are equal but for the pod-template-hash label."""
    return _without_hash(one) == _without_hash(other)


def _without_hash(template: PodTemplateSpec | None) -> PodTemplateSpec | None:
    metadata = template.metadata if template is not None else None
    if template is None or metadata is None or HASH_LABEL not in metadata.labels:
        return template
    labels = {k: v for k, v in metadata.labels.items() if k != HASH_LABEL}
    return replace(template, metadata=replace(metadata, labels=labels))


def by_age(sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Oldest first; by name among those of one second."""
    return sorted(sets, key=lambda s: (s.metadata.creation_timestamp or "", s.metadata.name))


def revision_of(object_: ReplicaSet | Deployment) -> int:
    """The revision annotation; 0 when it is absent or no number."""
    text = object_.metadata.annotations.get(REVISION, "")
    return int(text) if text.isdecimal() else 0


def make_new(deployment: Deployment, replicas: int, maximum: int, revision: int) -> ReplicaSet:
    """The ReplicaSet for the Deployment's present template."""
    spec = deployment.spec
    assert spec is not None
    assert spec.selector is not None
    template = spec.template
    collisions = deployment.status.collision_count if deployment.status is not None else None
    hash_ = template_hash(template, collisions)
    metadata = template.metadata
    labels = {**metadata.labels, HASH_LABEL: hash_}
    selector = spec.selector
    return ReplicaSet(
        metadata=ObjectMeta(
            name=f"{deployment.metadata.name}-{hash_}",
            namespace=deployment.metadata.namespace,
            labels=labels,
            annotations={
                **annotations_for(deployment, {}, revision),
                DESIRED: str(desired_of(deployment)),
                MAXIMUM: str(maximum),
            },
            owner_references=(owner_reference(deployment, controller=True),),
        ),
        spec=ReplicaSetSpec(
            replicas=replicas,
            min_ready_seconds=spec.min_ready_seconds,
            selector=replace(selector, match_labels={**selector.match_labels, HASH_LABEL: hash_}),
            template=replace(template, metadata=replace(metadata, labels=labels)),
        ),
    )


def annotations_for(
    deployment: Deployment, present: Mapping[str, str], revision: int
) -> dict[str, str]:
    """The annotations of the new set: the Deployment's own, and the revision with its history.

    The sizes are left as they are: they say how large the Deployment was when the set got its size,
    by which a set has its share when the Deployment is scaled.
    """
    inherited = {k: v for k, v in deployment.metadata.annotations.items() if k not in _NOT_COPIED}
    result = {**present, **inherited}
    old = present.get(REVISION, "")
    if not old.isdecimal() or int(old) < revision:
        if old:
            history = [r for r in present.get(REVISION_HISTORY, "").split(",") if r]
            result[REVISION_HISTORY] = ",".join([*history, old])
        result[REVISION] = str(revision)
    return result


def next_revision(old_sets: Sequence[ReplicaSet]) -> int:
    """One more than the highest revision among the old sets."""
    return max((revision_of(s) for s in old_sets), default=0) + 1


def to_clean_up(deployment: Deployment, old_sets: Sequence[ReplicaSet]) -> list[ReplicaSet]:
    """The old, empty sets beyond revisionHistoryLimit, lowest revision first."""
    spec = deployment.spec
    limit = spec.revision_history_limit if spec is not None else None
    if limit is None:
        return []
    staying = [s for s in old_sets if s.metadata.deletion_timestamp is None]
    surplus = max(len(staying) - limit, 0)
    ordered = sorted(staying, key=lambda s: (revision_of(s), s.metadata.creation_timestamp or ""))
    return [
        s
        for s in ordered[:surplus]
        if replicas_of(s) == 0
        and (s.status is None or (s.status.replicas == 0))
        and (
            s.status is None or (s.status.observed_generation or 0) >= (s.metadata.generation or 0)
        )
    ]
