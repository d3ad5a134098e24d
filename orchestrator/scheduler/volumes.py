"""The claims and volumes of pods, as the scheduler's volume plugins look at them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod, Volume
from orchestrator.api.storage.v1 import CSINode, StorageClass
from orchestrator.machinery import labels, node_affinity, quantities
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.scheduler import migration
from orchestrator.scheduler.snapshot import Snapshot

BIND_COMPLETED: Final = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER: Final = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"
_BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"

KINDS: Final = (PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode)


class NoClaim(LookupError):
    """A claim that a pod names cannot be used; says why, in kube-scheduler's words."""


def claim_names(pod: Pod) -> Iterator[tuple[str, bool]]:
    """The claims that a pod's volumes name, and whether each is the pod's own (ephemeral)."""
    for volume in pod.spec.volumes if pod.spec is not None else ():
        if volume.persistent_volume_claim is not None:
            yield volume.persistent_volume_claim.claim_name, False
        elif volume.ephemeral is not None:
            yield f"{pod.metadata.name}-{volume.name}", True


def names_claims(volumes: tuple[Volume, ...]) -> bool:
    """Whether any of a pod's volumes is a claim."""
    return any(v.persistent_volume_claim is not None or v.ephemeral is not None for v in volumes)


has_claims: Final[IdentityMemo[tuple[Volume, ...], bool]] = IdentityMemo(names_claims)


def is_named_by(pod: Pod, claim: PersistentVolumeClaim) -> bool:
    """Whether a claim is one that a pod's volumes name."""
    if claim.metadata.namespace != pod.metadata.namespace:
        return False
    return any(name == claim.metadata.name for name, _ in claim_names(pod))


def is_mounted_by(pod: Pod, claim: PersistentVolumeClaim) -> bool:
    """Whether a claim is one that a pod's volumes name, other than those that are made for the pod."""
    if claim.metadata.namespace != pod.metadata.namespace:
        return False
    return any(name == claim.metadata.name and not own for name, own in claim_names(pod))


def claim_of(nodes: Snapshot, namespace: str, name: str) -> PersistentVolumeClaim:
    """A claim. Raises NoClaim."""
    found: PersistentVolumeClaim | None = _get(nodes, PersistentVolumeClaim, namespace, name)
    if found is None:
        raise NoClaim(f'persistentvolumeclaim "{name}" not found')
    return found


def claims_of(nodes: Snapshot, pod: Pod) -> list[PersistentVolumeClaim]:
    """All claims of a pod that can be used. Raises NoClaim."""
    return [_usable(nodes, pod, name, own) for name, own in claim_names(pod)]


def _usable(nodes: Snapshot, pod: Pod, name: str, own: bool) -> PersistentVolumeClaim:
    try:
        claim = claim_of(nodes, pod.metadata.namespace, name)
    except NoClaim:
        if not own:
            raise
        raise NoClaim(
            f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        ) from None
    if claim.status is not None and claim.status.phase == "Lost":
        volume = claim.spec.volume_name if claim.spec is not None else ""
        raise NoClaim(
            f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
        )
    if claim.metadata.deletion_timestamp is not None:
        raise NoClaim(f'persistentvolumeclaim "{name}" is being deleted')
    if own and not any(o.uid == pod.metadata.uid for o in claim.metadata.owner_references):
        namespace = pod.metadata.namespace
        raise NoClaim(
            f"PVC {namespace}/{name} was not created for pod {namespace}/{pod.metadata.name} "
            "(pod is not owner)"
        )
    return claim


def volume_of(nodes: Snapshot, name: str) -> PersistentVolume | None:
    """A persistent volume."""
    found: PersistentVolume | None = _get(nodes, PersistentVolume, "", name)
    return found


def volumes(nodes: Snapshot) -> list[PersistentVolume]:
    """All persistent volumes."""
    found = nodes.objects.get(PersistentVolume)
    return list(found.list()) if found is not None else []


def class_of(nodes: Snapshot, name: str) -> StorageClass | None:
    """A storage class."""
    found: StorageClass | None = _get(nodes, StorageClass, "", name)
    return found


def csi_node(nodes: Snapshot, name: str) -> CSINode | None:
    """What a node's drivers say."""
    found: CSINode | None = _get(nodes, CSINode, "", name)
    return found


