"""What plugins for volumes have in common: a pod's claims, their classes and volumes."""

from typing import Final

from tests.scheduler.oracle.world import Manifest, World, name_of, namespace_of

NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"


class NoClaim(Exception):
    """A claim is not as the pod needs it; the words are the plugins'."""


def names(pod: Manifest, *, ephemeral: bool = True) -> list[tuple[str, bool]]:
    """The names of the claims of a pod, and whether they are its own."""
    found = []
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            found.append((volume["persistentVolumeClaim"]["claimName"], False))
        elif "ephemeral" in volume and ephemeral:
            found.append((f"{name_of(pod)[1]}-{volume['name']}", True))
    return found


def claim_of(world: World, pod: Manifest, name: str) -> Manifest:
    """A claim by its name. Raises NoClaim."""
    claim = world.find("PersistentVolumeClaim", name, namespace_of(pod))
    if claim is None:
        raise NoClaim(f'persistentvolumeclaim "{name}" not found')
    return claim


def belongs(claim: Manifest, pod: Manifest) -> bool:
    """Whether a claim was made for a pod."""
    owners = claim["metadata"].get("ownerReferences") or ()
    return any(each["uid"] == pod["metadata"]["uid"] and each.get("controller") for each in owners)


def class_name(claim: Manifest) -> str:
    """The name of its StorageClass; empty: none."""
    name: str = claim["spec"].get("storageClassName") or ""
    return name


def class_of(world: World, claim: Manifest) -> Manifest | None:
    """Its StorageClass."""
    return world.find("StorageClass", class_name(claim))


def waits(world: World, claim: Manifest) -> bool:
    """Whether a claim is bound when a pod needs it."""
    found = class_of(world, claim)
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"
