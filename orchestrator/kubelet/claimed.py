"""The claims of a pod: which volumes are behind them, and what keeps these from being mounted.

Follows the kubelet's volume manager: a claim has to be bound to a volume that says so itself, with the mode in which the
pod uses it; the volume of a CSI driver has to be attached to the node first, unless its driver does without.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from orchestrator.api.core.v1 import (
    CSIPersistentVolumeSource,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    Volume,
)
from orchestrator.api.storage.v1 import CSIDriver, VolumeAttachment
from orchestrator.kubelet.material import Found, Source
from orchestrator.machinery.owners import is_controlled_by
from orchestrator.machinery.volumes import BIND_COMPLETED, attachment_name, unique_name

_PROTECTION: Final = "kubernetes.io/pvc-protection"
_BLOCK: Final = "Block"
_FILES: Final = "Filesystem"
_WAITED: Final = "context deadline exceeded"

Used: TypeAlias = tuple[frozenset[str], frozenset[str]]
"""The names of the volumes that containers mount, and of those that they use as devices."""


def used_volumes(spec: PodSpec) -> Used:
    """The volumes that matter: the kubelet mounts no volume that no container uses."""
    containers = (*spec.init_containers, *spec.containers)
    mounted = frozenset(m.name for c in containers for m in c.volume_mounts)
    return mounted, frozenset(d.name for c in containers for d in c.volume_devices)


def claim_name(pod: str, volume: Volume) -> str:
    """The name of the claim of a volume of the pod of this name; empty: it has none."""
    if volume.persistent_volume_claim is not None:
        return volume.persistent_volume_claim.claim_name
    return f"{pod}-{volume.name}" if volume.ephemeral is not None else ""


def claim_sources(pod: Pod) -> tuple[Source, ...]:
    """The claims of a pod that its containers use."""
    claimed = _claimed(pod, used_volumes(pod.spec or PodSpec()))
    return tuple((PersistentVolumeClaim, claim_name(pod.metadata.name, v)) for v in claimed)


def behind_claims(found: Found) -> tuple[Source, ...]:
    """The volumes to which the claims are bound that were found."""
    claims = (obj for (kind, _), obj in found.items() if kind is PersistentVolumeClaim and obj)
    return tuple((PersistentVolume, c.spec.volume_name) for c in claims if c.spec.volume_name)


def behind_volumes(found: Found, node: str) -> tuple[Source, ...]:
    """What says whether the volumes that were found are attached to a node."""
    sources: list[Source] = []
    for (kind, _), obj in found.items():
        if kind is PersistentVolume and obj is not None and obj.spec.csi is not None:
            sources.append((VolumeAttachment, attachment_name(obj.spec.csi, node)))
            sources.append((CSIDriver, obj.spec.csi.driver))
    return tuple(sources)


def volume_behind(pod: Pod, volume: Volume, found: Found) -> PersistentVolume | None:
    """The volume behind a pod's volume, if that is a claim which is bound."""
    claim = found.get((PersistentVolumeClaim, claim_name(pod.metadata.name, volume)))
    name = claim.spec.volume_name if claim is not None and claim.spec is not None else ""
    behind: PersistentVolume | None = found.get((PersistentVolume, name)) if name else None
    return behind


def claims_fault(pod: Pod, found: Found) -> str:
    """Why the pod's volumes cannot be made out; empty: they can. In the kubelet's words."""
    used = used_volumes(pod.spec or PodSpec())
    failed: dict[str, str] = {}
    for volume in _claimed(pod, used):
        why = _claim_fault(pod, volume, used, found)
        if why:
            failed[volume.name] = why
    if not failed:
        return ""
    return _unable(failed, (), failed, "; ".join(failed.values()))


def attaching(pod: Pod, node: str, found: Found) -> str:
    """What is said of the pod's volumes that are not attached yet once that has taken too long; empty: they are."""
    waiting = [
        volume.name
        for volume in _claimed(pod, used_volumes(pod.spec or PodSpec()))
        if not _is_attached(volume_behind(pod, volume, found), node, found)
    ]
    return _unable(waiting, waiting, (), _WAITED) if waiting else ""


def _claimed(pod: Pod, used: Used) -> list[Volume]:
    """The claims among the volumes that are used."""
    volumes = pod.spec.volumes if pod.spec is not None else ()
    known = [v for v in volumes if v.name in used[0] or v.name in used[1]]
    return [v for v in known if claim_name(pod.metadata.name, v)]