def class_name(claim: PersistentVolumeClaim) -> str:
    """The storage class that a claim asks for; empty: none."""
    beta = claim.metadata.annotations.get(_BETA_CLASS)
    if beta is not None:
        return beta
    return (claim.spec.storage_class_name if claim.spec is not None else None) or ""


def waits_for_consumer(nodes: Snapshot, claim: PersistentVolumeClaim) -> bool:
    """Whether a claim is bound when a pod that uses it has a node."""
    storage_class = class_of(nodes, class_name(claim))
    return storage_class is not None and (
        storage_class.volume_binding_mode == "WaitForFirstConsumer"
    )


def is_bound(claim: PersistentVolumeClaim) -> bool:
    """Whether a claim has its volume for good."""
    return (
        claim.spec is not None
        and bool(claim.spec.volume_name)
        and BIND_COMPLETED in claim.metadata.annotations
    )


def is_somewhere(volume: PersistentVolume) -> bool:
    """Whether a volume can be used on some nodes only, as those of in-tree plugins can where they are labelled."""
    if volume.spec is None:
        return False
    affinity = volume.spec.node_affinity
    if affinity is not None and affinity.required is not None:
        return True
    return bool(volume.metadata.labels) and migration.is_in_tree(volume.spec)


def reachable(nodes: Snapshot, volume: PersistentVolume, row: int) -> bool:
    """Whether a volume can be used on a node."""
    if volume.spec is not None and migration.is_in_tree(volume.spec):
        volume = migration.translated(volume, csi_node(nodes, nodes.names[row]))
    affinity = volume.spec.node_affinity if volume.spec is not None else None
    if affinity is None or affinity.required is None:
        return True
    return node_affinity.matcher(affinity.required)(nodes.labels[row], nodes.names[row])


def find_volume(
    nodes: Snapshot, claim: PersistentVolumeClaim, row: int, taken: set[str]
) -> PersistentVolume | None:
    """The volume for a claim on a row: the one bound to it before, or the smallest that fits."""
    smallest: tuple[int, PersistentVolume] | None = None
    wanted = _size(claim.spec.resources.requests if claim.spec and claim.spec.resources else {})
    for volume in volumes(nodes):
        if volume.metadata.name in taken or not _suits(nodes, volume, claim):
            continue
        assert volume.spec is not None
        size = _size(volume.spec.capacity)
        if size < wanted:
            continue
        fits = reachable(nodes, volume, row)
        if _is_for(volume, claim):
            return volume if fits else None
        if not fits or not _is_available(volume, claim):
            continue
        if smallest is None or size < smallest[0]:
            smallest = size, volume
    return smallest[1] if smallest is not None else None


def _suits(nodes: Snapshot, volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    spec, wanted = volume.spec, claim.spec
    if spec is None or wanted is None or (spec.storage_class_name or "") != class_name(claim):
        return False
    assumed = nodes.assumed_volumes.get(volume.metadata.name)
    if spec.claim_ref is not None:
        nodes.assumed_volumes.pop(volume.metadata.name, None)
        if not _is_for(volume, claim):
            return False
    elif assumed is not None and assumed != claim.metadata.uid:
        return False
    return (
        (spec.volume_mode or "Filesystem") == (wanted.volume_mode or "Filesystem")
        and (spec.volume_attributes_class_name or "") == (wanted.volume_attributes_class_name or "")
        and volume.metadata.deletion_timestamp is None
    )


def _is_for(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    ref = volume.spec.claim_ref if volume.spec is not None else None
    return (
        ref is not None
        and (ref.namespace, ref.name) == (claim.metadata.namespace, claim.metadata.name)
        and (not ref.uid or ref.uid == claim.metadata.uid)
    )


def _is_available(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    assert volume.spec is not None
    assert claim.spec is not None
    if volume.status is None or volume.status.phase != "Available":
        return False
    selector = claim.spec.selector
    if selector is not None and not labels.of_struct(selector).matches(volume.metadata.labels):
        return False
    return set(claim.spec.access_modes) <= set(volume.spec.access_modes)


def _size(amounts: Mapping[str, Any]) -> int:
    return quantities.nano(amounts["storage"]) if "storage" in amounts else 0


def _get(nodes: Snapshot, kind: type, namespace: str, name: str) -> Any:
    found = nodes.objects.get(kind)
    return found.get(namespace, name) if found is not None else None
