"""What whoever writes a volume or a claim is told, though it is accepted."""

from typing import Final

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeSpec,
)
from orchestrator.apiserver.kinds.core.pods.volume_warnings import claim_spec_warnings
from orchestrator.apiserver.validation.warnings import Warnings, term_warnings

_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_USE_CLASS: Final = 'deprecated since v1.8; use "storageClassName" attribute instead'
_ANNOTATIONS: Final = {
    _CLASS: _USE_CLASS,
    "volume.beta.kubernetes.io/mount-options": (
        'deprecated since v1.31; use "mountOptions" attribute instead'
    ),
}
_GONE: Final = (
    ("cephfs", "cephfs", "in v1.28, non-functional in v1.31+"),
    ("photon_persistent_disk", "photonPersistentDisk", "in v1.11, non-functional in v1.16+"),
    ("scale_io", "scaleIO", "in v1.16, non-functional in v1.22+"),
    ("storageos", "storageOS", "in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "in v1.25, non-functional in v1.26+"),
    ("rbd", "rbd", "in v1.28, non-functional in v1.31+"),
)
_RECYCLE: Final = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, "
    "the recommended approach is to use dynamic provisioning."
)


def volume_warnings(new: PersistentVolume, _old: PersistentVolume | None) -> Warnings:
    """Of what is deprecated or gone."""
    spec = new.spec or PersistentVolumeSpec()
    for key, message in _ANNOTATIONS.items():
        if key in new.metadata.annotations:
            yield f"metadata.annotations[{key}]: {message}"
    if spec.persistent_volume_reclaim_policy == "Recycle":
        yield _RECYCLE
    required = spec.node_affinity.required if spec.node_affinity is not None else None
    for i, term in enumerate(required.node_selector_terms if required is not None else ()):
        yield from term_warnings(f"spec.nodeAffinity.required.nodeSelectorTerms[{i}]", term)
    for attribute, name, words in _GONE:
        if getattr(spec, attribute) is not None:
            yield f"spec.{name}: deprecated {words}"


def claim_warnings(new: PersistentVolumeClaim, _old: PersistentVolumeClaim | None) -> Warnings:
    """Of an old annotation, and of amounts that are no whole bytes."""
    if _CLASS in new.metadata.annotations:
        yield f"metadata.annotations[{_CLASS}]: {_USE_CLASS}"
    yield from claim_spec_warnings("spec", new.spec)
