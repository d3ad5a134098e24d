"""VolumeZone: volumes that are in some zone."""

from typing import Final

from tests.scheduler.oracle.claims import NoClaim, claim_of, class_name, class_of, names
from tests.scheduler.oracle.world import Manifest, Refused, World, labels_of

_NEWER: Final = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
_KEYS: Final = (*_NEWER, *_NEWER.values())


def refusal(world: World, pod: Manifest) -> str:
    """Why no node will do."""
    for name, _ in names(pod, ephemeral=False):
        try:
            claim = claim_of(world, pod, name)
        except NoClaim as error:
            return str(error)
        volume = claim["spec"].get("volumeName")
        if volume:
            if world.find("PersistentVolume", volume) is None:
                return f'persistentvolume "{volume}" not found'
            continue
        if not class_name(claim):
            return "PersistentVolumeClaim had no pv name and storageClass name"
        found = class_of(world, claim)
        if found is None:
            return f'storageclass.storage.k8s.io "{class_name(claim)}" not found'
        if found.get("volumeBindingMode") != "WaitForFirstConsumer":
            return "PersistentVolume had no name"
    return ""


def zone(world: World, pod: Manifest, node: str) -> Refused | None:
    """A node that knows of zones is in those of the volumes, by the same label or its newer name."""
    labels = world.labels(node)
    if not any(key in labels for key in _KEYS):
        return None
    for name, _ in names(pod, ephemeral=False):
        volume = world.find(
            "PersistentVolume", claim_of(world, pod, name)["spec"].get("volumeName") or ""
        )
        if volume is None:
            continue
        for key in _KEYS:
            zones = labels_of(volume).get(key, "").split("__")
            here = labels.get(key, labels.get(_NEWER.get(key, key)))
            if "" not in zones and here not in zones:
                return Refused(("node(s) had no available volume zone",), hopeless=True)
    return None