def _unable(
    unmounted: Iterable[str], unattached: Iterable[str], unknown: Iterable[str], why: str
) -> str:
    names = [" ".join(sorted(each)) for each in (unmounted, unattached, unknown)]
    return (
        f"Unable to attach or mount volumes: unmounted volumes=[{names[0]}], "
        f"unattached volumes=[{names[1]}], failed to process volumes=[{names[2]}]: {why}"
    )


def _claim_fault(pod: Pod, volume: Volume, used: Used, found: Found) -> str:
    namespace, name = pod.metadata.namespace, claim_name(pod.metadata.name, volume)
    claim: PersistentVolumeClaim | None = found.get((PersistentVolumeClaim, name))
    why = _unbound(claim, name)
    if claim is not None and not why:
        if volume.ephemeral is not None and not is_controlled_by(claim, pod):
            return f"PVC {namespace}/{name} was not created for pod {namespace}/{pod.metadata.name} (pod is not owner)"
        why = _misbound(claim, found)
    if why:
        return f"error processing PVC {namespace}/{name}: {why}"
    behind = volume_behind(pod, volume, found)
    mode = (behind.spec.volume_mode if behind is not None and behind.spec else "") or _FILES
    if volume.name in used[0] and mode != _FILES:
        return f"volume {volume.name} has volumeMode {mode}, but is specified in volumeMounts"
    if volume.name in used[1] and mode != _BLOCK:
        return f"volume {volume.name} has volumeMode {mode}, but is specified in volumeDevices"
    return ""


def _unbound(claim: PersistentVolumeClaim | None, name: str) -> str:
    if claim is None:
        return f'failed to fetch PVC from API server: persistentvolumeclaims "{name}" not found'
    metadata = claim.metadata
    if metadata.deletion_timestamp is not None and _PROTECTION not in metadata.finalizers:
        return "PVC is being deleted"
    phase = claim.status.phase if claim.status is not None else ""
    # The status follows the binding at once, and the pod may have come in between.
    completed = BIND_COMPLETED in metadata.annotations and phase != "Lost"
    if phase != "Bound" and not completed:
        return "PVC is not bound"
    if claim.spec is None or not claim.spec.volume_name:
        return "PVC has empty pvc.Spec.VolumeName"
    return ""


def _misbound(claim: PersistentVolumeClaim, found: Found) -> str:
    assert claim.spec is not None
    name = claim.spec.volume_name
    behind: PersistentVolume | None = found.get((PersistentVolume, name))
    if behind is None or behind.spec is None:
        return f'failed to fetch PV {name} from API server: persistentvolumes "{name}" not found'
    reference = behind.spec.claim_ref
    if reference is None:
        return (
            f"found PV object {name} but it has a nil pv.Spec.ClaimRef indicating it is not yet "
            "bound to the claim"
        )
    if reference.uid != claim.metadata.uid:
        return (
            f"found PV object {name} but its pv.Spec.ClaimRef.UID {reference.uid} does not point to "
            f"claim.UID {claim.metadata.uid}"
        )
    return ""


def attachable(pod: Pod, found: Found) -> tuple[str, ...]:
    """The unique names of the pod's volumes that have to be attached to its node."""
    behind = (
        _attachable(volume_behind(pod, volume, found), found)
        for volume in _claimed(pod, used_volumes(pod.spec or PodSpec()))
    )
    return tuple(unique_name(source) for source in behind if source is not None)


def _attachable(volume: PersistentVolume | None, found: Found) -> CSIPersistentVolumeSource | None:
    """What has to be attached of a volume; None: nothing."""
    source = volume.spec.csi if volume is not None and volume.spec is not None else None
    if source is None:
        return None
    driver: CSIDriver | None = found.get((CSIDriver, source.driver))
    return source if driver is None or driver.spec.attach_required is not False else None


def _is_attached(volume: PersistentVolume | None, node: str, found: Found) -> bool:
    source = _attachable(volume, found)
    if source is None:
        return True
    attachment: VolumeAttachment | None = found.get(
        (VolumeAttachment, attachment_name(source, node))
    )
    status = attachment.status if attachment is not None else None
    return status is not None and status.attached
