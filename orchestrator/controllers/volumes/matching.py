"""Which volume a claim gets. Pure."""

from collections.abc import Iterable
from typing import Final

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim
from orchestrator.machinery.labels import compile_selector
from orchestrator.machinery.quantities import nano
from orchestrator.machinery.volumes import BIND_COMPLETED

_BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_FILES: Final = "Filesystem"


def is_bound(claim: PersistentVolumeClaim) -> bool:
    """Whether the claim has been bound to a volume for good."""
    named = claim.spec is not None and bool(claim.spec.volume_name)
    return named and BIND_COMPLETED in claim.metadata.annotations


def class_of_volume(volume: PersistentVolume) -> str:
    """The name of the volume's storage class; empty for none."""
    beta = volume.metadata.annotations.get(_BETA_CLASS)
    if beta is not None:
        return beta
    return (volume.spec.storage_class_name or "") if volume.spec is not None else ""


def has_class(claim: PersistentVolumeClaim) -> bool:
    """Whether the claim says which class it wants, or that it wants none."""
    if _BETA_CLASS in claim.metadata.annotations:
        return True
    return claim.spec is not None and claim.spec.storage_class_name is not None


def class_of(claim: PersistentVolumeClaim) -> str:
    """The name of the claim's storage class; empty for none."""
    beta = claim.metadata.annotations.get(_BETA_CLASS)
    if beta is not None:
        return beta
    return claim.spec.storage_class_name or "" if claim.spec is not None else ""


def asked_of(claim: PersistentVolumeClaim) -> int:
    """The bytes that a claim asks for, in nano units."""
    resources = claim.spec.resources if claim.spec is not None else None
    asked = resources.requests.get("storage") if resources is not None else None
    return nano(asked) if asked is not None else 0


def size_of(volume: PersistentVolume) -> int:
    """The bytes of a volume, in nano units."""
    size = volume.spec.capacity.get("storage") if volume.spec is not None else None
    return nano(size) if size is not None else 0


def is_claimed_by(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the volume names this very claim, or one of its name that had no uid yet."""
    reference = volume.spec.claim_ref if volume.spec is not None else None
    return (
        reference is not None
        and (reference.namespace, reference.name) == (claim.metadata.namespace, claim.metadata.name)
        and reference.uid in ("", claim.metadata.uid)
    )


def claim_named(volume: PersistentVolume) -> tuple[str, ...]:
    """`namespace/name` of the claim that a volume names, as an index's key; an empty text if it names none."""
    reference = volume.spec.claim_ref if volume.spec is not None else None
    return (f"{reference.namespace}/{reference.name}" if reference is not None else "",)


def find(
    claim: PersistentVolumeClaim, volumes: Iterable[PersistentVolume], *, delayed: bool = False
) -> PersistentVolume | None:
    """The volume that is kept for the claim, or else the smallest free one that suits it, of those that can be used
    in the fewest ways. `delayed`: free volumes are for the scheduler to choose.
    """
    want = claim.spec
    if want is None:
        return None
    suited = [v for v in volumes if _may_have(v, claim) and set(want.access_modes) <= _modes(v)]
    for number in sorted({len(_modes(volume)) for volume in suited}):
        alike = [volume for volume in suited if len(_modes(volume)) == number]
        for volume in alike:
            if is_claimed_by(volume, claim):
                return volume
        free = [v for v in alike if not delayed and _is_free_for(v, claim)]
        if free:
            return min(free, key=lambda volume: (size_of(volume), volume.metadata.name))
    return None


def _modes(volume: PersistentVolume) -> set[str]:
    return set(volume.spec.access_modes) if volume.spec is not None else set()


def _may_have(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the volume is large enough and of the right kind, and nobody else's."""
    have, want = volume.spec, claim.spec
    if have is None or want is None or volume.metadata.deletion_timestamp is not None:
        return False
    if have.claim_ref is not None and not is_claimed_by(volume, claim):
        return False
    return (
        size_of(volume) >= asked_of(claim)
        and (have.volume_mode or _FILES) == (want.volume_mode or _FILES)
        and (have.volume_attributes_class_name or "") == (want.volume_attributes_class_name or "")
    )


def _is_free_for(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    selector = claim.spec.selector if claim.spec is not None else None
    available = volume.status is not None and volume.status.phase == "Available"
    return (
        available
        and class_of_volume(volume) == class_of(claim)
        and (selector is None or compile_selector(selector).matches(volume.metadata.labels))
    )


def mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim) -> str:
    """Why the volume that a claim names is not what it asks for; empty: it is. In the original's words."""
    have, want = volume.spec, claim.spec
    assert have is not None
    assert want is not None
    if volume.metadata.deletion_timestamp is not None:
        return f'the volume is marked for deletion "{volume.metadata.name}"'
    if size_of(volume) < asked_of(claim):
        return "requested PV is too small"
    if class_of_volume(volume) != class_of(claim):
        return "storageClassName does not match"
    if (have.volume_attributes_class_name or "") != (want.volume_attributes_class_name or ""):
        return "volumeAttributesClassName does not match"
    if has_other_mode(volume, claim):
        return "incompatible volumeMode"
    if not set(want.access_modes) <= _modes(volume):
        return "incompatible accessMode"
    return ""


def has_other_mode(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether one is a block device and the other holds files."""
    modes = {each.volume_mode or _FILES for each in (volume.spec, claim.spec) if each is not None}
    return len(modes) > 1
