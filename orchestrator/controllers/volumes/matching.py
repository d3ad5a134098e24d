"""Which volume a claim gets. Pure."""

from collections.abc import Iterable
from typing import Final

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim
from orchestrator.machinery.labels import compile_selector
from orchestrator.machinery.quantities import nano

_BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"


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


def find(
    claim: PersistentVolumeClaim, volumes: Iterable[PersistentVolume]
) -> PersistentVolume | None:
    """The volume that is kept for the claim, or else the smallest free one that suits it."""
    free: list[PersistentVolume] = []
    for volume in volumes:
        if is_claimed_by(volume, claim):
            if suits(volume, claim):
                return volume
        elif volume.spec is not None and volume.spec.claim_ref is None and suits(volume, claim):
            free.append(volume)
    return min(free, key=lambda volume: (size_of(volume), volume.metadata.name), default=None)


def suits(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the volume is what the claim asks for, whoever has it."""
    have, want = volume.spec, claim.spec
    if have is None or want is None or volume.metadata.deletion_timestamp is not None:
        return False
    return (
        (have.volume_mode or "Filesystem") == (want.volume_mode or "Filesystem")
        and (have.storage_class_name or "") == class_of(claim)
        and set(want.access_modes) <= set(have.access_modes)
        and size_of(volume) >= asked_of(claim)
        and (
            want.selector is None or compile_selector(want.selector).matches(volume.metadata.labels)
        )
    )
